"""What a PostgreSQL receiver is before a worker writes it: version, encryption, rights, encoding."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import sql

from runtime.errors import Transient
from runtime.settings.receiver import StageSettings
from sinks.columns import rows_table
from sinks.postgresql import connection as postgresql_connection
from sinks.postgresql.dsn import read_dsn, unverified
from sinks.probe import ROWS, TABLES, Address, Finding, credentials

IN_UTF8 = {"client_encoding": "UTF8"}
"""Else texts from a database in SQL_ASCII come as bytes."""
OLDEST = 130_000
"""PostgreSQL 13: the first with normalize()."""


class PostgreSQLProbe:
    """A :class:`sinks.probe.Probe` of a server. ``epoch``: whose rows are looked at."""

    def __init__(self, address: Address, epoch: str) -> None:
        """Connects to nothing yet."""
        self._address = address
        self._schema = address.stage.database_schema
        self._epoch = epoch
        self._parameters: dict[str, Any] = {}
        self._connection: postgresql_connection.Connection | None = None

    def ask(self) -> Iterator[Finding]:
        """See :class:`sinks.probe.Probe`."""
        yield from credentials(self._address, self._connect)
        if self._connection is None:
            return
        with self._checked(), self._connection:
            yield self._version()
            yield self._encryption()
            yield self._encoding()
            yield from self._rights()

    @contextmanager
    def untouched(self) -> Iterator[StageSettings]:
        """See :class:`sinks.probe.Probe`. A schema that was not there is dropped again, unless something is in it."""
        with (
            self._checked(),
            postgresql_connection.connect(self._parameters, self._address.stage.timeout) as connection,
        ):
            before = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [self._schema]).fetchone()
            try:
                yield self._address.stage
            finally:
                if before is None:
                    with suppress(psycopg.errors.DependentObjectsStillExist, psycopg.errors.InvalidSchemaName):
                        connection.execute(sql.SQL("DROP SCHEMA {}").format(sql.Identifier(self._schema)))

    @contextmanager
    def _checked(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            state = f" ({error.sqlstate})" if error.sqlstate else ""
            raise Transient(f"PostgreSQL of receiver {self._address.label}: {type(error).__name__}{state}") from None

    def free(self) -> int | None:
        """A server does not tell."""
        return None

    def _connect(self, where: str, text: str) -> str | None:
        try:
            self._parameters = {**postgresql_connection.CONNECT, **read_dsn(where, text), **IN_UTF8}
            self._connection = postgresql_connection.connect(self._parameters, self._address.stage.timeout)
        except psycopg.Error as error:
            return str(error).splitlines()[0]  # libpq names host and user, not the password
        return None

    def _ask(self, statement: str, parameters: Sequence[object] = ()) -> tuple[Any, ...]:
        if self._connection is None:
            raise Transient("not connected")
        return self._connection.execute(statement.encode(), parameters).fetchone() or ()

    def _version(self) -> Finding:
        number, text = self._ask("SELECT current_setting('server_version_num')::int, current_setting('server_version')")
        if number < OLDEST:
            return Finding("version", f"PostgreSQL {text}", "problem", f"use PostgreSQL {OLDEST // 10_000} or newer")
        return Finding("version", f"PostgreSQL {text}")

    def _encryption(self) -> Finding:
        mode = unverified(self._parameters)
        used = self._ask("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        seen = used[1] if used and used[0] else "no TLS"
        if mode is None:
            here = "the server is verified" if seen != "no TLS" else "the server is on this machine"
            return Finding("encryption", f"{seen}; {here}")
        return Finding(
            "encryption",
            f"{seen}; sslmode={mode} does not verify which server answers",
            "warning",
            "add sslmode=verify-full and sslrootcert=FILE to the DSN",
        )

    def _encoding(self) -> Finding:
        (encoding,) = self._ask("SHOW server_encoding")
        if encoding != "UTF8":
            return Finding("encoding", encoding, "problem", "use a database in UTF8: CREATE DATABASE … ENCODING 'UTF8'")
        return Finding("encoding", encoding)

    def _rights(self) -> Iterator[Finding]:
        user, database, superuser, owner = self._ask(
            "SELECT current_user, current_database(), rolsuper, pg_has_role(datdba, 'MEMBER') "
            "FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"
        )
        if superuser or owner:
            what = "a superuser" if superuser else f"the owner of database {database}"
            todo = "give it a role of its own, which owns its schema and nothing else (docs/security.md)"
            yield Finding("rights", f"{user} is {what}: it may do more than it needs", "warning", todo)
        missing = list(self._missing(user, database))
        if missing:
            yield Finding("rights", f"{user} lacks rights", "problem", "\n".join(missing))
        elif not superuser and not owner:
            yield Finding("rights", f"{user} has the rights that a worker needs")

    def _missing(self, user: str, database: str) -> Iterator[str]:
        """The statements that give what is missing."""
        (temporary, create) = self._ask(
            "SELECT has_database_privilege(current_database(), 'TEMPORARY'), "
            "has_database_privilege(current_database(), 'CREATE')"
        )
        if not temporary:
            yield f"GRANT TEMPORARY ON DATABASE {database} TO {user};"
        if not self._ask("SELECT 1 FROM pg_namespace WHERE nspname = %s", [self._schema]):
            if not create:
                yield f"CREATE SCHEMA {self._schema} AUTHORIZATION {user};"
            return
        usage, create = self._ask(
            "SELECT has_schema_privilege(%s, 'USAGE'), has_schema_privilege(%s, 'CREATE')", [self._schema] * 2
        )
        if not usage:
            yield f"GRANT USAGE ON SCHEMA {self._schema} TO {user};"
            return  # nothing within can be looked at
        there = self._ask("SELECT to_regclass(%s)", [f'"{self._schema}".schema_version']) != (None,)
        if not there and not create:
            yield f"GRANT CREATE ON SCHEMA {self._schema} TO {user};"
        for table, rights in {**TABLES, rows_table(self._epoch): ROWS}.items():
            yield from self._missing_of(user, table, rights)

    def _missing_of(self, user: str, table: str, rights: Sequence[str]) -> Iterator[str]:
        place = f'"{self._schema}".{table}'
        if self._ask("SELECT to_regclass(%s)", [place]) == (None,):
            return  # the worker makes it, or its owner does
        lacking = [
            right for right in rights if self._ask("SELECT has_table_privilege(%s, %s)", [place, right]) == (False,)
        ]
        if lacking:
            yield f"GRANT {', '.join(lacking)} ON {self._schema}.{table} TO {user};"
