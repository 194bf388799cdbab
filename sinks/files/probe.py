"""What a folder is before a worker puts drops into it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.settings.receiver import StageSettings
from sinks.probe import Address, Finding


class FilesProbe:
    """A :class:`sinks.probe.Probe` of a folder. What the worker remembers stands in it too, as SQLite."""

    def __init__(self, address: Address) -> None:
        """Opens nothing."""
        self._address = address
        self._folder = address.stage.path or Path()

    def ask(self) -> Iterator[Finding]:
        """See :class:`sinks.probe.Probe`."""
        if not self._folder.is_dir():
            yield Finding("rights", f"there is no folder {self._folder}", "problem", "make it")
        elif not os.access(self._folder, os.W_OK | os.X_OK):
            yield Finding("rights", f"{self._folder} cannot be written by this user", "problem", "give the right")
        else:
            yield Finding("rights", "the folder can be written by this user")

    @contextmanager
    def untouched(self) -> Iterator[StageSettings]:
        """See :class:`sinks.probe.Probe`. Another folder on the same disk stands for it."""
        with tempfile.TemporaryDirectory(prefix=".check-", dir=self._folder) as stand_in:
            yield self._address.stage.model_copy(update={"path": Path(stand_in)})

    def free(self) -> int | None:
        """See :class:`sinks.probe.Probe`."""
        return shutil.disk_usage(self._folder).free if self._folder.is_dir() else None
