"""One machine without containers: Kafka, PostgreSQL, MariaDB, a simulated utility, supervisor, demo. Never shipped."""
