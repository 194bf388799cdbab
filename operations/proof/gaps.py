"""Periods of a series' grid that lie between two of its rows and have no row."""

from dataclasses import dataclass

from runtime.zones import Zone
from schemas import instants
from schemas.instants import DAY, HOUR, MINUTE

_LENGTHS = {"hour": HOUR, "quarter": 15 * MINUTE}


@dataclass(frozen=True)
class Gap:
    """So many ``periods`` are missing between two instants (UTC microseconds; the end is excluded)."""

    source: str
    metering_point: str
    delivery_category: str
    granularity: str
    begin: int
    end: int
    periods: int


def gap(series: tuple[str, str, str], granularity: str, between: tuple[int, int], zone: Zone) -> Gap:
    """The gap in a series between the end of one period and the begin of a later one.

    Args:
        series: source, metering point, delivery category.
        granularity: of its rows.
        between: both instants.
        zone: in which days and months are counted.
    """
    return Gap(*series, granularity, *between, _periods(granularity, *between, zone))


def _periods(granularity: str, begin: int, end: int, zone: Zone) -> int:
    length = _LENGTHS.get(granularity)
    if length is not None:
        return (end - begin) // length
    first, last = zone.wall(begin), zone.wall(end)
    if granularity == "day":
        return (last - first + DAY // 2) // DAY
    one, other = instants.to_datetime(first), instants.to_datetime(last)
    return (other.year - one.year) * 12 + other.month - one.month
