"""Which points have the newest period that the publishing calendar says should be there by now."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from producer.dates import WrittenDate
from producer.feed import Feed
from producer.parts import UNDATED
from producer.points import Point
from producer.publishing import Publishing
from runtime.errors import Poison
from schemas.instants import DAY

_NOTHING = 0
"""Instead of an instant: a point of which nothing ever came."""
_EPOCH = date(1970, 1, 1)


class Punctuality(NamedTuple):
    """How many points are judged, how many of these have not what is awaited, and of how many nothing ever came."""

    awaited: int
    late: int
    silent: int


class Arrivals:
    """The newest period of each point of one source.

    A point is judged once it was polled since the start of the process: a restart says nothing. One that has ended, or
    of which nothing ever came, is not judged.
    """

    def __init__(self, feed: Feed, points: Iterable[Point]) -> None:
        """``points``: of the source, as this process polls them."""
        settings = feed.settings
        self._publishing = Publishing(settings.publishing, settings.granularity, feed.zone)
        self._feed = feed
        self._newest: dict[str, int] = {}
        self._recent: dict[int, int] = {}
        self._ends: Mapping[str, int] = {
            point.metering_point: point.valid_to for point in points if point.valid_to is not None
        }

    def note(self, metering_point: str, newest: int | None, remembered: Collection[int] = ()) -> None:
        """A point was polled up to today.

        Args:
            metering_point: its name.
            newest: the end of the newest period that came with a value; None: none came.
            remembered: the keys of the parts that were published of it; looked at where none came since the start.
        """
        known = self._newest.get(metering_point, _NOTHING)
        if newest is None and known == _NOTHING:
            newest = self._end_of(remembered)
        end = max(known, newest or _NOTHING)
        # Nearly all points have the same few instants: one int for all of them.
        self._newest[metering_point] = self._recent.setdefault(end, end)

    def punctuality(self, now: int) -> Punctuality:
        """How they are at an instant."""
        awaited, today = self._publishing.awaited(now), self._feed.zone.wall(now) // DAY
        counts = Counter(self._newest.values())  # however many points there are, few instants are
        counts.subtract(
            self._newest[point] for point, end in self._ends.items() if end <= today and point in self._newest
        )
        self._recent = {}
        silent = counts.pop(_NOTHING, 0)
        late = sum(count for newest, count in counts.items() if newest < awaited)
        return Punctuality(counts.total(), late, silent)

    def _end_of(self, remembered: Collection[int]) -> int | None:
        """The latest at which the newest of some parts may end: which of its hours were there is not remembered."""
        newest = max((key for key in remembered if key != UNDATED), default=None)
        if newest is None:
            return None
        try:
            return self._feed.of("").grid.place(WrittenDate(self._last_day(newest), DAY - 1, None)).end
        except (ValueError, Poison):  # digits that are no date: that reading is a dead letter
            return None

    def _last_day(self, key: int) -> int:
        """The last day of a part, counted from 1970-01-01."""
        if self._feed.settings.granularity != "month":
            return (date(key // 10_000, key // 100 % 100, key % 100) - _EPOCH).days
        following = date(key // 100, key % 100, 1) + timedelta(days=31)
        return (following.replace(day=1) - _EPOCH).days - 1
