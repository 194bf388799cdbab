"""The publishing calendar: the newest period that a utility has published at an instant. Pure."""

from producer.calendar import Grid
from producer.windows import Spans
from runtime.errors import Poison
from runtime.settings.publishing import WEEKDAYS, PublishingSettings
from runtime.zones import Zone
from schemas.events import Granularity
from schemas.instants import DAY, HOUR, MINUTE, SECOND

DELAYS: dict[Granularity, int] = {"month": 10 * DAY, "day": 36 * HOUR, "hour": 36 * HOUR, "quarter": 36 * HOUR}
_SHORTEST_MONTH = 28
_THURSDAY = WEEKDAYS.index("thursday")
_WEEK = len(WEEKDAYS)


class Publishing:
    """When the periods of one source are published.

    A period is published at the first publishing hour that lies ``delay`` or more behind its end; where the calendar
    names no hour, every instant is one.
    """

    def __init__(self, settings: PublishingSettings, granularity: Granularity, zone: Zone) -> None:
        """``zone``: the source's, in which its periods lie and its hours are meant."""
        self._zone = zone
        self._grid = Grid(zone, granularity, "end")
        self._at = None if settings.at is None else _time(settings.at)
        self._days = frozenset(WEEKDAYS.index(day) for day in settings.days or WEEKDAYS)
        self.delay = DELAYS[granularity] if settings.delay is None else round(settings.delay * SECOND)
        """Microseconds."""

    def awaited(self, now: int) -> int:
        """The end of the newest period that is published by now; it never falls as time goes on."""
        start, _ = self._grid.period(self._last_hour(now) - self.delay)
        return start  # where the period that holds this instant begins, the one before it ended

    def _last_hour(self, now: int) -> int:
        """The last publishing hour up to now."""
        if self._at is None:
            return now
        today = self._zone.wall(now) // DAY
        hours = (self._hour(today - back, self._at) for back in range(2 * _WEEK) if self._counts(today - back))
        return next(hour for hour in hours if hour <= now)

    def _counts(self, day: int) -> bool:
        return (day + _THURSDAY) % _WEEK in self._days

    def _hour(self, day: int, at: int) -> int:
        try:
            return self._zone.instant(day * DAY + at)
        except Poison:  # the clock shows it twice or never that day
            return self._zone.midnight(day) + at


def problem_of(publishing: Publishing, spans: Spans) -> str | None:
    """What is wrong with a delay beside what each poll asks for; None: nothing."""
    window = spans.window * (_SHORTEST_MONTH if spans.monthly else 1)
    if publishing.delay <= window * DAY:
        return None
    return (
        f"publishing.delay: what is published {publishing.delay / DAY:g} days late lies beyond the {window} days "
        "that every poll asks for: no poll finds it in time; lengthen poll.window"
    )


def _time(text: str) -> int:
    """Since midnight, of ``06:00``."""
    hours, minutes = text.split(":")
    return int(hours) * HOUR + int(minutes) * MINUTE
