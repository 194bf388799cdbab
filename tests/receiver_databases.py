"""Receivers' databases for tests: the real ones, and what stands in them as anyone would read it."""

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pymysql
import pytds

from local.mariadb import MariaDBServer
from local.postgres import PostgresServer
from sinks.database import Database
from sinks.files.state import HIDDEN, FilesState
from sinks.mariadb.database import MariaDB
from sinks.postgresql.database import Address, PostgreSQL
from sinks.sqlite.database import SQLite
from sinks.sqlserver import connection as sqlserver_connection
from sinks.sqlserver import database as sqlserver
from sinks.sqlserver import statements as tsql
from sinks.sqlserver.dsn import read_dsn

TIMEOUT = 5.0
NOT_YET = (
    *(sqlite3.OperationalError, psycopg.errors.UndefinedTable, psycopg.OperationalError),
    *(pymysql.ProgrammingError, pymysql.OperationalError),
)
"""What reading a table says before a worker has made it, or while its server is away."""


class ReceiverDatabase(Protocol):
    """A database that a receiver may have."""

    def database(self) -> Database:
        """Another connection of a worker, not yet opened."""

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """A statement of the receiver's owner, in a transaction of its own; numbers and instants come as text."""

    def settings(self) -> Sequence[str]:
        """The lines of a receiver's settings that say where it stands."""


@dataclass(frozen=True)
class PostgreSQLReceiver:
    """A schema of its own on a real server."""

    dsn: str
    schema: str

    @classmethod
    def on(cls, server: PostgresServer, schema: str) -> "PostgreSQLReceiver":
        """One of that name; it is made by the worker."""
        return cls(server.dsn(), schema)

    def database(self) -> Database:
        return PostgreSQL(Address("vitec", self.dsn, self.schema, TIMEOUT))

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            connection.execute("SELECT set_config('search_path', %s, false)", [self.schema])
            connection.execute("SET TimeZone = 'UTC'")
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def settings(self) -> Sequence[str]:
        return ('database = "postgresql"', f'dsn = "{self.dsn}"', f'database_schema = "{self.schema}"')


@dataclass(frozen=True)
class MariaDBReceiver:
    """A database of its own on a real server."""

    server: MariaDBServer
    name: str

    @classmethod
    def on(cls, server: MariaDBServer, name: str) -> "MariaDBReceiver":
        """One of that name, empty."""
        server.create_database(name)
        return cls(server, name)

    def database(self) -> Database:
        return MariaDB("vitec", self.server.dsn(self.name), TIMEOUT)

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        with self.server.connect(self.name) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def settings(self) -> Sequence[str]:
        return ('database = "mariadb"', f'dsn = "{self.server.dsn(self.name)}"')


@dataclass(frozen=True)
class SQLiteReceiver:
    """A file."""

    path: Path

    def database(self) -> Database:
        return SQLite("vitec", self.path, TIMEOUT)

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path, timeout=TIMEOUT)) as connection:
            found = connection.execute(statement).fetchall()
            connection.commit()
            return found

    def settings(self) -> Sequence[str]:
        return ('database = "sqlite"', f'path = "{self.path}"')


@dataclass(frozen=True)
class FilesReceiver(SQLiteReceiver):
    """A folder of drops; ``path``: of the rows from which they are made."""

    @classmethod
    def of(cls, folder: Path) -> "FilesReceiver":
        """The folder is there."""
        return cls(folder / HIDDEN / "state.sqlite")

    @property
    def folder(self) -> Path:
        return self.path.parent.parent

    def database(self) -> Database:
        return FilesState("vitec", self.folder, TIMEOUT)

    def settings(self) -> Sequence[str]:
        return ('database = "files"', f'path = "{self.folder}"', "files = { every = 1 }")


@dataclass(frozen=True)
class SQLServerReceiver:
    """A schema of its own on a SQL Server, or on what stands in for one."""

    dsn: str
    schema: str

    def database(self) -> Database:
        return sqlserver.SQLServer(sqlserver.Address("vitec", self.dsn, self.schema, TIMEOUT))

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        connection = sqlserver_connection.connect(read_dsn("dsn", self.dsn), "the receiver's owner", TIMEOUT)
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(tsql.within(self.schema, _in_tsql(statement, self.schema)))
            return list(cursor) if cursor.description else []

    def settings(self) -> Sequence[str]:
        return ('database = "sqlserver"', f'dsn = "{self.dsn}"', f'database_schema = "{self.schema}"')


def _in_tsql(statement: str, schema: str) -> str:
    """What an owner's statement is called there. A column's default is a thing of its own, and goes first."""
    if renamed := re.fullmatch(r"ALTER TABLE (\w+) RENAME TO (\w+)", statement):
        return f"EXEC sp_rename N'[{schema}].{renamed[1]}', N'{renamed[2]}'"
    return re.sub(r"(ALTER TABLE (\w+)) DROP COLUMN (\w+)", r"\1 DROP CONSTRAINT \2_\3; \g<0>", statement)


def server_error(number: int, text: str, severity: int = 14) -> pytds.DatabaseError:
    """An error as python-tds makes one of what the server says."""
    error = pytds.DatabaseError(text)
    error.number = error.msg_no = number
    error.severity = severity
    return error
