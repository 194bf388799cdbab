"""SQLite: one file, written ahead (WAL), so that readers never wait for the worker."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from unicodedata import normalize

from runtime.errors import Transient
from schemas import exact, instants
from schemas.column_reader import Forms, Kind
from sinks import columns, migrations
from sinks.batch import Row, RowsRefused
from sinks.database import LOCKED_AFTER

Identity = tuple[int, int]
"""Device and inode."""

TYPES: dict[Kind, str] = {"text": "TEXT", "integer": "INTEGER", "instant": "TEXT", "number": "TEXT"}


def instant_text(instant: int) -> str:
    """ISO 8601 in UTC, always with microseconds: texts of equal length sort as the instants do."""
    return instants.to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def _as_it_is(value: Any) -> Any:
    return value


FORMS = Forms(text=_as_it_is, integer=_as_it_is, instant=instant_text, number=exact.to_text)
_VALUES = f"VALUES ({', '.join('?' for _ in columns.COLUMNS)})"


class SQLite:
    """A :class:`sinks.database.Database`. Numbers are exact decimal texts, instants texts in UTC."""

    name = "SQLite"
    dialect = "sqlite"
    forms = FORMS

    def __init__(self, receiver: str, path: Path, timeout: float) -> None:
        """``timeout``: seconds to wait for another writer of the file. Opens nothing yet."""
        self._receiver = receiver
        self._path = path
        self._timeout = timeout
        self._open: sqlite3.Connection | None = None
        self._files = (path, Path(f"{path}-wal"), Path(f"{path}-shm"))
        self._opened: list[Identity | None] = []
        self.migrations: Sequence[str] = migrations.steps("sqlite")
        self.create_table: Callable[[str], str] = lambda table: columns.create_table(table, TYPES, "WITHOUT ROWID")
        self.show: Callable[[str], Sequence[str]] = lambda table: [
            f"DROP VIEW IF EXISTS {columns.VIEW}",
            f"CREATE VIEW {columns.VIEW} AS {columns.shown(table)}",
        ]

    def connect(self) -> None:
        """See :class:`sinks.database.Database`. The file is made by the first connection, never by a later one."""
        self.close()
        if self._opened and not self._path.exists():
            raise self._transient(
                f"the file {self._path} is gone; put it back, or start the worker again: it fills a new one"
            )
        if self._replaced():
            self._forget_log()
        with self._checked():
            # No isolation level: transactions are begun and ended here, not by the driver.
            patience = min(LOCKED_AFTER, self._timeout)
            self._open = sqlite3.connect(self._path, timeout=patience, isolation_level=None)
            self._open.create_function("nfc", 1, _nfc, deterministic=True)
            self._open.execute("PRAGMA journal_mode = WAL")
            # A power cut may take back the last commits, rows and positions together: they are read again.
            self._open.execute("PRAGMA synchronous = NORMAL")
            self._open.execute("BEGIN IMMEDIATE")  # the log is there from now on
            self._open.execute("COMMIT")
            self._opened = [_identity(file) for file in self._files]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See :class:`sinks.database.Database`. It writes from its begin: another writer waits, or makes us wait."""
        if self._open is not None and self._replaced():
            self.close()
            raise self._transient(f"the file {self._path} is no longer the one that was opened")
        with self._checked():
            self.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._roll_back()
                raise
            self.execute("COMMIT")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See :class:`sinks.database.Database`. In WAL mode a reader sees the file as it was at its first statement."""
        with self._checked():
            self.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                self._roll_back()

    def _roll_back(self) -> None:
        if self._open is not None and self._open.in_transaction:
            self._open.execute("ROLLBACK")

    def moment(self, instant: int) -> str:
        """See :class:`sinks.database.Database`."""
        return instant_text(instant)

    def instant(self, moment: str) -> int:
        """See :class:`sinks.database.Database`."""
        return instants.from_datetime(datetime.fromisoformat(moment))

    def lock_tables(self) -> None:
        """See :class:`sinks.database.Database`. The transaction alone does it."""

    def has_table(self, name: str) -> bool:
        """See :class:`sinks.database.Database`."""
        return bool(self.execute("SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND name = ?", [name]))

    def shows(self, table: str) -> bool:
        """See :class:`sinks.database.Database`. View and control tables change together."""
        found = self.execute("SELECT sql FROM sqlite_master WHERE type = 'view' AND name = ?", [columns.VIEW])
        return any(columns.leaves_out_canary(definition) for (definition,) in found)

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """See :class:`sinks.database.Database`."""
        return self._connection.execute(statement, parameters).fetchall()

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """See :class:`sinks.database.Database`."""
        yield from self._connection.execute(statement)

    def change(self, statement: str, parameters: Sequence[Sequence[Any]]) -> int:
        """See :class:`sinks.database.Database`."""
        return max(self._connection.executemany(statement, parameters).rowcount, 0)

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
            self.execute(f"ROLLBACK TO {name}")
            raise
        except (sqlite3.IntegrityError, sqlite3.DataError) as error:
            self.execute(f"ROLLBACK TO {name}")
            raise RowsRefused(_described(error)) from None
        finally:
            if self._open is not None and self._open.in_transaction:
                self.execute(f"RELEASE {name}")

    def put(self, table: str, rows: Sequence[Row], delivered_at: int, rewrite: bool = False) -> int:
        """See :class:`sinks.database.Database`."""
        statement = columns.upsert(table, _VALUES, "IS NOT", "nfc({})", rewrite)
        now = self.forms.instant(delivered_at)
        with self.refusable("rows"):
            return self.change(statement, [(*row.columns, now) for row in rows])

    def close(self) -> None:
        """See :class:`sinks.database.Database`."""
        if self._open is not None:
            self._open.close()
            self._open = None

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            raise self._transient("not connected")
        return self._open

    def _replaced(self) -> bool:
        """Whether the path holds another file than was opened, or none: a moved one takes rows that nobody sees."""
        return bool(self._opened) and _identity(self._path) != self._opened[0]

    def _forget_log(self) -> None:
        """The log of the file that was opened stands beside another one now: SQLite would take it for that one's."""
        for file, opened in zip(self._files[1:], self._opened[1:], strict=True):
            if opened is not None and _identity(file) == opened:
                file.unlink()

    def _transient(self, what: str) -> Transient:
        return Transient(f"SQLite of receiver {self._receiver}: {what}")

    @contextmanager
    def _checked(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            self.close()
            raise self._transient(_described(error)) from None


def _identity(file: Path) -> Identity | None:
    """Which file stands at a path; None: there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _nfc(text: str | None) -> str | None:
    return None if text is None else normalize("NFC", text)


def _described(error: sqlite3.Error) -> str:
    """The kind of an error; never its text, which may quote rows."""
    return getattr(error, "sqlite_errorname", type(error).__name__)
