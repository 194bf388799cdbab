"""What a SQL Server receiver is before a worker writes it: version, encryption, snapshots, rights.

Tried on a stand-in only, which answers these questions by rote (tests/tds_stand_in.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pytds.connection import NonMarsConnection

from runtime.errors import Transient
from runtime.settings.receiver import StageSettings
from sinks.columns import rows_table
from sinks.probe import ROWS, TABLES, Address, Finding, credentials
from sinks.sqlserver import connection as sqlserver_connection
from sinks.sqlserver.connection import Errors
from sinks.sqlserver.dsn import Server, read_dsn, unverified
from sinks.sqlserver.errors import described

OLDEST = 13
"""SQL Server 2016: the first with CREATE OR ALTER VIEW, from its first service pack."""
AZURE = 5
"""The edition of Azure SQL Database, whose versions are counted otherwise."""


class SQLServerProbe:
    """A :class:`sinks.probe.Probe` of a server. ``epoch``: whose rows are looked at."""

    def __init__(self, address: Address, epoch: str) -> None:
        """Connects to nothing yet."""
        self._address = address
        self._schema = address.stage.database_schema
        self._epoch = epoch
        self._server: Server | None = None

    def ask(self) -> Iterator[Finding]:
        """See :class:`sinks.probe.Probe`."""
        yield from credentials(self._address, self._try)
        if self._server is None:
            return
        with self._session() as session:
            yield _version(session)
            yield self._encryption(self._server)
            yield _snapshots(session)
            yield from self._rights(session)

    @contextmanager
    def untouched(self) -> Iterator[StageSettings]:
        """See :class:`sinks.probe.Probe`. A schema that was not there is dropped again, unless something is in it."""
        with self._session() as session:
            before = self._has_schema(session)
        try:
            yield self._address.stage
        finally:
            if not before:
                with self._session() as session:
                    self._drop_schema(session)

    def _drop_schema(self, session: NonMarsConnection) -> None:
        inside = "SELECT count(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = %s"
        if self._has_schema(session) and _ask(session, inside, self._schema) == (0,):
            _ask(session, f"DROP SCHEMA [{self._schema}]")

    def free(self) -> int | None:
        """A server tells it to its administrators only."""
        return None

    def _try(self, where: str, text: str) -> str | None:
        try:
            server = read_dsn(where, text)
            sqlserver_connection.close(self._connect(server))
        except Errors as error:
            return described(error)
        self._server = server
        return None

    def _connect(self, server: Server) -> NonMarsConnection:
        return sqlserver_connection.connect(server, "meterstream receivers check", self._address.stage.timeout)

    @contextmanager
    def _session(self) -> Iterator[NonMarsConnection]:
        try:
            if self._server is None:
                raise Transient(f"SQL Server of receiver {self._address.label}: not connected")
            session = self._connect(self._server)
            try:
                yield session
            finally:
                sqlserver_connection.close(session)
        except Errors as error:
            raise Transient(f"SQL Server of receiver {self._address.label}: {described(error)}") from None

    def _has_schema(self, session: NonMarsConnection) -> bool:
        return _ask(session, "SELECT 1 FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME = %s", self._schema) == (1,)

    def _encryption(self, server: Server) -> Finding:
        seen = "no TLS" if server.encrypt == "no" else "TLS"
        if (mode := unverified(server)) is None:
            here = "the server is verified" if server.encrypt == "yes" else "the server is on this machine"
            return Finding("encryption", f"{seen}; {here}")
        todo = "write encrypt=yes and cafile=FILE in the DSN"
        return Finding("encryption", f"{seen}; encrypt={mode} does not verify which server answers", "warning", todo)

    def _rights(self, session: NonMarsConnection) -> Iterator[Finding]:
        user, administrator = _ask(session, "SELECT USER_NAME(), IS_SRVROLEMEMBER(N'sysadmin')")
        if administrator:
            todo = "give it a user of its own, which owns its schema and nothing else (docs/security.md)"
            yield Finding("rights", f"{user} is an administrator: it may do more than it needs", "warning", todo)
        missing = list(self._missing(session, user))
        if missing:
            yield Finding("rights", f"{user} lacks rights", "problem", "\n".join(missing))
        else:
            yield Finding("rights", f"{user} has the rights that a worker needs")

    def _missing(self, session: NonMarsConnection, user: str) -> Iterator[str]:
        """The statements that give what is missing."""
        if not self._has_schema(session):
            if not _may(session, None, "DATABASE", "CREATE SCHEMA"):
                yield f"CREATE SCHEMA [{self._schema}] AUTHORIZATION [{user}];"
            return
        tables = {table: rights for table, rights in self._tables().items() if self._has(session, table)}
        if not tables:  # the worker makes them
            for right in ("CREATE TABLE", "CREATE VIEW"):
                if not _may(session, None, "DATABASE", right):
                    yield f"GRANT {right} TO [{user}];"
            if not _may(session, f"[{self._schema}]", "SCHEMA", "ALTER"):
                yield f"ALTER AUTHORIZATION ON SCHEMA::[{self._schema}] TO [{user}];"
        for table, rights in tables.items():
            place = f"[{self._schema}].[{table}]"
            if lacking := [right for right in rights if not _may(session, place, "OBJECT", right)]:
                yield f"GRANT {', '.join(lacking)} ON {place} TO [{user}];"

    def _tables(self) -> dict[str, tuple[str, ...]]:
        return {**TABLES, rows_table(self._epoch): ROWS}

    def _has(self, session: NonMarsConnection, table: str) -> bool:
        asked = "SELECT 1 FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
        return _ask(session, asked, self._schema, table) == (1,)


def _ask(session: NonMarsConnection, statement: str, *parameters: Any) -> tuple[Any, ...]:
    """The first row that a statement gives; empty: none."""
    with session.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        rows = list(cursor) if cursor.description else []
        while cursor.nextset():
            pass
        return rows[0] if rows else ()


def _may(session: NonMarsConnection, place: str | None, kind: str, right: str) -> bool:
    """Whether the user has a right; ``place`` None: on the whole database."""
    asked = f"SELECT HAS_PERMS_BY_NAME({'DB_NAME()' if place is None else '%s'}, %s, %s)"
    return _ask(session, asked, *(() if place is None else (place,)), kind, right) == (1,)


def _version(session: NonMarsConnection) -> Finding:
    version, edition = _ask(
        session,
        "SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)), CAST(SERVERPROPERTY('EngineEdition') AS int)",
    )
    if edition != AZURE and int(version.split(".")[0]) < OLDEST:
        return Finding("version", f"SQL Server {version}", "problem", "use SQL Server 2016 SP1 or newer")
    return Finding("version", f"SQL Server {version}; meterstream was never tried on a real one: docs/sqlserver.md")


def _snapshots(session: NonMarsConnection) -> Finding:
    committed, allowed = _ask(
        session,
        "SELECT is_read_committed_snapshot_on, snapshot_isolation_state FROM sys.databases WHERE name = DB_NAME()",
    )
    todo = []
    if not committed:
        todo.append("ALTER DATABASE CURRENT SET READ_COMMITTED_SNAPSHOT ON; -- readers and the worker wait otherwise")
    if not allowed:
        todo.append("ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON; -- for `receivers verify`")
    if todo:
        return Finding("snapshots", "not all that is good to have", "warning", "\n".join(todo))
    return Finding("snapshots", "readers and the worker do not wait for each other")
