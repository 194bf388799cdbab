"""A zone as layouts want it: what its clock shows, and whether a database without a table of zones can tell."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from runtime import zones
from schemas.instants import MINUTE

_WALL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall time has no zone
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Zone:
    """``minutes`` east of UTC, all year; None: a zone with change-over, of this name in the tz database."""

    name: str
    minutes: int | None
    clock: zones.Zone

    def wall(self, instant: int) -> datetime:
        """What the clock shows at an instant, exact to the microsecond and without a zone."""
        return _WALL_EPOCH + self.clock.wall(instant) * _MICROSECOND


def zone_of(text: str) -> Zone:
    """The zone that a setting names: ``+01:00``, ``UTC``, ``Europe/Stockholm``.

    Raises:
        ValueError: there is no such zone.
    """
    clock = zones.zone_of(text)
    return Zone(text, clock.wall(0) // MINUTE if isinstance(clock, zones.FixedZone) else None, clock)
