"""MariaDB and MySQL as a receiver's database: statements, connection, DSN, errors and probe."""
