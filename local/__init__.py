"""One machine without containers: Kafka, PostgreSQL, a simulated utility, a supervisor, the demo. Never shipped."""
