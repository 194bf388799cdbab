"""The worker's pulse: whether it still gets on. What counts is progress, never duration.

Loading a large state or waiting for a registry may take minutes and is no stall; a client library that waits for ever
for a broker that died is one (seen with aiokafka).
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from runtime.standstill import Standstill


class Pulse:
    """Marks of life of two kinds: turns of the fetch loop, and steps of the work in hand.

    The fetch loop stands still while its buffers are full, and goes on turning while a chunk hangs. So work in hand is
    judged by its own steps alone, and an idle worker by the turns.
    """

    def __init__(self, limit: float, clock: Callable[[], float] = time.monotonic) -> None:
        """``limit``: seconds without a mark after which the worker is stalled."""
        self._limit = limit
        self._clock = clock
        self._turned = self._stepped = clock()
        self._standstill = Standstill(limit, clock)
        self._standing: str | None = None
        self._work: str | None = None

    def turned(self) -> None:
        """The fetch loop came round."""
        self._turned = self._clock()

    def stepped(self) -> None:
        """The work in hand got on."""
        self._stepped = self._clock()

    @contextmanager
    def working(self, work: str) -> Iterator[None]:
        """Has something in hand, named for the log."""
        self.stepped()
        self._work = work
        try:
            yield
        finally:
            self._work = None
            self.stepped()

    def ahead(self, positions: Mapping[int, int], waiting: int) -> None:
        """So many readings wait beyond these positions. The fetch loop also turns while its client brings nothing."""
        self._standing = self._standstill.look(positions, waiting)

    @property
    def at_work(self) -> bool:
        """Whether something is in hand."""
        return self._work is not None

    @property
    def stalled(self) -> str | None:
        """What got stuck, for the log; None: all is well."""
        if self._standing:
            return self._standing
        mark = self._stepped if self._work else max(self._stepped, self._turned)
        still = self._clock() - mark
        return f"no progress for {still:.0f} s: {self._work or 'fetching'}" if still > self._limit else None
