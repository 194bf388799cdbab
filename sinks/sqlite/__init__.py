"""SQLite as a receiver's database."""
