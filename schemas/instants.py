"""Instants: an ``int`` counting microseconds since 1970-01-01T00:00Z (Avro timestamp-micros)."""

from datetime import UTC, datetime, timedelta
from time import time_ns

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

EARLIEST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
LATEST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
"""The years 1 to 9999: what datetimes, and every database, can hold."""


def now() -> int:
    """The wall clock's instant."""
    return time_ns() // 1_000


def to_datetime(instant: int) -> datetime:
    """An aware datetime in UTC, exact to the microsecond."""
    return _EPOCH + timedelta(microseconds=instant)


def from_datetime(moment: datetime) -> int:
    """The inverse of :func:`to_datetime`.

    Raises:
        ValueError: the datetime carries no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a datetime without a zone is not an instant")
    return (moment - _EPOCH) // _MICROSECOND


def to_text(instant: int) -> str:
    """ISO 8601 with ``Z``."""
    return to_datetime(instant).isoformat().replace("+00:00", "Z")
