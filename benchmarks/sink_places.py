"""Where a sink under measure delivers: an empty database of each kind, made anew for every run."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

import psycopg

from local.mariadb import MariaDBServer
from local.postgres import PostgresServer

BACK = "UPDATE {}positions SET next_offset = 0"
"""What has a worker read everything again; its rows are known then."""


class Place(Protocol):
    """One kind of database."""

    name: str

    @property
    def pids(self) -> Mapping[str, int]:
        """Processes whose CPU counts, by name."""

    @property
    def settings(self) -> str:
        """The lines of the receiver's settings."""

    def empty(self) -> AbstractContextManager[None]:
        """An empty database for as long as the context lasts."""

    def set_back(self) -> None:
        """The positions go back to the start."""


class PostgreSQLPlace:
    """A :class:`Place`."""

    name = "PostgreSQL"

    def __init__(self, server: PostgresServer) -> None:
        """``server``: running."""
        self.server = server
        self.pids = {self.name: server.pid}
        self.settings = f'database = "postgresql"\ndsn = "{server.dsn("bench")}"\n'

    @contextmanager
    def empty(self) -> Iterator[None]:
        """See :class:`Place`."""
        self.server.create_database("bench")
        try:
            yield
        finally:
            with psycopg.connect(self.server.dsn(), autocommit=True) as connection:
                connection.execute("DROP DATABASE bench WITH (FORCE)")

    def set_back(self) -> None:
        """See :class:`Place`."""
        with psycopg.connect(self.server.dsn("bench")) as connection:
            connection.execute(BACK.format("meterstream.").encode())


class MariaDBPlace:
    """A :class:`Place`."""

    name = "MariaDB"

    def __init__(self, server: MariaDBServer) -> None:
        """``server``: running."""
        self._server = server
        self.pids = {self.name: server.pid}
        self.settings = f'database = "mariadb"\ndsn = "{server.dsn("bench")}"\n'

    @contextmanager
    def empty(self) -> Iterator[None]:
        """See :class:`Place`."""
        self._server.create_database("bench")
        try:
            yield
        finally:
            self._run("DROP DATABASE bench")

    def set_back(self) -> None:
        """See :class:`Place`."""
        self._run(BACK.format("bench."))

    def _run(self, statement: str) -> None:
        with self._server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement)


class SQLitePlace:
    """A :class:`Place`."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        """``folder``: where the file is to stand."""
        self._file = folder / "bench.sqlite"
        self.pids: Mapping[str, int] = {}
        self.settings = f'database = "sqlite"\npath = "{self._file}"\n'

    @contextmanager
    def empty(self) -> Iterator[None]:
        """See :class:`Place`."""
        try:
            yield
        finally:
            for file in self._file.parent.glob(f"{self._file.name}*"):
                file.unlink()

    def set_back(self) -> None:
        """See :class:`Place`."""
        with closing(sqlite3.connect(self._file)) as connection, connection:
            connection.execute(BACK.format(""))


@contextmanager
def _postgresql(folder: Path) -> Iterator[Place]:
    with PostgresServer(folder / "postgres") as server:
        yield PostgreSQLPlace(server)


@contextmanager
def _mariadb(folder: Path) -> Iterator[Place]:
    with MariaDBServer(folder / "mariadb") as server:
        yield MariaDBPlace(server)


PLACES: Mapping[str, Callable[[Path], AbstractContextManager[Place]]] = {
    "postgresql": _postgresql,
    "mariadb": _mariadb,
    "sqlite": lambda folder: nullcontext(SQLitePlace(folder)),
}
"""By the name in the settings: one that is ready, its services started; ``folder`` is theirs."""
