"""Rows without a key, compared as a whole, each as often as it is there; however many.

They lie in a temporary file, in piles: equal rows in the same one, and each pile small enough for memory.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from operations.proof.spool import Piece, Spool

PILES = 128
WAITING = 20_000
"""Rows that are in memory before they are put to the file."""
_END = b"\n"


class Piles:
    """Takes rows in any order, each as bytes without a line feed."""

    def __init__(self, file: Path) -> None:
        """``file``: to be made."""
        self._spool = Spool(file)
        self._pieces: list[list[Piece]] = [[] for _ in range(PILES)]
        self._waiting: list[list[bytes]] = [[] for _ in range(PILES)]
        self._count = 0

    def add(self, rows: Iterable[bytes]) -> None:
        """Some more."""
        waiting = self._waiting
        for row in rows:
            waiting[crc32(row) % PILES].append(row)
            self._count += 1
            if self._count == WAITING:
                self._put()

    def _put(self) -> None:
        for pieces, rows in zip(self._pieces, self._waiting, strict=True):
            if rows:
                pieces.append(self._spool.put(_END.join(rows)))
                rows.clear()
        self._count = 0

    def __iter__(self) -> Iterator[list[bytes]]:
        """The rows of each pile, in the order in which other piles have theirs."""
        self._put()
        for pieces in self._pieces:
            yield [row for piece in pieces for row in self._spool.get(piece).split(_END)]

    def close(self) -> None:
        """Lets go of the file."""
        self._spool.close()


class Pile(NamedTuple):
    """What two sides have of one pile: how many rows are on both; and which one side alone has."""

    equal: int
    missing: list[bytes]
    extra: list[bytes]


def side_by_side(expected: Piles, found: Piles) -> Iterator[Pile]:
    """Compares two sides, pile by pile."""
    for one, other in zip(expected, found, strict=True):
        one.sort()
        other.sort()
        if one == other:
            yield Pile(len(one), [], [])
            continue
        left, right = Counter(one), Counter(other)
        missing, extra = sorted((left - right).elements()), sorted((right - left).elements())
        yield Pile(len(one) - len(missing), missing, extra)
