"""MariaDB and MySQL: rows in statements of many, each a guarded upsert.

Statements that make tables and views commit by themselves there. So they are such that they can be run again, and
what an interrupted worker left half done is done by the next one: every state in between is one to go on from.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pymysql
from pymysql.cursors import SSCursor

from runtime.errors import ConfigError, Transient
from schemas import instants
from sinks import columns, migrations
from sinks.batch import Row, RowsRefused
from sinks.columns import VIEW, leaves_out_canary
from sinks.database import LOCKED_AFTER, CredentialsRefused
from sinks.mariadb import statements as mariadb_sql
from sinks.mariadb.connection import LEAST_PACKET, MARIADB, Server, Talking, connect, session_settings, unfit
from sinks.mariadb.dsn import read_dsn
from sinks.mariadb.errors import CREDENTIALS, MADE_ALREADY, STRANGE, described, is_rows_fault
from sinks.mariadb.guards import guarded

log = logging.getLogger(__name__)

COLLATION = MARIADB.collation
"""As the migrations have it."""
_TABLES = "CONCAT('meterstream ', SHA1(DATABASE()))"
"""The name of the lock that keeps others from changing tables: the server's own, since no transaction holds one."""


class MariaDB:
    """A :class:`sinks.database.Database`. The database is this receiver's alone; its owner has made it."""

    name = "MariaDB"
    dialect = "mariadb"
    forms = mariadb_sql.FORMS

    def __init__(self, receiver: str, dsn: str, timeout: float) -> None:
        """``dsn``: a secret. ``timeout``: seconds for one statement. Connects to nothing yet.

        Raises:
            ConfigError: the DSN is not as it must be.
        """
        self._receiver = receiver
        self._timeout = timeout
        self._where = f"receivers.{receiver}.dsn"
        self._place = read_dsn(self._where, dsn)
        if mode := self._place.unverified:
            log.warning(
                "%s: nothing verifies that the database is the right one", self._where, extra={"ssl_verify": mode}
            )
        self._open: Talking | None = None
        self._server = MARIADB
        self._packet = LEAST_PACKET
        self._locked = False
        self.migrations: Sequence[str] = migrations.steps("mariadb")
        self.create_table: Callable[[str], str] = lambda name: mariadb_sql.create_table(name, self._server.collation)
        self.show: Callable[[str], Sequence[str]] = mariadb_sql.show

    def connect(self) -> None:
        """See :class:`sinks.database.Database`. The tables name their character set."""
        self.close()
        try:
            self._open = connect(self._place, self._receiver, self._timeout)
        except (pymysql.MySQLError, *STRANGE) as error:
            kind = CredentialsRefused if error.args[:1] in CREDENTIALS else Transient
            raise self._transient(f"{described(error)}; see {self._where}", kind) from None
        with self._checked():
            self._prepare()

    def _prepare(self) -> None:
        asked = "VERSION(), @@max_allowed_packet, @@character_set_client, @@character_set_connection"
        ((version, packet, *charsets),) = self.execute(f"SELECT {asked}")
        self._server, self._packet = Server.of(version), packet
        self.migrations = [step.replace(COLLATION, self._server.collation) for step in migrations.steps("mariadb")]
        if problem := unfit(self._server, version, packet, charsets):
            raise ConfigError([f"receivers.{self._receiver}: its database {problem}"])
        settings = session_settings(self._server, self._timeout)
        self.execute("SET " + ", ".join(f"SESSION {name} = {value}" for name, value in settings.items()))
        # Locks on the rows that are touched, none on the gaps between them: workers of other partitions go on.
        self.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        self._connection.commit()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See :class:`sinks.database.Database`. What makes a table or view commits what was done until then."""
        with self._checked():
            try:
                yield
            except BaseException:
                self._roll_back()
                raise
            self._connection.commit()
            self._unlock()

    def _roll_back(self) -> None:
        if self._open is None or not self._open.open:
            return
        with suppress(pymysql.MySQLError):  # what is being raised says more; without a connection nothing stays
            self._open.rollback()
            self._unlock()

    def moment(self, instant: int) -> datetime:
        """See :class:`sinks.database.Database`."""
        return instants.to_datetime(instant).replace(tzinfo=None)

    def instant(self, moment: datetime) -> int:
        """See :class:`sinks.database.Database`."""
        return instants.from_datetime(moment.replace(tzinfo=UTC))

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See :class:`sinks.database.Database`."""
        with self._checked():
            self.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            self.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            try:
                yield
            finally:
                self._roll_back()

    def lock_tables(self) -> None:
        """See :class:`sinks.database.Database`."""
        if not self._locked:
            patience = max(1, int(min(LOCKED_AFTER, self._timeout / 2)))
            if self.execute(f"SELECT GET_LOCK({_TABLES}, ?)", [patience]) != [(1,)]:
                raise self._transient(f"another worker has been changing tables for more than {patience} s")
            self._locked = True

    def _unlock(self) -> None:
        if self._locked:
            self.execute(f"DO RELEASE_LOCK({_TABLES})")
            self._locked = False

    def has_table(self, name: str) -> bool:
        """See :class:`sinks.database.Database`."""
        here = "information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?"
        return bool(self.execute(f"SELECT 1 FROM {here}", [name]))  # noqa: S608 - our own names, no input

    def shows(self, table: str) -> bool:
        """See :class:`sinks.database.Database`. Who may not see what a view is made of sees an empty text."""
        here = "information_schema.views WHERE table_schema = DATABASE() AND table_name = ?"
        found = self.execute(f"SELECT view_definition FROM {here}", [VIEW])  # noqa: S608 - our own names, no input
        return any(
            not definition or (f"`{table}`" in definition and leaves_out_canary(definition)) for (definition,) in found
        )

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """See :class:`sinks.database.Database`."""
        with self._connection.cursor() as cursor:
            try:
                # Without parameters a statement is taken as it stands: a layout's texts may hold any sign.
                cursor.execute(*((_own(statement), tuple(parameters)) if parameters else (statement, None)))
            except pymysql.OperationalError as error:
                if error.args[0] not in MADE_ALREADY:
                    raise
                return []
            return list(cursor.fetchall()) if cursor.description else []

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """See :class:`sinks.database.Database`. It takes as long as its reader does: our own clock alone is on it."""
        limit = self._server.limit
        self.execute(f"SET SESSION {limit} = 0")
        with self._connection.cursor(SSCursor) as cursor:
            cursor.execute(_own(statement))
            yield from cursor
        self.execute(f"SET SESSION {limit} = {session_settings(self._server, self._timeout)[limit]}")

    def change(self, statement: str, parameters: Sequence[Sequence[Any]]) -> int:
        """See :class:`sinks.database.Database`."""
        own = _own(statement)
        with self._connection.cursor() as cursor:
            if statement.startswith("INSERT"):  # the driver makes few statements of many rows
                return cursor.executemany(own, [tuple(row) for row in parameters]) or 0
            return sum(cursor.touch(own, row) for row in parameters)

    def fill(self, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """See :class:`sinks.database.Database`."""
        self.change(columns.insert(table, names), rows)

    @contextmanager
    def refusable(self, name: str) -> Iterator[None]:
        """See :class:`sinks.database.Database`."""
        self.execute(f"SAVEPOINT {name}")
        try:
            yield
        except RowsRefused:
            self.execute(f"ROLLBACK TO SAVEPOINT {name}")
            raise
        except pymysql.MySQLError as error:
            if not is_rows_fault(error):
                raise
            self.execute(f"ROLLBACK TO SAVEPOINT {name}")
            raise RowsRefused(described(error)) from None

    def put(self, table: str, rows: Sequence[Row], delivered_at: int, rewrite: bool = False) -> int:
        """See :class:`sinks.database.Database`."""
        now = self.forms.instant(delivered_at)
        with self.refusable("before_rows"):
            chosen = guarded(self._connection, table, rows, rewrite)
            return sum(self._upsert(statement, some, now) for statement, some in chosen)

    def _upsert(self, statement: mariadb_sql.Upsert, rows: Sequence[Row], now: bytes) -> int:
        before, after = statement
        most = self._packet - len(before) - len(after) - 64
        written = 0
        with self._connection.cursor() as cursor:
            for count, piece in mariadb_sql.tuples(((*row.columns, now) for row in rows), most):
                # One for a row inserted, two for one replaced, none for one that stays; so it is the same everywhere.
                affected = cursor.execute(before + piece + after)  # type: ignore[call-overload]  # bytes go as they are
                written += min(affected, 1) if count == 1 else affected - cursor.counts[1]
        return written

    def close(self) -> None:
        """See :class:`sinks.database.Database`."""
        self._locked = False
        if self._open is not None:
            if self._open.open:
                with suppress(pymysql.MySQLError):  # it takes leave of the server, who may be gone
                    self._open.close()
            self._open = None

    @property
    def _connection(self) -> Talking:
        if self._open is None:
            raise self._transient("not connected")
        return self._open

    @contextmanager
    def _checked(self) -> Iterator[None]:
        try:
            yield
        except pymysql.MySQLError as error:
            self.close()
            raise self._transient(described(error)) from None

    def _transient(self, what: str, kind: type[Transient] = Transient) -> Transient:
        return kind(f"MariaDB of receiver {self._receiver}: {what}")


def _own(statement: str) -> str:
    """A statement of this room as the driver wants it."""
    return statement.replace("?", "%s")
