"""What a receiver of files has: rows and positions, in an SQLite file in its folder, and which rows are in no drop yet.

Triggers note every row that is written, in the transaction that writes it. They stand on the table that the view
``meter_values`` shows; where it is turned to another one, every row of that is noted.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from sinks import migrations
from sinks.files.noting import noting_rows
from sinks.sqlite.database import SQLite

HIDDEN = ".meterstream"
"""The subfolder that is this product's own; whoever reads the drops passes it by."""


class FilesState(SQLite):
    """A :class:`sinks.database.Database` in the folder of a receiver's drops."""

    name = "files"

    def __init__(self, receiver: str, folder: Path, timeout: float) -> None:
        """``folder``: where the drops are to be. Opens nothing yet."""
        super().__init__(receiver, folder / HIDDEN / "state.sqlite", timeout)
        self.folder = folder
        self.migrations = migrations.steps("sqlite", "files")
        show = self.show
        self.show: Callable[[str], Sequence[str]] = lambda table: [*noting_rows(table), *show(table)]

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
