"""Who is due next: the points of a source by the time of their next poll."""

import asyncio
import heapq
import itertools
from collections.abc import Iterable


class Schedule:
    """A heap of due points. A point that was taken is not in it until it is put back, so its polls never overlap."""

    def __init__(self, points: Iterable[int]) -> None:
        """``points``: indices; all are due at once, in their order. Inside the event loop."""
        self._order = itertools.count()
        now = asyncio.get_running_loop().time()
        self._heap = [(now, next(self._order), point) for point in points]
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()
        self._closed = False

    async def take(self) -> int | None:
        """Waits for the next point to be due; None: it was closed."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            while not self._closed:
                self._changed.clear()
                wait = self._heap[0][0] - loop.time() if self._heap else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._heap)[2]
                try:
                    async with asyncio.timeout(wait):
                        await self._changed.wait()
                except TimeoutError:
                    continue
        return None

    def close(self) -> None:
        """Gives out no more points."""
        self._closed = True
        self._changed.set()

    def put(self, point: int, after: float) -> None:
        """Puts a point back; it is due ``after`` seconds from now."""
        due = asyncio.get_running_loop().time() + after
        heapq.heappush(self._heap, (due, next(self._order), point))
        if self._heap[0][2] == point:
            self._changed.set()

    def due(self, since: float = 0.0) -> int:
        """How many points wait although they are due, and have been for so many seconds."""
        latest = asyncio.get_running_loop().time() - since
        return sum(due <= latest for due, _, _ in self._heap)
