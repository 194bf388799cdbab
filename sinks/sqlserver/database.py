"""SQL Server: a bulk load into a temporary table, then one guarded MERGE.

No SQL Server could be had where this was made. What is tested is the driver, parameters, retries and the flow, against
a stand-in that speaks TDS (tests/tds_stand_in.py), and that each statement is T-SQL to a parser. Its semantics,
locking and TLS are tested on a real server alone: `METERSTREAM_SQLSERVER_DSN=… pytest -m sqlserver`.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pytds.connection import NonMarsConnection

from runtime.errors import Transient
from schemas import instants
from sinks import columns, migrations
from sinks.batch import Row, RowsRefused
from sinks.database import LOCKED_AFTER, CredentialsRefused
from sinks.sqlserver import connection as sqlserver_connection
from sinks.sqlserver import statements as tsql
from sinks.sqlserver.bulk import FORMS, bulk_columns, bulk_rows, too_long
from sinks.sqlserver.connection import Errors
from sinks.sqlserver.dsn import read_dsn, unverified
from sinks.sqlserver.errors import described, login_refused, rows_fault
from sinks.sqlserver.parameters import parameter, statements_at_once

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Address:
    """Where a receiver's tables stand. ``dsn`` is a secret. ``timeout``: seconds for one statement."""

    receiver: str
    dsn: str
    schema: str
    timeout: float


class SQLServer:
    """A :class:`sinks.database.Database`."""

    name = "SQL Server"
    dialect = "sqlserver"
    forms = FORMS
    create_table: Callable[[str], str] = staticmethod(tsql.create_table)

    def __init__(self, address: Address) -> None:
        """Connects to nothing yet.

        Raises:
            ConfigError: the DSN is not as it must be.
        """
        self._address = address
        self._open: NonMarsConnection | None = None
        self.migrations: Sequence[str] = migrations.steps("sqlserver")
        self.show: Callable[[str], Sequence[str]] = lambda table: [tsql.show(table)]
        where = f"receivers.{address.receiver}.dsn"
        self._server = read_dsn(where, address.dsn)
        if mode := unverified(self._server):
            log.warning("%s: nothing verifies that the database is the right one", where, extra={"encrypt": mode})

    def connect(self) -> None:
        """See :class:`sinks.database.Database`."""
        self.close()
        try:
            self._open = sqlserver_connection.connect(
                self._server, f"meterstream sink {self._address.receiver}", self._address.timeout
            )
        except Errors as error:
            kind = CredentialsRefused if login_refused(error) else Transient
            raise self._transient(f"{described(error)}; see receivers.{self._address.receiver}.dsn", kind) from None
        with self._checked():
            self._run("; ".join(tsql.session(min(LOCKED_AFTER, self._address.timeout / 2))))
            found = self.execute("SELECT 1 FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME = ?", [self._schema])
            if not found:
                self._run(f"CREATE SCHEMA [{self._schema}]")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See :class:`sinks.database.Database`."""
        with self._transaction("READ COMMITTED"):
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See :class:`sinks.database.Database`. The database must allow it: docs/sqlserver.md."""
        with self._transaction("SNAPSHOT"):
            yield

    @contextmanager
    def _transaction(self, level: str) -> Iterator[None]:
        with self._checked():
            self._run(f"SET TRANSACTION ISOLATION LEVEL {level}; BEGIN TRANSACTION")
            try:
                yield
            except Errors:
                raise  # the connection is given up, and the transaction with it
            except BaseException:
                self._roll_back()
                raise
            self._run("COMMIT TRANSACTION")

    def _roll_back(self) -> None:
        if self._open is None:
            return
        try:
            self._run("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION")
        except Errors:
            self.close()  # the server does it, once it sees that we are gone

    def moment(self, instant: int) -> datetime:
        """See :class:`sinks.database.Database`."""
        return instants.to_datetime(instant).replace(tzinfo=None)

    def instant(self, moment: datetime) -> int:
        """See :class:`sinks.database.Database`."""
        return instants.from_datetime(moment.replace(tzinfo=UTC))

    def lock_tables(self) -> None:
        """See :class:`sinks.database.Database`."""
        patience = min(LOCKED_AFTER, self._address.timeout / 2)
        ((got,),) = self.execute(*tsql.lock(f"meterstream {self._schema}", patience))
        if got < 0:
            raise self._transient(f"another worker changes the tables of schema {self._schema}")

    def has_table(self, name: str) -> bool:
        """See :class:`sinks.database.Database`."""
        return bool(
            self.execute(
                "SELECT 1 FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
                [self._schema, name],
            )
        )

    def shows(self, table: str) -> bool:
        """See :class:`sinks.database.Database`. View and control tables change together."""
        found = self.execute(
            "SELECT VIEW_DEFINITION FROM INFORMATION_SCHEMA.VIEWS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
            [self._schema, columns.VIEW],
        )
        return any(columns.leaves_out_canary(definition) for (definition,) in found)

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """See :class:`sinks.database.Database`."""
        return self._run(tsql.within(self._schema, statement), parameters)

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """See :class:`sinks.database.Database`."""
        with self._connection.cursor() as cursor:
            cursor.execute(tsql.within(self._schema, statement))
            yield from cursor
            while cursor.nextset():
                pass

    def change(self, statement: str, parameters: Sequence[Sequence[Any]]) -> int:
        """See :class:`sinks.database.Database`."""
        statement, touched, at_once = tsql.within(self._schema, statement), 0, statements_at_once(parameters)
        for start in range(0, len(parameters), at_once):
            some = parameters[start : start + at_once]
            ((count,),) = self._run(tsql.counted(statement, len(some)), [value for each in some for value in each])
            touched += count
        return touched

    def put(self, table: str, rows: Sequence[Row], delivered_at: int, rewrite: bool = False) -> int:
        """See :class:`sinks.database.Database`."""
        if column := too_long(rows):
            raise RowsRefused(f"longer than its column {column}")
        with self.refusable(tsql.SAVEPOINT):
            self._run(f"TRUNCATE TABLE {tsql.INCOMING}")
            with self._connection.cursor() as cursor:
                cursor.copy_to(table_or_view=tsql.INCOMING, columns=bulk_columns(), data=bulk_rows(rows, delivered_at))
            return self.change(tsql.merge(table, rewrite), [()])

    def fill(self, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """See :class:`sinks.database.Database`."""
        self.change(columns.insert(table, names), rows)

    @contextmanager
    def refusable(self, name: str) -> Iterator[None]:
        """See :class:`sinks.database.Database`."""
        self._run(f"SAVE TRANSACTION {name}")
        try:
            yield
        except RowsRefused:
            self._run(f"ROLLBACK TRANSACTION {name}")
            raise
        except Errors as error:
            if not rows_fault(error):
                raise
            self._go_on_after(error, name)
            raise RowsRefused(described(error)) from None

    def _go_on_after(self, error: BaseException, name: str) -> None:
        """The transaction as it was at a point, if it is still there."""
        if self._run("SELECT XACT_STATE()") != [(1,)]:
            raise self._transient(
                f"{described(error)}: it ended the whole transaction, so nothing can be delivered beside it; what the "
                "receiver's owner forbids must be a constraint, not a trigger"
            )
        self._run(f"ROLLBACK TRANSACTION {name}")

    def close(self) -> None:
        """See :class:`sinks.database.Database`."""
        if self._open is not None:
            sqlserver_connection.close(self._open)
            self._open = None

    def _run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """A statement in T-SQL as it is, but for ``?``; its rows, where it gives any."""
        with self._connection.cursor() as cursor:
            if parameters:
                text = statement.replace("%", "%%").replace("?", "%s")
                cursor.execute(text, [parameter(value) for value in parameters])
            else:
                cursor.execute(statement)
            rows = list(cursor) if cursor.description else []
            while cursor.nextset():  # to the very end, where an error may stand yet
                pass
            return rows

    @property
    def _schema(self) -> str:
        return self._address.schema

    @property
    def _connection(self) -> NonMarsConnection:
        if self._open is None:
            raise self._transient("not connected")
        return self._open

    @contextmanager
    def _checked(self) -> Iterator[None]:
        try:
            yield
        except Errors as error:
            self.close()
            raise self._transient(described(error)) from None

    def _transient(self, what: str, kind: type[Transient] = Transient) -> Transient:
        return kind(f"SQL Server of receiver {self._address.receiver}: {what}")
