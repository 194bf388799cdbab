"""Zones: wall time of a source or a receiver to instants and back, with change-over where a zone has it.

Wall time is an ``int`` too: microseconds since 1970-01-01T00:00 on the wall.
"""

import re
from datetime import datetime, timedelta, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from runtime.errors import Poison
from schemas import instants
from schemas.instants import DAY, HOUR, MINUTE
from schemas.reasons import Reason

_OFFSET = re.compile(r"([+-])([01][0-9]|2[0-3]):([0-5][0-9])")
_WALL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall time has no zone
_MICROSECOND = timedelta(microseconds=1)


class Zone(Protocol):
    """Where the wall clock stands."""

    def instant(self, wall: int) -> int:
        """The instant at which the wall clock shows ``wall``.

        Raises:
            Poison: ambiguous_time or nonexistent_time, at a change-over.
        """

    def wall(self, instant: int) -> int:
        """What the wall clock shows at an instant."""

    def midnight(self, day: int) -> int:
        """The instant at which a day begins; ``day`` counts from 1970-01-01."""


class FixedZone:
    """The same offset all year: every day has 24 hours."""

    def __init__(self, offset: int) -> None:
        """``offset``: microseconds east of UTC."""
        self._offset = offset

    def instant(self, wall: int) -> int:
        """Never ambiguous."""
        return wall - self._offset

    def wall(self, instant: int) -> int:
        """Never jumps."""
        return instant + self._offset

    def midnight(self, day: int) -> int:
        """Always 24 hours apart."""
        return day * DAY - self._offset


class ChangingZone:
    """A zone of the tz database. Change-overs are taken to be of whole hours, as they are in Europe."""

    def __init__(self, zone: tzinfo) -> None:
        """``zone``: with utcoffset for naive wall times and their fold."""
        self._zone = zone

    def instant(self, wall: int) -> int:
        """Refuses what the wall clock shows twice or never."""
        moment = _WALL_EPOCH + wall * _MICROSECOND
        before, after = self._offset(moment, 0), self._offset(moment, 1)
        if before > after:
            raise Poison(Reason.AMBIGUOUS_TIME, "the clock shows this time twice; the source must send offsets")
        if before < after:
            raise Poison(Reason.NONEXISTENT_TIME, "the clock never shows this time; the source must send offsets")
        return wall - before

    def wall(self, instant: int) -> int:
        """Jumps at a change-over."""
        moment = instants.to_datetime(instant).astimezone(self._zone).replace(tzinfo=None)
        return (moment - _WALL_EPOCH) // _MICROSECOND

    def midnight(self, day: int) -> int:
        """The first instant of the day, also where the clock shows midnight twice or never."""
        return day * DAY - self._offset(_WALL_EPOCH + timedelta(days=day), 0)

    def _offset(self, moment: datetime, fold: int) -> int:
        offset = moment.replace(fold=fold, tzinfo=self._zone).utcoffset()
        return (offset or timedelta()) // _MICROSECOND


def zone_of(text: str) -> Zone:
    """The zone that a setting names: ``+01:00``, ``UTC``, or a name of the tz database.

    Raises:
        ValueError: there is no such zone.
    """
    if text == "UTC":
        return FixedZone(0)
    if match := _OFFSET.fullmatch(text):
        sign, hours, minutes = match.groups()
        offset = int(hours) * HOUR + int(minutes) * MINUTE
        return FixedZone(-offset if sign == "-" else offset)
    try:
        return ChangingZone(ZoneInfo(text))
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise ValueError(f"{text} is no zone: write +01:00, UTC or a name such as Europe/Copenhagen") from None
