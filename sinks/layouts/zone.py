"""The wall clock of a zone: a fixed offset, or a zone of the tz database."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas import instants

_OFFSET = re.compile(r"([+-])([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True)
class Zone:
    """``minutes`` east of UTC, all year; None: a zone with change-over, of this name in the tz database."""

    name: str
    minutes: int | None

    def wall(self, instant: int) -> datetime:
        """What the clock shows at an instant, exact to the microsecond and without a zone."""
        moment = instants.to_datetime(instant)
        if self.minutes is None:
            moment = moment.astimezone(_of_database(self.name))
        else:
            moment += timedelta(minutes=self.minutes)
        return moment.replace(tzinfo=None)


def zone_of(text: str) -> Zone:
    """The zone that a setting names: ``+01:00``, ``UTC``, ``Europe/Stockholm``.

    Raises:
        ValueError: there is no such zone.
    """
    if text == "UTC":
        return Zone(text, 0)
    if match := _OFFSET.fullmatch(text):
        sign, hours, minutes = match.groups()
        east = int(hours) * 60 + int(minutes)
        return Zone(text, -east if sign == "-" else east)
    try:
        datetime.now(UTC).astimezone(_of_database(text))
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise ValueError(f"{text} is no zone: write +01:00, UTC or a name such as Europe/Stockholm") from None
    return Zone(text, None)


@lru_cache
def _of_database(name: str) -> ZoneInfo:
    return ZoneInfo(name)
