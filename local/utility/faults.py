"""Which requests meet a fault: seeded, and never so many in a row that a point starves."""

import random
from dataclasses import asdict
from itertools import accumulate

from local.utility.settings import FaultRates, check_rates

IN_A_ROW = 2
"""So many faults one after another a point may meet; the next request about it is answered well."""


class Faults:
    """Deals out faults by name (a field of FaultRates), or None for a good answer."""

    def __init__(self, rates: FaultRates, seed: int) -> None:
        check_rates(rates, exempt=set(), limit=0.5)
        self._names = list(asdict(rates))
        self._limits = list(accumulate(asdict(rates).values()))
        self._random = random.Random(seed)
        self._row: dict[tuple[str, int], int] = {}
        self.active = self._limits[-1] > 0

    def choose(self, feed: str, number: int) -> str | None:
        """The fate of a request for a point (-1: for a page of all points)."""
        if not self.active:
            return None
        roll = self._random.random()
        key = (feed, number)
        if roll >= self._limits[-1] or self._row.get(key, 0) >= IN_A_ROW:
            self._row.pop(key, None)
            return None
        self._row[key] = self._row.get(key, 0) + 1
        return next(name for name, limit in zip(self._names, self._limits, strict=True) if roll < limit)
