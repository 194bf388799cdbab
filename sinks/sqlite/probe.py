"""What a SQLite receiver is before a worker writes it: the library, the folder, the room."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.settings.receiver import StageSettings
from sinks.probe import Address, Finding

OLDEST = (3, 35)


class SQLiteProbe:
    """A :class:`sinks.probe.Probe` of a file."""

    def __init__(self, address: Address) -> None:
        """Opens nothing."""
        self._address = address
        self._path = address.stage.path or Path()

    def ask(self) -> Iterator[Finding]:
        """See :class:`sinks.probe.Probe`."""
        version = f"SQLite {sqlite3.sqlite_version}"
        if sqlite3.sqlite_version_info < OLDEST:
            yield Finding(
                "version", version, "problem", f"use a Python whose SQLite is {OLDEST[0]}.{OLDEST[1]} or newer"
            )
        else:
            yield Finding("version", version)
        yield Finding("encryption", "a file: nothing travels")
        where = self._path if self._path.exists() else self._path.parent
        if not self._path.parent.is_dir():
            yield Finding("rights", f"there is no directory {self._path.parent}", "problem", "make it")
        elif not all(os.access(place, os.W_OK) for place in (where, self._path.parent)):
            yield Finding(
                "rights",
                f"{where} cannot be written by this user",
                "problem",
                "the file and its directory (for the -wal beside it) must belong to the user that the sink runs as",
            )
        elif self._path.exists() and self._path.stat().st_mode & 0o077:
            yield Finding(
                "rights", "other users of this machine can open the file", "warning", f"chmod 600 {self._path}"
            )
        else:
            yield Finding("rights", "the file and its directory can be written by this user")

    @contextmanager
    def untouched(self) -> Iterator[StageSettings]:
        """See :class:`sinks.probe.Probe`. Where there is no file yet another one stands for it, beside its place."""
        if self._path.exists():
            yield self._address.stage
            return
        stand_in = self._path.with_name(f".{self._path.name}.check-{os.getpid()}")
        try:
            yield self._address.stage.model_copy(update={"path": stand_in})
        finally:
            for suffix in ("", "-wal", "-shm", "-journal"):
                Path(f"{stand_in}{suffix}").unlink(missing_ok=True)

    def free(self) -> int | None:
        """See :class:`sinks.probe.Probe`."""
        return shutil.disk_usage(self._path.parent).free if self._path.parent.is_dir() else None
