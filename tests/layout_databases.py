"""Databases in which layouts are read as anyone reads them: a receiver's tables, the views, what they show."""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import psycopg

from local.mariadb import MariaDBServer
from schemas import exact, instants
from schemas.column_reader import Forms, columns_of
from schemas.registry import current
from sinks import columns, migrations
from sinks.layouts import Layout, layout_statements
from sinks.layouts.cells import Cell
from sinks.mariadb import statements as mariadb_sql
from sinks.points.points import Points
from sinks.postgresql import database as postgresql
from sinks.sqlite import database as sqlite
from tests.layout_worlds import World

Execute = Callable[[str, Sequence[Any]], Any]


class LayoutDatabase:
    """Tables of a receiver, emptied and filled at will."""

    def __init__(self, name: str, execute: Execute, table: str, forms: Forms, mark: str = "?") -> None:
        """``execute`` gives a statement's rows. ``table`` makes meter_values; ``mark`` stands for a parameter."""
        self.name = name
        self.execute = execute
        self._forms = forms
        self._mark = mark
        self.execute(table, [])
        for step in migrations.steps(name):
            for statement in migrations.statements(step):
                if re.match(r"CREATE TABLE (IF NOT EXISTS )?points\b", statement):
                    self.execute(statement, [])

    def read(self, world: World) -> tuple[list[tuple[Cell, ...]], list[tuple[Any, ...]]]:
        """What the views of a world show, and withhold: (key, point, reading_at, reason)."""
        self._fill(world)
        for statement in layout_statements(world.layout, self.name):
            self.execute(statement, [])
        return self.shown(world.layout), self.withheld(world.layout)

    def _fill(self, world: World) -> None:
        self.execute("DELETE FROM meter_values", [])
        self.execute("DELETE FROM points", [])
        schema = current("MeterValue")
        for value, delivered_at in world.values:
            row = columns_of(schema, msgspec.structs.astuple(value), self._forms)
            self._insert(columns.VIEW, [*row, self._forms.instant(delivered_at)])
        self._fill_points(world.points)

    def _fill_points(self, points: Points) -> None:
        for one in points:
            period = (self._forms.instant(one.valid_from), self._forms.instant(one.valid_to))
            keys = (one.receiver_key, one.kind, one.facility_id)
            self._insert("points", [one.metering_point, one.category, one.granularity, *period, *keys, 1])

    def _insert(self, table: str, row: Sequence[Any]) -> None:
        self.execute(f"INSERT INTO {table} VALUES ({', '.join(self._mark for _ in row)})", row)

    def shown(self, layout: Layout) -> list[tuple[Cell, ...]]:
        """The rows of the view, in the reading's form."""
        found = self.execute(f"SELECT * FROM {layout.view}", [])
        return [tuple(map(_cell, layout.kinds, row)) for row in found]

    def withheld(self, layout: Layout) -> list[tuple[Any, ...]]:
        """The rows of the other view."""
        names = "receiver_key, source, metering_point, category, reading_at, reason"
        found = self.execute(f"SELECT {names} FROM {layout.withheld_view}", [])
        return [(*row[:4], _instant(row[4]), row[5]) for row in found]


def _cell(kind: str, shown: Any) -> Cell:
    match kind, shown:
        case "number", str() | Decimal():
            return exact.parse(format(shown, "") if isinstance(shown, str) else format(shown, "f"))
        case "timestamp", str():
            return datetime.fromisoformat(shown)
        case "date", str():
            return date.fromisoformat(shown)
    assert shown is None or isinstance(shown, str | datetime | date), kind
    return shown


def _instant(shown: Any) -> int:
    moment = datetime.fromisoformat(shown.replace("Z", "+00:00")) if isinstance(shown, str) else shown
    return instants.from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=instants.to_datetime(0).tzinfo))


def sqlite_database() -> LayoutDatabase:
    """In memory; forgotten with its connection."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    table = columns.create_table(columns.VIEW, sqlite.TYPES)
    return LayoutDatabase("sqlite", lambda text, row: connection.execute(text, row).fetchall(), table, sqlite.FORMS)


@contextmanager
def postgresql_database(dsn: str, schema: str) -> Iterator[LayoutDatabase]:
    """A schema of its own on a real server."""
    forms = Forms(text=str, integer=int, instant=instants.to_datetime, number=exact.to_text)
    with closing(psycopg.connect(dsn, autocommit=True)) as connection:
        connection.prepare_threshold = None  # of a view that is made anew nothing may be remembered
        connection.execute(f"CREATE SCHEMA {schema}".encode())
        connection.execute(f"SET search_path = {schema}".encode())

        def execute(statement: str, row: Sequence[Any]) -> list[tuple[Any, ...]]:
            cursor = connection.execute(statement.encode(), row or None)
            return cursor.fetchall() if cursor.description else []

        table = columns.create_table(columns.VIEW, postgresql.TYPES)
        yield LayoutDatabase("postgresql", execute, table, forms, mark="%s")


@contextmanager
def mariadb_database(server: MariaDBServer, name: str) -> Iterator[LayoutDatabase]:
    """A database of its own on a real server, its texts compared byte by byte as a receiver's are."""

    def moment(instant: int) -> datetime:
        return instants.to_datetime(instant).replace(tzinfo=None)

    forms = Forms(text=str, integer=int, instant=moment, number=exact.to_text)
    server.create_database(name)
    with closing(server.connect(name)) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES'")

        def execute(statement: str, row: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
            cursor.execute(statement, row or None)
            return cursor.fetchall()

        table = mariadb_sql.create_table(columns.VIEW, "utf8mb4_nopad_bin")
        yield LayoutDatabase("mariadb", execute, table, forms, mark="%s")


def in_any_order(rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
    """Rows as a set that may hold one twice."""
    return sorted(rows, key=repr)
