"""Reads a table of a customer's own, in whichever database it stands: nothing is written or made there."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

import psycopg
import pymysql
import pytds
from psycopg import sql
from pymysql.cursors import SSCursor

from operations.proof.foreign_settings import ForeignTable
from runtime.errors import ConfigError, Transient
from runtime.settings.receiver import StageSettings
from runtime.settings.secret import MissingSecret
from sinks.mariadb import connection as mariadb_connection
from sinks.mariadb import dsn as mariadb_dsn
from sinks.postgresql import dsn
from sinks.sqlserver import connection as sqlserver_connection
from sinks.sqlserver import dsn as sqlserver_dsn
from sinks.sqlserver.errors import number_of

FETCHED = 5_000
TIMEOUT: float = StageSettings.model_fields["timeout"].default
"""Seconds that a server may be silent."""
APPLICATION = "meterstream compare"
_NO_TABLE_OR_COLUMN = (207, 208)
"""What SQL Server says of names that it does not know …"""
_NOT_HERE = (1054, 1146)
"""… and MariaDB."""

Rows = Iterator[tuple[Any, ...]]


@contextmanager
def table_rows(table: ForeignTable, names: list[str], environment: Mapping[str, str]) -> Iterator[Rows]:
    """The rows of a table, some at a time in memory.

    Args:
        table: which.
        names: of its columns.
        environment: usually ``os.environ``.

    Raises:
        Transient: its database cannot be used now.
        ConfigError: it has no such table or columns, or the DSN is not as it must be.
    """
    try:
        place = table.dsn.reveal(environment) if table.dsn else str(table.path)
        with _READERS[table.database](table.table, names, place) as rows:
            yield rows
    except MissingSecret as error:
        raise ConfigError([f"dsn: {error}"]) from None
    except (psycopg.Error, sqlite3.Error, pymysql.MySQLError, pytds.Error) as error:
        if _is_unknown(error):
            what = f"table {table.table} cannot be read: {type(error).__name__}; are its names right?"
            raise ConfigError([what]) from None
        raise Transient(f"the database of table {table.table}: {type(error).__name__}") from None
    except OSError as error:
        raise Transient(f"the database of table {table.table} does not answer: {type(error).__name__}") from None


def _is_unknown(error: Exception) -> bool:
    """Whether the database knows no such table or column."""
    if isinstance(error, psycopg.ProgrammingError | sqlite3.OperationalError):
        return True
    if isinstance(error, pymysql.MySQLError):
        return bool(error.args) and error.args[0] in _NOT_HERE
    return number_of(error) in _NO_TABLE_OR_COLUMN


@contextmanager
def _of_sqlite(table: str, names: list[str], place: str) -> Iterator[Rows]:
    # Not in double quotes: of a column that is not there SQLite would make a text.
    with closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True)) as opened:
        yield opened.execute(_select(table, names, "``"))


@contextmanager
def _of_postgresql(table: str, names: list[str], place: str) -> Iterator[Rows]:
    with psycopg.connect(**dsn.read_dsn("dsn", place), autocommit=False) as connection:
        connection.read_only = True
        with connection.cursor("rows", binary=True) as cursor:
            cursor.itersize = FETCHED
            fields = sql.SQL(", ").join(map(sql.Identifier, names))
            where = sql.Identifier(*table.split("."))
            yield iter(cursor.execute(sql.SQL("SELECT {} FROM {}").format(fields, where)))


@contextmanager
def _of_mariadb(table: str, names: list[str], place: str) -> Iterator[Rows]:
    opened = mariadb_connection.connect(mariadb_dsn.read_dsn("dsn", place), "compare", TIMEOUT)
    with closing(opened), opened.cursor(SSCursor) as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        cursor.execute(_select(table, names, "``"))
        yield iter(cursor)


@contextmanager
def _of_sqlserver(table: str, names: list[str], place: str) -> Iterator[Rows]:
    server = sqlserver_dsn.read_dsn("dsn", place)
    with closing(sqlserver_connection.connect(server, APPLICATION, TIMEOUT)) as opened, opened.cursor() as cursor:
        cursor.execute(_select(table, names, "[]"))
        yield iter(cursor)


_READERS: Mapping[str, Callable[[str, list[str], str], AbstractContextManager[Rows]]] = {
    "sqlite": _of_sqlite,
    "postgresql": _of_postgresql,
    "mariadb": _of_mariadb,
    "sqlserver": _of_sqlserver,
}


def _select(table: str, names: list[str], marks: str) -> str:
    """``marks``: what stands before and behind a name."""
    before, behind = marks[0], marks[1]

    def quoted(name: str) -> str:
        return before + name.replace(behind, 2 * behind) + behind

    where = ".".join(map(quoted, table.split(".")))
    return f"SELECT {', '.join(map(quoted, names))} FROM {where}"  # noqa: S608 - every name is quoted
