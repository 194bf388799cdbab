"""Whether records wait and none comes: a client library that stopped fetching tells nobody."""

import time
from collections.abc import Callable, Mapping


class Standstill:
    """Watches a reader's positions while something lies ahead of them."""

    def __init__(self, limit: float, clock: Callable[[], float] = time.monotonic) -> None:
        """``limit``: seconds that nothing may come though something waits. Longer than any request may take."""
        self._limit = limit
        self._clock = clock
        self._positions: Mapping[int, int] | None = None
        self._since = clock()

    def look(self, positions: Mapping[int, int], waiting: int) -> str | None:
        """Told now and then where the reader stands, and how many records wait beyond that.

        Returns:
            What to say where it has stood there for too long: a new process, at the stored positions, may get on.
        """
        if waiting == 0 or positions != self._positions:
            self._positions, self._since = dict(positions), self._clock()
            return None
        still = self._clock() - self._since
        if still <= self._limit:
            return None
        return f"no progress for {still:.0f} s: {waiting} records wait, and fetching brings none"
