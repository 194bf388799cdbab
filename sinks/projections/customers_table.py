"""A table of the customer's own, as its database describes it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sinks.database import Database
from sinks.projections.dialects import TABLES


@dataclass(frozen=True)
class Field:
    """A column of it.

    Attributes:
        type: as its database calls it, in lower case; of SQLite the affinity.
        length: characters that a text may have; None: any number.
        scale: fractional digits of a number; None: any number.
        fraction: digits of a second's fraction.
        required: NULL is not allowed, and nothing stands in for it.
        made: the database fills it itself.
    """

    name: str
    type: str
    length: int | None
    scale: int | None
    fraction: int | None
    required: bool
    made: bool


_STANDARD = (
    "SELECT column_name, data_type, character_maximum_length, numeric_scale, datetime_precision, "
    "CASE WHEN is_nullable = 'NO' AND column_default IS NULL AND {filled} THEN 1 ELSE 0 END, "
    "CASE WHEN {made} THEN 1 ELSE 0 END FROM information_schema.columns "
    "WHERE table_schema = {schema} AND table_name = ?"
)
_QUERIES: Mapping[str, str] = {
    "postgresql": _STANDARD.format(
        filled="is_identity = 'NO' AND is_generated = 'NEVER'",
        made="is_generated = 'ALWAYS' OR identity_generation = 'ALWAYS'",
        schema="?",
    ),
    "mariadb": _STANDARD.format(
        filled="extra NOT LIKE '%auto_increment%' AND extra NOT LIKE '%GENERATED%'",
        made="extra LIKE '%GENERATED%'",
        schema="COALESCE(?, DATABASE())",
    ).replace("%", "%%"),
    "sqlserver": _STANDARD.format(
        filled="COLUMNPROPERTY(OBJECT_ID(table_schema + '.' + table_name), column_name, 'IsIdentity') = 0 "
        "AND data_type NOT IN ('timestamp', 'rowversion')",
        made="COLUMNPROPERTY(OBJECT_ID(table_schema + '.' + table_name), column_name, 'IsComputed') = 1 "
        "OR COLUMNPROPERTY(OBJECT_ID(table_schema + '.' + table_name), column_name, 'IsIdentity') = 1",
        schema="?",
    ).replace("information_schema.columns", "INFORMATION_SCHEMA.COLUMNS"),
}
INDEXES: Mapping[str, str] = {
    "postgresql": (
        "SELECT c.relname, a.attname FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid "
        "JOIN pg_namespace n ON n.oid = t.relnamespace JOIN pg_class c ON c.oid = i.indexrelid "
        "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (i.indkey) "
        "WHERE i.indpred IS NULL AND n.nspname = ? AND t.relname = ? "
        "ORDER BY c.relname, array_position(i.indkey::int2[], a.attnum)"
    ),
    "mariadb": (
        "SELECT index_name, column_name FROM information_schema.statistics "
        "WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ? ORDER BY index_name, seq_in_index"
    ),
    "sqlserver": (
        "SELECT i.name, c.name FROM sys.indexes i "
        "JOIN sys.index_columns ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id "
        "JOIN sys.columns c ON c.object_id = ic.object_id AND c.column_id = ic.column_id "
        "WHERE i.object_id = OBJECT_ID(? + '.' + ?) AND ic.is_included_column = 0 ORDER BY i.name, ic.key_ordinal"
    ),
    "sqlite": (
        "SELECT l.name, i.name FROM pragma_index_list(?) l JOIN pragma_index_info(l.name) i ORDER BY l.name, i.seqno"
    ),
}


class CustomersTable:
    """Of one database. Every call is within a transaction."""

    def __init__(self, database: Database, table: str) -> None:
        """``database``: connected. ``table``: as the settings write it."""
        self._database = database
        schema, _, name = table.rpartition(".")
        self._place: Sequence[Any] = [schema or TABLES[database.dialect].schema or None, name]

    def fields(self) -> list[Field]:
        """Its columns; none: it is not there, or this user may not see it."""
        if self._database.dialect == "sqlite":
            return self._of_sqlite()
        found = self._database.execute(_QUERIES[self._database.dialect], self._place)
        return [
            Field(
                name, kind.lower(), length if length is None or length > 0 else None, scale, fraction, bool(r), bool(m)
            )
            for name, kind, length, scale, fraction, r, m in found
        ]

    def indexes(self) -> list[list[str]]:
        """The columns of each of its indexes, in order."""
        place = self._place[1:] if self._database.dialect == "sqlite" else self._place
        return _grouped(self._database.execute(INDEXES[self._database.dialect], place))

    def engine(self) -> str | None:
        """Of MariaDB: what keeps the rows."""
        if self._database.dialect != "mariadb":
            return None
        found = self._database.execute(
            "SELECT engine FROM information_schema.tables "
            "WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ?",
            self._place,
        )
        return found[0][0] if found else None

    def _of_sqlite(self) -> list[Field]:
        found = self._database.execute(
            'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)', [self._place[1]]
        )
        return [
            Field(
                name,
                affinity(kind),
                None,
                None,
                None,
                required=bool(not_null) and default is None and not (key and affinity(kind) == "integer"),
                made=bool(hidden),
            )
            for name, kind, not_null, default, key, hidden in found
        ]


def affinity(declared: str) -> str:
    """What SQLite makes of a declared type: https://www.sqlite.org/datatype3.html (3.1)."""
    for wanted, kind in (("INT", "integer"), ("CHAR|CLOB|TEXT", "text"), ("BLOB", "blob"), ("REAL|FLOA|DOUB", "real")):
        if re.search(wanted, declared.upper()):
            return kind
    return "numeric" if declared else "blob"


def _grouped(found: Iterable[Sequence[Any]]) -> list[list[str]]:
    indexes: dict[str, list[str]] = {}
    for index, column in found:
        indexes.setdefault(index, []).append(column)
    return list(indexes.values())
