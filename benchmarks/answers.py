"""Answers of a utility to measure with: a recent window of one point, written as the published message is."""

from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from random import Random

from schemas.events import Granularity
from schemas.instants import from_datetime

DAYS = 14
"""Of a window: as many whole days as the producer asks for again and again."""
SEED = 7
_ZONE = timezone(timedelta(hours=1))
_STEP = {"day": timedelta(days=1), "hour": timedelta(hours=1)}


def readings_of_an_answer(granularity: Granularity) -> int:
    """How many readings an answer holds."""
    return DAYS * timedelta(days=1) // _STEP[granularity]


def answer(point: str, granularity: Granularity) -> bytes:
    """One message: those of two points differ in their names only."""
    return b'{"CustomerNumber":"004711","MeteringPoint":"%s",%s' % (point.encode(), _readings(granularity))


@cache
def _readings(granularity: Granularity) -> bytes:
    """What follows the name of the point: readings up to the last midnight, of three decimals, as they are written."""
    random = Random(SEED)
    midnight = datetime.now(UTC).astimezone(_ZONE).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    count, step = readings_of_an_answer(granularity), _STEP[granularity]
    first = midnight - (count if granularity == "day" else count - 1) * step
    return b'"ConsumptionReadings":[%s]}' % b",".join(
        '{"DeliveryCategory":"EL-EXT","Unit":"kWh","Consumption":%d.%03d000000000,"ReadingDate":"%s",'
        '"ReadingMethod":"Fjärr","ReadingReason":null}'.encode()
        % (random.randrange(1_000), random.randrange(1_000), (first + number * step).isoformat().encode())
        for number in range(count)
    )


def instant_of(text: str) -> int:
    """The instant of a reading date as these answers write it, in UTC microseconds."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=_ZONE))
