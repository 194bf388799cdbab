"""What an operator does to a receiver's tables; its worker may run, and hears of it within seconds."""

import getpass
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

import msgspec

from runtime.errors import ConfigError
from schemas import instants
from sinks.control import Control, Entry
from sinks.database import Database
from sinks.epochs import Epochs
from sinks.points.table import PointTable
from sinks.position_table import PositionTable
from sinks.projections.projections import forget_projected
from sinks.put_back import PutBackRecord, PutBackRequests
from sinks.writer import Pass, Receiver, State


class Upkeep:
    """The tables of a receiver's stage in an operator's hand. Each call is one transaction of its own."""

    def __init__(self, database: Database, name: str, epoch: str) -> None:
        """``database``: not yet opened; ``name``: the stage's label."""
        self._database = database
        self._receiver = Receiver(name, epoch)
        self._control = Control(database, self._receiver)

    @contextmanager
    def _tables(self, new: bool = False) -> Iterator[None]:
        """One transaction on tables of this release.

        Args:
            new: they are made where there are none.

        Raises:
            Transient: the database cannot be used now; nothing was changed.
            ConfigError: there are no tables, or they are another receiver's.
        """
        with closing(self._database):
            self._database.connect()
            with self._database.transaction():
                # Looked at first: an empty database is more likely the wrong one than one to begin with.
                if not new and not self._database.has_table("epochs"):
                    raise ConfigError(
                        [
                            f"receivers.{self._receiver.name}: there are no tables of a receiver; start its worker, "
                            "it makes them"
                        ]
                    )
                self._control.migrate()
                yield

    def refill(self) -> None:
        """Sets the positions back to the start; the table is made anew where it is gone.

        The worker reads the values topic again from the start: it holds the newest of every row. Rows that are there
        already are kept. What the database refused once is tried again.

        Raises:
            Transient, ConfigError: see :meth:`_tables`; also where the receiver has nothing of this epoch.
        """
        with self._tables():
            generation = PointTable(self._database).generation()
            # First: where making a table commits by itself, an empty one must not stand beside positions behind rows.
            PositionTable(self._database, self._receiver).set_back(generation)
            Epochs(self._database, self._receiver).make_again()
            forget_projected(self._database)

    def switch(self) -> None:
        """Has the view turned to this epoch once its worker has caught up, although it knows less of some series.

        Raises:
            Transient, ConfigError: see :meth:`refill`.
        """
        with self._tables():
            Epochs(self._database, self._receiver).want()

    def put_back(self, records: Sequence[PutBackRecord]) -> None:
        """Asks the worker to take these records once more; it does so between two batches.

        Raises:
            Transient, ConfigError: see :meth:`_tables`.
        """
        with self._tables():
            PutBackRequests(self._database, self._receiver.epoch).ask(records)

    def state(self) -> State:
        """Whether values are delivered.

        Raises:
            Transient, ConfigError: see :meth:`_tables`.
        """
        with self._tables():
            return self._control.state()

    def enter(self, state: State, entry: Entry, new: bool = False) -> State:
        """Has values delivered from now on, or no longer; the journal keeps who wanted it. Gives the state before.

        Raises:
            Transient, ConfigError: see :meth:`_tables`.
        """
        with self._tables(new):
            before = self._control.state()
            self._control.enter(state)
            self._control.note(entry)
            return before

    def note(self, entry: Entry) -> None:
        """Keeps what a person did in the journal.

        Raises:
            Transient, ConfigError: see :meth:`_tables`.
        """
        with self._tables():
            self._control.note(entry)

    def journal(self) -> list[Entry]:
        """What persons did, oldest first.

        Raises:
            Transient, ConfigError: see :meth:`_tables`.
        """
        with self._tables():
            return self._control.journal()

    def place(self) -> tuple[Mapping[int, int], int]:
        """The next offset of each partition that the worker has begun with; and the records left to be read again.

        Raises:
            Transient, ConfigError: see :meth:`_tables`.
        """
        with self._tables():
            table = PositionTable(self._database, self._receiver)
            positions = table.all()
            return positions, sum(one.end_offset - one.next_offset for one in table.passes([*positions]).values())

    def rewind(self, offsets: Mapping[int, int], rewrite: bool, entry: Entry) -> int:
        """Has what was delivered since some offsets delivered again, beside the live feed.

        Args:
            offsets: by partition, where to begin.
            rewrite: rows of the same version are replaced, too; else only what is missing comes back.
            entry: for the journal.

        Returns:
            How many records are read again, at most.

        Raises:
            Transient, ConfigError: see :meth:`_tables`.
        """
        with self._tables():
            table = PositionTable(self._database, self._receiver)
            passes = {
                partition: Pass(begin, end, 0, rewrite)
                for partition, end in table.all().items()
                if (begin := offsets.get(partition, end)) < end
            }
            table.plan(passes)
            self._control.note(entry)
            return sum(one.end_offset - one.next_offset for one in passes.values())


def entry(action: str, who: str | None = None, **detail: object) -> Entry:
    """An entry for the journal: now, by this person (default: whoever is logged in)."""
    return Entry(instants.now(), who or _user(), action, msgspec.json.encode(detail).decode())


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in many a container
        return str(os.getuid())
