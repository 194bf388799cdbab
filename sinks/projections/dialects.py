"""What projections need of a database's SQL that is not alike everywhere. One class per database.

Columns of the customer's table are named through :meth:`TableSQL.own` in what changes it.
"""

from collections.abc import Iterable, Mapping, Sequence

from sinks.layouts.statements import DIALECTS

Pairs = Iterable[tuple[str, str]]
"""Columns of one table and of another, both as they are named in a statement."""


class TableSQL:
    """PostgreSQL's, and what most share."""

    along = "JOIN"
    """Joins so that rows are looked up in the order in which the tables stand, where a database must be told."""
    in_order: Sequence[str] = ("SET LOCAL join_collapse_limit = 1",)
    """Statements that have it do so until the end of the transaction. By their periods alone, which thousands of points
    share, touched periods must not be joined with values."""
    schema = "public"
    """Where a table without a schema stands."""

    def __init__(self, dialect: str) -> None:
        """``dialect``: as layouts know it."""
        self.quoted = DIALECTS[dialect].quoted

    def table(self, written: str) -> str:
        """The customer's table in a statement. ``written``: in the settings."""
        schema, _, name = written.rpartition(".")
        return ".".join(map(self.quoted, (schema or self.schema, name)))

    def own(self, table: str, column: str) -> str:
        """A column of the table that is changed."""
        return f"own.{self.quoted(column)}"

    def scratch(self, name: str) -> str:
        """A table of the session's own."""
        return name

    def make_scratch(self, name: str, query: str, found_by: Sequence[str] = ()) -> Sequence[str]:
        """Makes one with the columns that a query gives; the query gives no rows.

        ``found_by``: columns that are joined. An index on them serves where a database cannot know how many rows there
        are, and thinks of few.
        """
        indexes = [f"CREATE INDEX {name}_found ON {name} ({', '.join(found_by)})"] if found_by else []
        return [f"CREATE TEMPORARY TABLE {name} ON COMMIT DELETE ROWS AS {query}", *indexes]

    def make_ledger(self, name: str, query: str, unique: Sequence[str], found_by: Sequence[str]) -> Sequence[str]:
        """Makes a table likewise, with two indexes. It is not there."""
        return [
            f"CREATE TABLE {name} AS {query}",
            f"CREATE UNIQUE INDEX {name}_match ON {name} ({', '.join(unique)})",
            f"CREATE INDEX {name}_place ON {name} ({', '.join(found_by)})",
        ]

    def insert(self, table: str, names: Sequence[str], steps: str, query: str) -> str:
        """Inserts what a query gives over some steps (``WITH …``)."""
        return f"INSERT INTO {table} ({', '.join(names)}) {steps} {query}"

    def update(self, table: str, shown: str, match: Pairs, assigned: Pairs) -> str:
        """Makes rows say what ``shown`` says, where they do not. ``assigned``: bare names, and columns of ``shown``."""
        assigned = list(assigned)
        mine, theirs = (f"({', '.join(some)})" for some in zip(*((f"own.{o}", s) for o, s in assigned), strict=True))
        return (
            f"UPDATE {table} AS own SET {_assignments(assigned)} FROM {shown} AS shown "  # noqa: S608 - quoted names
            f"WHERE {_equal(match)} AND ROW {mine} IS DISTINCT FROM ROW {theirs}"
        )

    def delete(self, table: str, other: str, match: Pairs) -> str:
        """Deletes the rows that match one of another table, ``other``."""
        return f"DELETE FROM {table} AS own USING {other} AS other WHERE {_equal(match)}"  # noqa: S608 - quoted names


class SQLiteTables(TableSQL):
    """SQLite: its joins are as they are written, and it knows comparisons of rows in IN."""

    along = "CROSS JOIN"
    in_order = ()
    schema = "main"

    def make_scratch(self, name: str, query: str, found_by: Sequence[str] = ()) -> Sequence[str]:
        """See :class:`TableSQL`."""
        return [f"CREATE TEMPORARY TABLE {name} AS {query}"]

    def update(self, table: str, shown: str, match: Pairs, assigned: Pairs) -> str:
        """See :class:`TableSQL`."""
        assigned = list(assigned)
        other = " OR ".join(f"own.{own} IS NOT {column}" for own, column in assigned)
        return (
            f"UPDATE {table} AS own SET {_assignments(assigned)} FROM {shown} AS shown "  # noqa: S608 - quoted names
            f"WHERE {_equal(match)} AND ({other})"
        )

    def delete(self, table: str, other: str, match: Pairs) -> str:
        """See :class:`TableSQL`."""
        mine, theirs = (", ".join(some) for some in zip(*match, strict=True))
        return f"DELETE FROM {table} AS own WHERE ({mine}) IN (SELECT {theirs} FROM {other} AS other)"  # noqa: S608


class MariaDBTables(TableSQL):
    """MariaDB: what makes a table commits, so it can be run again. Rows that are the same it leaves by itself."""

    along = "STRAIGHT_JOIN"
    in_order = ()
    schema = ""

    def table(self, written: str) -> str:
        """See :class:`TableSQL`. Without a schema: in the receiver's database."""
        return ".".join(map(self.quoted, written.split(".")))

    def make_scratch(self, name: str, query: str, found_by: Sequence[str] = ()) -> Sequence[str]:
        """See :class:`TableSQL`."""
        keys = f"(KEY ({', '.join(found_by)})) " if found_by else ""
        return [f"CREATE TEMPORARY TABLE {name} {keys}ENGINE = InnoDB AS {query}"]

    def make_ledger(self, name: str, query: str, unique: Sequence[str], found_by: Sequence[str]) -> Sequence[str]:
        """See :class:`TableSQL`."""
        keys = f"UNIQUE KEY ({', '.join(unique)}), KEY ({', '.join(found_by)})"
        return [f"CREATE TABLE IF NOT EXISTS {name} ({keys}) ENGINE = InnoDB AS {query}"]

    def update(self, table: str, shown: str, match: Pairs, assigned: Pairs) -> str:
        """See :class:`TableSQL`."""
        mine = ((f"own.{own}", column) for own, column in assigned)
        return f"UPDATE {shown} AS shown STRAIGHT_JOIN {table} AS own ON {_equal(match)} SET {_assignments(mine)}"  # noqa: S608

    def delete(self, table: str, other: str, match: Pairs) -> str:
        """See :class:`TableSQL`."""
        return f"DELETE own FROM {other} AS other STRAIGHT_JOIN {table} AS own ON {_equal(match)}"


class SQLServerTables(TableSQL):
    """SQL Server. What changes a table names it by its own name, as sqlglot's PostgreSQL can do, too."""

    schema = "dbo"
    in_order = ()

    def own(self, table: str, column: str) -> str:
        """See :class:`TableSQL`."""
        return f"{table}.{self.quoted(column)}"

    def scratch(self, name: str) -> str:
        """See :class:`TableSQL`."""
        return f"#{name}"

    def make_scratch(self, name: str, query: str, found_by: Sequence[str] = ()) -> Sequence[str]:
        """See :class:`TableSQL`."""
        return [query.replace(" FROM ", f" INTO {name} FROM ", 1)]

    def make_ledger(self, name: str, query: str, unique: Sequence[str], found_by: Sequence[str]) -> Sequence[str]:
        """See :class:`TableSQL`."""
        return [
            query.replace(" FROM ", f" INTO {name} FROM ", 1),
            f"CREATE UNIQUE INDEX {name}_match ON {name} ({', '.join(unique)})",
            f"CREATE INDEX {name}_place ON {name} ({', '.join(found_by)})",
        ]

    def insert(self, table: str, names: Sequence[str], steps: str, query: str) -> str:
        """See :class:`TableSQL`."""
        return f"{steps} INSERT INTO {table} ({', '.join(names)}) {query}"

    def update(self, table: str, shown: str, match: Pairs, assigned: Pairs) -> str:
        """See :class:`TableSQL`."""
        return f"UPDATE {table} SET {_assignments(assigned)} FROM {shown} AS shown WHERE {_equal(match)}"  # noqa: S608

    def delete(self, table: str, other: str, match: Pairs) -> str:
        """See :class:`TableSQL`."""
        return f"DELETE FROM {table} WHERE EXISTS (SELECT 1 FROM {other} AS other WHERE {_equal(match)})"  # noqa: S608


TABLES: Mapping[str, TableSQL] = {
    "postgresql": TableSQL("postgresql"),
    "sqlite": SQLiteTables("sqlite"),
    "mariadb": MariaDBTables("mariadb"),
    "sqlserver": SQLServerTables("sqlserver"),
}


def _equal(pairs: Pairs) -> str:
    return " AND ".join(f"{one} = {other}" for one, other in pairs)


def _assignments(pairs: Pairs) -> str:
    return ", ".join(f"{one} = {other}" for one, other in pairs)
