"""An SQLite receiver whose file is locked, cannot grow, or is moved away."""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random

from local.chaos.fault import Kind
from local.patience import patiently
from local.system import LocalSystem

SINK = "sink-momentum"
FILE = "momentum.sqlite"
BESIDE = ("-wal", "-shm")
AWAY = ".away"
ROOM = 64 << 10
"""Bytes beyond which nothing can be written: less than the file and its log have after the first rows."""


def opened(path: Path) -> sqlite3.Connection:
    """Another connection to a file that is there, as soon as it is."""

    def ask() -> sqlite3.Connection:
        try:
            return sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=30, isolation_level=None)
        except sqlite3.OperationalError as error:
            raise ConnectionError(str(error)) from error

    return patiently(ask, "SQLite")


@contextmanager
def _locked(system: LocalSystem, random: Random) -> Iterator[str]:
    with closing(opened(system.directory / FILE)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield FILE
        connection.execute("ROLLBACK")


@contextmanager
def _full(system: LocalSystem, random: Random) -> Iterator[str]:
    """The kernel lets the sink's files grow no further: nor its log, where that is as long."""
    pid = system.stages.process(SINK).pid
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield f"{SINK}, {ROOM} bytes"
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def _moved(system: LocalSystem, random: Random) -> Iterator[str]:
    """With what stands beside it. Should the sink be started meanwhile it begins a new file, which gives way again."""
    file = system.directory / FILE
    names = [Path(f"{file}{suffix}") for suffix in (*BESIDE, "")]
    _each(names, lambda name: name.rename(f"{name}{AWAY}"))
    try:
        yield FILE
    finally:
        _each(names[:-1], Path.unlink)
        _each(names, lambda name: Path(f"{name}{AWAY}").rename(name))


def _each(names: list[Path], do: Callable[[Path], object]) -> None:
    for name in names:
        with suppress(FileNotFoundError):
            do(name)


KINDS = (
    Kind("SQLite: locked by somebody else", "database", _locked, (6.0, 10.0)),
    Kind("SQLite: no room to write", "database", _full, (3.0, 6.0)),
    Kind("SQLite: file moved away", "database", _moved, (3.0, 6.0)),
)
