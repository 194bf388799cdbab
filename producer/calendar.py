"""The calendar of a series: the instant of a reading date, and the period of the grid that the reading closes."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from producer.dates import WrittenDate
from runtime.settings.source import Stamp
from runtime.zones import Zone
from schemas.events import Granularity
from schemas.instants import DAY, HOUR, MINUTE

_EPOCH = date(1970, 1, 1)
_LENGTH: dict[Granularity, int] = {"hour": HOUR, "quarter": 15 * MINUTE}


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a reading stands: its instant and its period (end excluded); ``on_grid``: the date is the grid's own."""

    reading_at: int
    start: int
    end: int
    on_grid: bool


class Grid:
    """The grid of one zone, granularity and stamp convention. Its periods tile the time."""

    def __init__(self, zone: Zone, granularity: Granularity, stamp: Stamp) -> None:
        """Takes the conventions.

        Raises:
            ValueError: last-day for hours or quarters, which have none.
        """
        if stamp == "last-day" and granularity in _LENGTH:
            raise ValueError(f"a {granularity} has no last day: its stamp is end or start")
        self._zone = zone
        self._granularity = granularity
        self._stamp = stamp
        self._dates = lru_cache(maxsize=4_096)(self._period_of_day)

    def place(self, written: WrittenDate) -> Placed:
        """The instant and period of a reading date.

        Raises:
            Poison: ambiguous_time or nonexistent_time, in a zone with change-over and without an offset.
        """
        if self._stamp == "last-day":
            return self._last_day(written)
        wall = written.day * DAY + written.time
        at = self._zone.instant(wall) if written.offset is None else wall - written.offset
        if self._stamp == "end":
            start, end = self.period(at - 1)
            return Placed(at, start, end, on_grid=at == end)
        start, end = self.period(at)
        return Placed(at, start, end, on_grid=at == start)

    def period(self, instant: int) -> tuple[int, int]:
        """The period that holds an instant; its end is the next one's start."""
        wall = self._zone.wall(instant)
        length = _LENGTH.get(self._granularity)
        if length is None:
            return self._around(instant, wall // DAY)
        start = instant - wall % length
        return start, start + length

    def _last_day(self, written: WrittenDate) -> Placed:
        """Only the date counts: as written, or with an offset the source's own; 24:00 still belongs to it."""
        day = written.day
        if written.offset is not None:
            time = min(written.time, DAY - 1)
            day = self._zone.wall(day * DAY + time - written.offset) // DAY
        at = self._zone.midnight(day)
        start, end = self._dates(day)
        return Placed(at, start, end, on_grid=end == self._zone.midnight(day + 1))

    def _around(self, instant: int, day: int) -> tuple[int, int]:
        """The period of days or months around an instant, also where a day's midnight is shown twice."""
        bounds = [self._zone.midnight(day), self._zone.midnight(day + 1)]
        return self._dates(day - 1 + bisect_right(bounds, instant))

    def _period_of_day(self, day: int) -> tuple[int, int]:
        if self._granularity == "day":
            return self._zone.midnight(day), self._zone.midnight(day + 1)
        first = (_EPOCH + timedelta(days=day)).replace(day=1)
        following = (first + timedelta(days=31)).replace(day=1)
        return self._zone.midnight((first - _EPOCH).days), self._zone.midnight((following - _EPOCH).days)
