"""PostgreSQL as a receiver's database: its statements, connection, DSN, binary COPY and probe."""
