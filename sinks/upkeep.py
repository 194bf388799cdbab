"""What an operator does to a receiver's tables; its worker may run, and finds itself superseded."""

from collections.abc import Sequence
from contextlib import closing

from runtime.errors import ConfigError
from sinks.control import Control
from sinks.database import Database
from sinks.put_back import PutBackRecord, PutBackRequests
from sinks.writer import Receiver


def refill(database: Database, name: str, epoch: str) -> None:
    """Sets a receiver's positions back to the start; its table is made anew where it is gone.

    Its worker reads the values topic again from the start: it holds the newest of every row. Rows that are there
    already are kept. What the database refused once is tried again.

    Raises:
        Transient: the database cannot be used now; nothing was changed.
        ConfigError: the receiver has no tables of this epoch, or they are another receiver's.
    """
    with closing(database):
        database.connect()
        with database.transaction():
            _control(database, name, epoch).set_back()


def switch(database: Database, name: str, epoch: str) -> None:
    """Has the view turned to this epoch once its worker has caught up, although it knows less of some series.

    Raises:
        Transient, ConfigError: see :func:`refill`.
    """
    with closing(database):
        database.connect()
        with database.transaction():
            _control(database, name, epoch).want()


def put_back(database: Database, name: str, epoch: str, records: Sequence[PutBackRecord]) -> None:
    """Asks the receiver's worker to take these records once more; it does so between two batches.

    Raises:
        Transient, ConfigError: see :func:`refill`.
    """
    with closing(database):
        database.connect()
        with database.transaction():
            _control(database, name, epoch)
            PutBackRequests(database, epoch).ask(records)


def _control(database: Database, name: str, epoch: str) -> Control:
    control = Control(database, Receiver(name, epoch, points=""))
    # Looked at first: an empty database is more likely the wrong one than one to begin with.
    if not database.has_table("epochs"):
        raise ConfigError([f"receivers.{name}: there are no tables of a receiver; start its worker, it makes them"])
    control.migrate()
    return control
