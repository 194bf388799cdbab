"""The periods of a feed: how each is stamped, on which date it is asked for, and when it is released."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import date, datetime, timedelta

from local.utility.settings import FeedSettings, Granularity, WorldSettings

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


class FeedCalendar:
    """Periods of a feed by index, 0 the oldest of the history; it grows as far as anyone looks.

    texts: ReadingDate of each period. dates: ordinal of the calendar date in it. ticks: number of hours released
    at which the period is due. at_start: number of periods visible at tick 0. changeable_from: the first index
    whose readings may still change.
    """

    def __init__(self, feed: FeedSettings, world: WorldSettings) -> None:
        self.at_start = feed.history
        self.changeable_from = max(0, feed.history - _changeable(feed.granularity, world.change_days))
        self.texts: list[str] = []
        self.dates: list[int] = []
        self.ticks: list[int] = []
        self._period: Callable[[int], tuple[datetime, int]] = _PERIODS[feed.granularity](feed, world)
        self.visible(0)

    def visible(self, released: int) -> int:
        """Number of periods due when this many hours have been released."""
        while not self.ticks or self.ticks[-1] <= released:
            stamp, tick = self._period(len(self.ticks))
            self.texts.append(stamp.strftime("%Y-%m-%dT%H:%M:%S"))
            self.dates.append(stamp.toordinal())
            self.ticks.append(tick)
        return bisect_right(self.ticks, released)

    def span(self, first: date, end: date, count: int) -> tuple[int, int]:
        """Indexes [low, high) below count whose ReadingDate has its date in [first, end)."""
        low = bisect_left(self.dates, first.toordinal(), 0, count)
        return low, max(low, bisect_left(self.dates, end.toordinal(), 0, count))


def _changeable(granularity: Granularity, days: int) -> int:
    return {"hour": days * 24, "day": days, "month": 1}[granularity]


def _hours(feed: FeedSettings, world: WorldSettings) -> Callable[[int], tuple[datetime, int]]:
    """Stamped with the hour's end."""
    frontier = world.anchor - world.lag_hours * _HOUR
    first = frontier - (feed.history - 1) * _HOUR

    def period(index: int) -> tuple[datetime, int]:
        return first + index * _HOUR, max(0, index - feed.history + 1)

    return period


def _days(feed: FeedSettings, world: WorldSettings) -> Callable[[int], tuple[datetime, int]]:
    """Stamped with the midnight at which the day began."""
    frontier = world.anchor - world.lag_hours * _HOUR
    first = frontier.replace(hour=0) - feed.history * _DAY

    def period(index: int) -> tuple[datetime, int]:
        day = first + index * _DAY
        return day, max(0, -((frontier - day - _DAY) // _HOUR))

    return period


def _months(feed: FeedSettings, world: WorldSettings) -> Callable[[int], tuple[datetime, int]]:
    """Stamped with the midnight at which the month's last day began.

    The last complete month comes `month_delay` ticks after the start, so that every run sees one arrive.
    """
    frontier = world.anchor - world.lag_hours * _HOUR
    last_complete = frontier.year * 12 + frontier.month - 2

    def period(index: int) -> tuple[datetime, int]:
        month = last_complete - feed.history + index + 1
        end = frontier.replace(year=month // 12, month=month % 12 + 1, day=1, hour=0)
        until = max(0, -((frontier - end) // _HOUR))
        return end - _DAY, until + world.month_delay if index >= feed.history else 0

    return period


_PERIODS: dict[Granularity, Callable[[FeedSettings, WorldSettings], Callable[[int], tuple[datetime, int]]]]
_PERIODS = {"hour": _hours, "day": _days, "month": _months}
