"""PostgreSQL: COPY into a temporary table, then one guarded upsert.

A session of its own is needed (temporary table, settings): a pooler in transaction mode will not do.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.string import TextLoader

from runtime.errors import ConfigError, Transient
from schemas import instants
from schemas.column_reader import Kind
from sinks import columns, migrations
from sinks.batch import Row, RowsRefused
from sinks.postgresql import connection as postgresql_connection
from sinks.postgresql.binary_copy import FORMS, copy_data
from sinks.postgresql.dsn import read_dsn, unverified
from sinks.postgresql.errors import FORBIDDEN, GRANT, described, kind_of, rows_fault

log = logging.getLogger(__name__)

TYPES: dict[Kind, str] = {
    "text": "text",
    "integer": "bigint",
    "instant": "timestamptz",
    "number": "numeric(38,12)",
}
INCOMING = "incoming"
FETCHED = 5_000
"""Rows that are read back at a time."""
PASSED_ON = ("numeric", "timestamptz", "timestamp", "date")
"""Types that are read back as PostgreSQL writes them: whoever reads them wants no Decimal and no datetime."""


@dataclass(frozen=True)
class Address:
    """Where a receiver's tables stand. ``dsn`` is a secret. ``timeout``: seconds for one statement."""

    receiver: str
    dsn: str
    schema: str
    timeout: float


class PostgreSQL:
    """A :class:`sinks.database.Database`."""

    name = "PostgreSQL"
    dialect = "postgresql"
    forms = FORMS

    def __init__(self, address: Address) -> None:
        """Connects to nothing yet.

        Raises:
            ConfigError: the DSN is not as it must be.
        """
        self._address = address
        self._open: psycopg.Connection[tuple[Any, ...]] | None = None
        self.migrations: Sequence[str] = migrations.steps("postgresql")
        self.create_table: Callable[[str], str] = lambda table: columns.create_table(table, TYPES)
        # OR REPLACE: the views and rights that others have built on this one stay.
        self.show: Callable[[str], Sequence[str]] = lambda table: [
            f"CREATE OR REPLACE VIEW {columns.VIEW} AS {columns.shown(table)}"
        ]
        self._copied = False
        where = f"receivers.{address.receiver}.dsn"
        self._parameters = dict(postgresql_connection.CONNECT) | read_dsn(where, address.dsn)
        if mode := unverified(self._parameters):
            log.warning("%s: nothing verifies that the database is the right one", where, extra={"sslmode": mode})
        self._parameters["application_name"] = f"meterstream sink {address.receiver}"

    def connect(self) -> None:
        """See :class:`sinks.database.Database`. The database must be in UTF-8: texts are kept as they came."""
        self.close()
        try:
            self._open = postgresql_connection.connect(self._parameters, self._address.timeout)
        except psycopg.Error as error:
            # Without a connection there is no row to be told of; libpq names host and user, not the password.
            why = str(error).splitlines()[0]
            raise self._transient(f"{why}; see receivers.{self._address.receiver}.dsn", kind_of(error)) from None
        with self._checked():
            self._prepare()

    def _prepare(self) -> None:
        schema = sql.Identifier(self._address.schema)
        ((encoding,),) = self.execute("SHOW server_encoding")
        if encoding != "UTF8":
            raise ConfigError([f"receivers.{self._address.receiver}: its database is in {encoding}; use one in UTF8"])
        for setting, value in (
            *postgresql_connection.session_settings(self._address.timeout).items(),
            ("search_path", f'"{self._address.schema}", pg_temp'),
        ):
            self.execute("SELECT set_config(?, ?, false)", [setting, value])
        # Looked up first: CREATE … IF NOT EXISTS wants the right to create even where nothing is to be created.
        if not self.execute("SELECT 1 FROM pg_namespace WHERE nspname = ?", [self._address.schema]):
            self._connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
        # Without the right to use it PostgreSQL passes over it: tables would be made in pg_temp, and be gone with us.
        if self.execute("SELECT current_schema()") != [(self._address.schema,)]:
            raise self._transient(f"permission denied for schema {self._address.schema} ({FORBIDDEN}); {GRANT}")
        temporary = ", ".join(f"{column.name} {TYPES[column.kind]}" for column in columns.COLUMNS)
        self.execute(f"CREATE TEMPORARY TABLE {INCOMING} ({temporary}) ON COMMIT DELETE ROWS")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See :class:`sinks.database.Database`."""
        self._copied = False
        with self._checked(), self._connection.transaction():
            # Constraints that the receiver's owner deferred speak at the row, not at the commit.
            self.execute("SET CONSTRAINTS ALL IMMEDIATE")
            yield

    def moment(self, instant: int) -> datetime:
        """See :class:`sinks.database.Database`."""
        return instants.to_datetime(instant)

    def instant(self, moment: datetime) -> int:
        """See :class:`sinks.database.Database`."""
        return instants.from_datetime(moment)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See :class:`sinks.database.Database`."""
        with self._checked(), self._connection.transaction():
            self.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield

    def lock_tables(self) -> None:
        """See :class:`sinks.database.Database`."""
        self.execute("SELECT pg_advisory_xact_lock(hashtext(?))", [f"meterstream {self._address.schema}"])

    def has_table(self, name: str) -> bool:
        """See :class:`sinks.database.Database`."""
        return self.execute("SELECT to_regclass(?)", [name]) != [(None,)]

    def shows(self, table: str) -> bool:
        """See :class:`sinks.database.Database`. View and control tables change together."""
        ((definition,),) = self.execute("SELECT pg_get_viewdef(to_regclass(?))", [columns.VIEW])
        return definition is not None and columns.leaves_out_canary(definition)

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """See :class:`sinks.database.Database`."""
        # Without parameters a statement is taken as it stands: a layout's texts may hold any sign.
        own, given = (_own(statement), parameters) if parameters else (statement, None)
        # Nor is its plan kept: tables of the session hold few rows at one time, and many at another.
        cursor = self._connection.execute(own, given, prepare=None if parameters else False)
        return cursor.fetchall() if cursor.description else []

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """See :class:`sinks.database.Database`."""
        with self._connection.cursor("rows") as cursor:
            cursor.itersize = FETCHED
            for kind in PASSED_ON:
                cursor.adapters.register_loader(kind, TextLoader)
            yield from cursor.execute(_own(statement))

    def change(self, statement: str, parameters: Sequence[Sequence[Any]]) -> int:
        """See :class:`sinks.database.Database`."""
        if len(parameters) == 1:
            return self._connection.execute(_own(statement), parameters[0]).rowcount
        with self._connection.cursor() as cursor:
            cursor.executemany(_own(statement), parameters)
            return max(cursor.rowcount, 0)

    def fill(self, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """See :class:`sinks.database.Database`."""
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        with self._connection.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(row)

    @contextmanager
    def refusable(self, name: str) -> Iterator[None]:
        """See :class:`sinks.database.Database`. psycopg names its points itself."""
        try:
            with self._connection.transaction():
                yield
        except psycopg.Error as error:
            if not rows_fault(error):
                raise
            raise RowsRefused(described(error)) from None

    def put(self, table: str, rows: Sequence[Row], delivered_at: int, rewrite: bool = False) -> int:
        """See :class:`sinks.database.Database`."""
        upsert = columns.upsert(table, columns.select(INCOMING), "IS DISTINCT FROM", "normalize({}, NFC)", rewrite)
        with self.refusable("rows"):
            return self._copy_and_upsert(upsert, copy_data(rows, delivered_at))

    def _copy_and_upsert(self, upsert: str, data: bytes) -> int:
        if self._copied:  # an earlier wave of this transaction
            self.execute(f"DELETE FROM {INCOMING}")  # noqa: S608 - our own name
        with self._connection.cursor() as cursor:
            with cursor.copy(f"COPY {INCOMING} FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(data)
            self._copied = True
            cursor.execute(_own(upsert))
            return cursor.rowcount

    def close(self) -> None:
        """See :class:`sinks.database.Database`."""
        if self._open is not None:
            self._open.close()
            self._open = None

    @property
    def _connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._open is None:
            raise self._transient("not connected")
        return self._open

    @contextmanager
    def _checked(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            self.close()
            raise self._transient(described(error)) from None

    def _transient(self, what: str, kind: type[Transient] = Transient) -> Transient:
        return kind(f"PostgreSQL of receiver {self._address.receiver}: {what}")


def _own(statement: str) -> str:
    """A statement of this room as psycopg wants it."""
    return statement.replace("?", "%s")
