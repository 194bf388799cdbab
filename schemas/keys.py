"""Keys and partitions: who is ordered with whom.

Every record of a metering point lies on one partition, the same number in readings, values and state. The partition
is computed here, not by a client's partitioner, so that all clients agree: murmur2 as Java's default partitioner.
"""

from functools import lru_cache

import msgspec
from aiokafka.partitioner import murmur2

_encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=200_000)
def partition_of(metering_point: str, count: int) -> int:
    """The partition of a metering point in a topic of ``count`` partitions."""
    return int(murmur2(metering_point.encode()) & 0x7FFFFFFF) % count


def point_key(metering_point: str) -> bytes:
    """The key of a Reading: the metering point in UTF-8."""
    return metering_point.encode()


def series_key(source: str, metering_point: str, delivery_category: str) -> bytes:
    """The key of a series: a compact JSON array in UTF-8."""
    return _encode((source, metering_point, delivery_category))


def identity_key(source: str, metering_point: str, delivery_category: str, reading_at: int) -> bytes:
    """The key of a MeterValue: ``["source","point","category",reading_at]``, reading_at in UTC microseconds."""
    return _encode((source, metering_point, delivery_category, reading_at))


def identity_start(source: str, metering_point: str, delivery_category: str) -> bytes:
    """What the identity keys of a series begin with, for :func:`identity_from`."""
    return series_key(source, metering_point, delivery_category)[:-1] + b","


def identity_from(start: bytes, reading_at: int) -> bytes:
    """The same as :func:`identity_key`, of a series whose :func:`identity_start` was made once."""
    return b"%b%d]" % (start, reading_at)


def outside_key(source: str, metering_point: str, delivery_category: str, reading_at: int, fetched_at: int) -> bytes:
    """The key of an outside_history MeterValue: its own, so that compaction never removes the full row."""
    return _encode((source, metering_point, delivery_category, reading_at, "outside", fetched_at))
