"""What a receiver of files has: rows and positions, in an SQLite file in its folder, and which rows are in no drop yet.

Triggers note every row that is written, in the transaction that writes it. They stand on the table that the view
``meter_values`` shows; where it is turned to another one, every row of that is noted.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from sinks import columns, migrations
from sinks.sqlite import SQLite

HIDDEN = ".meterstream"
"""The subfolder that is this product's own; whoever reads the drops passes it by."""

_KEY = ", ".join(columns.KEY)


class FilesState(SQLite):
    """A :class:`sinks.database.Database` in the folder of a receiver's drops."""

    name = "files"

    def __init__(self, receiver: str, folder: Path, timeout: float) -> None:
        """``folder``: where the drops are to be. Opens nothing yet."""
        super().__init__(receiver, folder / HIDDEN / "state.sqlite", timeout)
        self.folder = folder
        self.migrations = migrations.steps("sqlite", "files")
        show = self.show
        self.show: Callable[[str], Sequence[str]] = lambda table: [*noting(table), *show(table)]

    def connect(self) -> None:
        """See :class:`sinks.database.Database`. The first connection makes the hidden folder, too."""
        if not self._opened:
            try:
                (self.folder / HIDDEN).mkdir(exist_ok=True)
            except OSError as error:
                raise self._transient(f"{self.folder / HIDDEN} cannot be made: {error.strerror}") from None
        super().connect()
        with self._checked():
            # What was dropped cannot be taken back: a power cut must not take back that it was.
            self.execute("PRAGMA synchronous = FULL")


def noting(table: str) -> list[str]:
    """The statements that note the changed rows of a table, and of it alone; first all of it, where it is another."""
    other = f"NOT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}')"  # noqa: S608 - our own names, no input
    new = ", ".join(f"NEW.{name}" for name in columns.KEY)
    # Not INSERT OR IGNORE: in a trigger the conflict clause of the statement outside would hold.
    unknown = " AND ".join(f"{name} = NEW.{name}" for name in columns.KEY)
    note = f"INSERT INTO changes SELECT {new} WHERE NOT EXISTS (SELECT 1 FROM changes WHERE {unknown})"  # noqa: S608
    return [
        f"DELETE FROM changes WHERE {other}",  # noqa: S608
        f"INSERT INTO changes SELECT {_KEY} FROM {table} WHERE {other}",  # noqa: S608
        *(
            statement
            for event in ("INSERT", "UPDATE")
            for statement in (
                f"DROP TRIGGER IF EXISTS note_{event.lower()}",
                f"CREATE TRIGGER note_{event.lower()} AFTER {event} ON {table} BEGIN {note}; END",
            )
        ),
    ]
