"""Rows in the order of their keys, however many: sorted runs of them lie in a temporary file, and are merged."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from heapq import merge
from itertools import islice
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from operations.proof.rows import Version, decode_all, encode, version
from operations.proof.spool import Piece, Spool

RUN = 10_000
"""Rows that are sorted at once, in memory."""
PIECE = 50
"""Rows of a run that are read back at once: some of each run are in memory while the runs are merged."""

_by_place = itemgetter(0, 1)


class SortedRows:
    """Takes rows in any order, gives them back sorted by key and sequence; as often as wanted."""

    def __init__(self, file: Path, as_version: Callable[[Sequence[Any]], Version] = version) -> None:
        """``file``: to be made. ``as_version``: of a row's fields."""
        self._spool = Spool(file)
        self._as_version = as_version
        self._runs: list[list[Piece]] = []
        self._pending: list[Sequence[Any]] = []
        self.count = 0

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Some more, each as its fields."""
        rest = iter(rows)
        while some := list(islice(rest, RUN - len(self._pending))):
            self._pending += some
            self.count += len(some)
            if len(self._pending) == RUN:
                self._put_run()

    def _put_run(self) -> None:
        self._pending.sort(key=lambda fields: self._as_version(fields)[:2])
        pieces = (self._pending[first : first + PIECE] for first in range(0, len(self._pending), PIECE))
        self._runs.append([self._spool.put(encode(piece)) for piece in pieces])
        self._pending.clear()

    def __iter__(self) -> Iterator[Version]:
        """All of them, in order. None may be added meanwhile."""
        if self._pending:
            self._put_run()
        runs = [self._run(pieces) for pieces in self._runs]
        return runs[0] if len(runs) == 1 else merge(*runs, key=_by_place)

    def _run(self, pieces: Iterable[Piece]) -> Iterator[Version]:
        for piece in pieces:
            yield from map(self._as_version, decode_all(self._spool.get(piece)))

    def close(self) -> None:
        """Lets go of the file."""
        self._spool.close()


@contextmanager
def sorting() -> Iterator[tuple[SortedRows, SortedRows]]:
    """Two that are gone at the end: for what should be there, and what is."""
    with TemporaryDirectory(prefix="meterstream-") as folder:
        two = SortedRows(Path(folder, "expected")), SortedRows(Path(folder, "found"))
        try:
            yield two
        finally:
            for one in two:
                one.close()
