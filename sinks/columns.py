"""The columns of a receiver's rows: the fields of a MeterValue, then ``delivered_at``; and the guard over them."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from schemas.canary import METERING_POINT
from schemas.column_reader import Kind, column_kind
from schemas.compiled import branch
from schemas.reasons import Held
from schemas.registry import current

KEY = ("source", "metering_point", "delivery_category", "reading_at")
CONTENT_TEXTS = ("unit", "consumption_unit", "reading_method", "reading_reason")
"""Compared after NFC, as everywhere."""
CONTENT = ("value", "series_kind", "granularity", "period_start", "period_end", "quality")
DELIVERED_AT = "delivered_at"
SERIES = KEY[:3]
VIEW = "meter_values"
"""What a receiver's users read: the rows of the epoch that is live."""
NO_CANARY = f"metering_point <> '{METERING_POINT}'"
"""The condition of a row that anybody is shown, or that is compared or counted."""


@dataclass(frozen=True)
class Column:
    """One column; instants are ints of UTC microseconds, numbers ints of 10^-12, until a writer writes them."""

    name: str
    kind: Kind
    nullable: bool


def _column(field: dict[str, Any]) -> Column:
    return Column(field["name"], column_kind(branch(field["type"])), isinstance(field["type"], list))


COLUMNS = (*map(_column, current("MeterValue")["fields"]), Column(DELIVERED_AT, "instant", nullable=False))
"""In the order of MeterValue's fields, so that a row is the struct's values and the moment of delivery."""

NAMES = tuple(column.name for column in COLUMNS)


def rows_table(epoch: str) -> str:
    """The table of one epoch's rows. Databases fold case and know no dash: such names get a hash of the true one."""
    plain = re.sub(r"[^a-z0-9_]", "_", epoch.lower())
    suffix = "" if plain == epoch else "_" + hashlib.blake2b(epoch.encode(), digest_size=4).hexdigest()
    return f"meter_values_e{plain}{suffix}"


def upsert(table: str, rows: str, differs: str, nfc: str, rewrite: bool = False) -> str:
    """The guarded upsert, in the SQL that PostgreSQL and SQLite share.

    A row is replaced only by a larger sequence; by an outside_history value only if, besides, that was fetched later
    and has another content.

    Args:
        table: the rows table.
        rows: what is inserted: VALUES or SELECT.
        differs: the operator that compares two values of which any may be NULL.
        nfc: the expression that normalises a text, with {} for the text.
        rewrite: a row of the same sequence is replaced, too.
    """
    others = [f"excluded.{name} {differs} stored.{name}" for name in CONTENT]
    others += [f"{nfc.format(f'excluded.{name}')} {differs} {nfc.format(f'stored.{name}')}" for name in CONTENT_TEXTS]
    replaced = ", ".join(f"{name} = excluded.{name}" for name in NAMES if name not in KEY)
    return (
        f"INSERT INTO {table} AS stored ({', '.join(NAMES)}) {rows} "
        f"ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET {replaced} "
        f"WHERE excluded.sequence {'>=' if rewrite else '>'} stored.sequence AND ("
        f"excluded.held {differs} '{Held.OUTSIDE_HISTORY}' "
        f"OR excluded.fetched_at > stored.fetched_at AND ({' OR '.join(others)}))"
    )


def create_table(table: str, types: dict[Kind, str], options: str = "") -> str:
    """The rows table of one epoch."""
    columns = [f"{c.name} {types[c.kind]}{'' if c.nullable else ' NOT NULL'}" for c in COLUMNS]
    return f"CREATE TABLE {table} ({', '.join(columns)}, PRIMARY KEY ({', '.join(KEY)})) {options}"


def select(table: str, names: Sequence[str] = NAMES) -> str:
    """Every row of a table. Quoted: ``change`` is a word of some databases' language."""
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"SELECT {quoted} FROM {table}"  # noqa: S608 - our own names, no input


def shown(table: str) -> str:
    """What the view :data:`VIEW` shows of a rows table."""
    return f"{select(table)} WHERE {NO_CANARY}"


def leaves_out_canary(definition: str | None) -> bool:
    """Whether a view was made from :func:`shown`, by its definition; one that may not be looked at is taken to be."""
    return not definition or METERING_POINT in definition


def insert(table: str, names: Sequence[str]) -> str:
    """A row of parameters."""
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})"  # noqa: S608 - our own names


def behind(table: str, than: str) -> str:
    """Counts the series of which one table holds a newer reading than another does, or that it alone has.

    The canary tells nothing: whether it is sent at all is a setting.
    """
    same = " AND ".join(f"filled.{name} = shown.{name}" for name in SERIES)
    series = ", ".join(SERIES)
    newest = f"SELECT {series}, max(reading_at) AS newest FROM {than} WHERE {NO_CANARY} GROUP BY {series}"  # noqa: S608 - our own names, no input
    return (
        f"SELECT count(*) FROM ({newest}) AS shown "  # noqa: S608
        f"WHERE NOT EXISTS (SELECT 1 FROM {table} AS filled WHERE {same} AND filled.reading_at >= shown.newest)"
    )
