"""The canary: one made-up series per source that travels the whole road, so that the road itself can be watched.

It has one identity for ever and is corrected again and again, so it never grows anything but the readings topic. Its
value is a number that rises by one with every sending: whoever receives it sees how old it is, and whether one before
it was lost. It says nothing of a customer: what a receiver's users read, and what is compared or added up, leaves it
out, and no points file may name its metering point.
"""

from schemas import exact, instants
from schemas.events import MeterValue, Reading

METERING_POINT = "meterstream-canary"
DELIVERY_CATEGORY = "meterstream-canary"
UNIT = "kWh"
READING_AT = 946_684_800_000_000
"""2000-01-01T00:00Z."""
_READING_DATE = "2000-01-01T00:00:00Z"


def is_canary(metering_point: str) -> bool:
    """Whether what is of this metering point is a canary."""
    return metering_point == METERING_POINT


def number_at(instant: int, every: int) -> int:
    """The number that is sent at an instant, where one is sent every so many seconds. It needs no memory."""
    return instant // (every * instants.SECOND)


def begin_of(number: int, every: int) -> int:
    """The first instant of a number."""
    return number * every * instants.SECOND


def canary(source: str, number: int, fetched_at: int) -> Reading:
    """A source's canary, as its producer sends it."""
    return Reading(
        source=source,
        customer_number=None,
        metering_point=METERING_POINT,
        delivery_category=DELIVERY_CATEGORY,
        unit=UNIT,
        consumption=number * exact.ONE,
        reading_at=READING_AT,
        reading_date=_READING_DATE,
        reading_method=None,
        reading_reason=None,
        fetched_at=fetched_at,
        series_kind="volume",
        granularity="hour",
        period_start=READING_AT - instants.HOUR,
        period_end=READING_AT,
        quality="calculated",
        consumption_unit=UNIT,
        factor=exact.ONE,
        rolls_over_at=None,
        max_per_period=None,
    )


def number_of(value: MeterValue) -> int:
    """The number of a canary that arrived."""
    return (value.value or 0) // exact.ONE
