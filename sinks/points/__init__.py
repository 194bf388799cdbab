"""A receiver's points: the file, the table in its database, and which values each is given."""
