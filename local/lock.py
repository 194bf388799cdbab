"""One run of a kind at a time: its directory is wiped at the start."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Busy(Exception):
    """Another run of the same kind holds the lock."""


@contextmanager
def only_one(file: Path) -> Iterator[None]:
    """Holds a lock for as long as the block runs; it goes with the process, however that ends.

    Raises:
        Busy: another process holds it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"another run holds {file}; stop it first") from None
        yield
