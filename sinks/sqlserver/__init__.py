"""SQL Server as a receiver's database: T-SQL, bulk load, connection, DSN, errors and probe."""
