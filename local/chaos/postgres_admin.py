"""PostgreSQL's administrator in a chaos run: acts on the sink's database directly, past the proxy."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg

from local.patience import patiently
from local.system import DATABASE_USER, LocalSystem

SCHEMA = "meterstream"
LOOK_SECONDS = 0.02

T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]


def act(system: LocalSystem, *statements: str) -> list[tuple[Any, ...]]:
    """Executes some statements, each until it works (other faults may be at work); the rows of the last one."""
    found: list[tuple[Any, ...]] = []
    for statement in statements:
        found = _patiently(lambda statement=statement: _once(system, statement))  # type: ignore[misc]  # mypy knows no defaults
    return found


def expel(system: LocalSystem) -> None:
    """Ends the sink's sessions: what was changed for its user holds for new ones."""
    act(system, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{DATABASE_USER}'")  # noqa: S608 - our own name


@contextmanager
def holding(system: LocalSystem, *statements: str) -> Iterator[Connection]:
    """A transaction that has executed some statements; rolled back at the end, where it still lives."""
    connection = _patiently(lambda: _begun(system, statements))
    try:
        yield connection
    finally:
        with suppress(psycopg.Error):
            connection.rollback()
        connection.close()


def blocked(connection: Connection, within: float) -> list[int]:
    """The process ids of the sink's sessions that wait for a lock, as soon as there are any; none in time: none."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        connection.execute("SELECT pg_stat_clear_snapshot()")  # or a transaction sees the same for as long as it lasts
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE usename = %s AND wait_event_type = 'Lock'", [DATABASE_USER]
        ).fetchall()
        if found:
            return [pid for (pid,) in found]
        time.sleep(LOOK_SECONDS)
    return []


def rows_table(system: LocalSystem) -> str:
    """The table of the configured epoch's rows, with its schema."""
    epoch = system.settings.epoch
    ((table,),) = act(system, f"SELECT rows_table FROM {SCHEMA}.epochs WHERE epoch = '{epoch}'")  # noqa: S608 - our own names
    return f"{SCHEMA}.{table}"


def _once(system: LocalSystem, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(system.postgres.dsn("receiver"), autocommit=True, connect_timeout=5) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def _begun(system: LocalSystem, statements: tuple[str, ...]) -> Connection:
    connection = psycopg.connect(system.postgres.dsn("receiver"), connect_timeout=5)
    try:
        for statement in statements:
            connection.execute(statement.encode())
    except BaseException:
        connection.close()
        raise
    return connection


def _patiently(ask: Callable[[], T]) -> T:
    def answered() -> T:
        try:
            return ask()
        except psycopg.OperationalError as error:  # the server is away, ends the session, or ends a deadlock
            raise ConnectionError(type(error).__name__) from error

    return patiently(answered, "PostgreSQL")
