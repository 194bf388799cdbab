"""What stands in a receiver's database, read as any of its users would: the view ``meter_values``."""

import csv
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import psycopg

from local.expected import ExpectedRow

COLUMNS = tuple(field.name for field in fields(ExpectedRow))
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM "  # noqa: S608 - our own column names
_NUMBERS = ("value", "delta", "consumption")
_INSTANTS = ("reading_at", "period_start", "period_end", "previous_reading_at")
_WIDE = Context(prec=60)
_TWELVE_DECIMALS = Decimal("1e-12")


def postgresql_rows(dsn: str) -> list[ExpectedRow]:
    """Every row of a PostgreSQL receiver."""
    with psycopg.connect(dsn) as connection:
        return _rows(connection.execute(_SELECT + "meterstream.meter_values").fetchall())


def sqlite_rows(path: Path) -> list[ExpectedRow]:
    """Every row of an SQLite receiver."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return _rows(connection.execute(_SELECT + "meter_values").fetchall())


def mapped(rows: Iterable[ExpectedRow], points: Path) -> list[ExpectedRow]:
    """Those rows that a receiver's points file (metering_point,category) asks for."""
    with points.open(encoding="utf-8", newline="") as file:
        wanted = {(row["metering_point"], row["category"]) for row in csv.DictReader(file)}
    return [
        row
        for row in rows
        if (row.metering_point, "") in wanted or (row.metering_point, row.delivery_category) in wanted
    ]


def _rows(found: Sequence[Sequence[Any]]) -> list[ExpectedRow]:
    return [
        ExpectedRow(**{name: _value(name, value) for name, value in zip(COLUMNS, row, strict=True)}) for row in found
    ]


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _NUMBERS:
        return Decimal(value).quantize(_TWELVE_DECIMALS, context=_WIDE)
    if name in _INSTANTS:
        return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).astimezone(UTC)
    return value
