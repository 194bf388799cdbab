"""What a SQL database must offer so that a receiver can be written into it. One file per database implements it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from runtime.errors import Transient
from schemas.column_reader import Forms
from sinks.batch import Row

LOCKED_AFTER = 5.0
"""Seconds at most that a statement waits for somebody else's lock. Then the worker says so, and tries again."""


class CredentialsRefused(Transient):
    """The database answers, and does not let this user in: other credentials may do."""


class Database(Protocol):
    """A connection to one receiver's database.

    SQL is written in what all of them share – truth values are parameters, there is no ON CONFLICT and no LIMIT – with
    ``?`` for a parameter. Any trouble is Transient, with a message that holds no row; after it the connection is gone
    and must be made again.
    """

    name: str
    """For messages: ``PostgreSQL`` …"""
    dialect: str
    """Of its SQL, as layouts know it: postgresql, sqlite, mariadb, sqlserver."""
    forms: Forms
    """In which it takes the columns of a row."""
    migrations: Sequence[str]
    """The steps that make the control tables, oldest first; released steps are never changed."""
    create_table: Callable[[str], str]
    """The statement that makes an epoch's rows table of a name."""
    show: Callable[[str], Sequence[str]]
    """The statements that make the view ``meter_values`` show a rows table."""

    def connect(self) -> None:
        """Connects anew; an old connection is dropped.

        Raises:
            Transient: it cannot be reached, or refuses; CredentialsRefused: whom it does not know.
            ConfigError: it is not what it must be.
        """

    def transaction(self) -> AbstractContextManager[None]:
        """One transaction; committed at the end, rolled back by any exception.

        Raises:
            Transient: anything the database says, but RowsRefused.
        """

    def moment(self, instant: int) -> Any:
        """An instant as a parameter of a statement."""

    def instant(self, moment: Any) -> int:
        """An instant that a statement gave."""

    def snapshot(self) -> AbstractContextManager[None]:
        """One transaction that only reads: all its statements see the same moment, and no worker waits for it.

        Raises:
            Transient: anything the database says.
        """

    def lock_tables(self) -> None:
        """Within a transaction: waits until no other worker changes tables or views, and keeps them off."""

    def has_table(self, name: str) -> bool:
        """Whether a table or view is there."""

    def shows(self, table: str) -> bool:
        """Whether the view is there and, as far as can be told, shows this rows table, and not the canary."""

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """One statement; its rows, where it gives any."""

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """Within a snapshot: the rows of one statement, as they come; however many, only some at a time in memory."""

    def change(self, statement: str, parameters: Sequence[Sequence[Any]]) -> int:
        """One statement for each row of parameters; how many rows it touched in all."""

    def fill(self, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Within a transaction: inserts rows of parameters into some columns of a table, in bulk."""

    def refusable(self, name: str) -> AbstractContextManager[None]:
        """Within a transaction: what is refused in there for what rows hold is undone, and with it all in there.

        Args:
            name: of the point to go back to; another one for each of several within each other.

        Raises:
            RowsRefused: something was.
        """

    def put(self, table: str, rows: Sequence[Row], delivered_at: int, rewrite: bool = False) -> int:
        """Within a transaction: the guarded upsert of rows of different identities, all or none.

        Args:
            table: an epoch's rows table.
            rows: in the order of their keys.
            delivered_at: an instant.
            rewrite: a row of the same version is replaced, too.

        Returns:
            How many rows were inserted or replaced.

        Raises:
            RowsRefused: the database refuses one of them for what it holds.
        """

    def close(self) -> None:
        """Drops the connection."""
