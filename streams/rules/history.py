"""How far back a series is kept, measured from its newest reading and never from the wall clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from schemas.events import Granularity
from schemas.instants import DAY

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS_PER_YEAR = 12


@dataclass(frozen=True)
class History:
    """The spans, per granularity. A reading dated before the edge is outside."""

    months: int = 36
    days: int = 400
    hour_days: int = 45
    """Days of hours and quarters."""

    def edge(self, newest: int, granularity: Granularity) -> int:
        """The first instant inside, in UTC microseconds; it never moves back as ``newest`` grows.

        Months: the beginning of the UTC month that lies ``months`` before the month of ``newest``, so that the lengths
        of months do not matter. Days, hours and quarters: ``newest`` minus so many times 24 hours.
        """
        if granularity == "month":
            return _month_start(newest // DAY, self.months)
        return newest - DAY * (self.days if granularity == "day" else self.hour_days)

    @property
    def text(self) -> str:
        """Equal text = equal spans."""
        return f"months={self.months} days={self.days} hours={self.hour_days}d"


@lru_cache(maxsize=10_000)
def _month_start(day: int, months_back: int) -> int:
    """``day``: days since 1970-01-01."""
    moment = _EPOCH + timedelta(days=day)
    month = moment.year * _MONTHS_PER_YEAR + moment.month - 1 - months_back
    year, month = divmod(month, _MONTHS_PER_YEAR)
    return (datetime(year, month + 1, 1, tzinfo=UTC) - _EPOCH).days * DAY
