"""Readings and values to measure with: those of real hours, in the order in which polls bring them."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from random import Random

from schemas import instants
from schemas.codec import Codec
from schemas.events import Granularity, MeterValue, Reading
from schemas.exact import ONE
from schemas.instants import DAY, HOUR
from schemas.keys import identity_key, partition_of, point_key
from schemas.registry import EmbeddedRegistry

START = 1_767_222_000_000_000
"""2026-01-01T00:00+01:00"""
FETCHED = START + 400 * DAY
LATER = FETCHED + DAY
HOURS = 24
"""Hours of a point that come together."""
SEED = 7

Encoded = tuple[int, bytes, bytes]
"""Partition, key, value."""

readings_codec: Codec[Reading] = Codec(Reading, EmbeddedRegistry())
values_codec: Codec[MeterValue] = Codec(MeterValue, EmbeddedRegistry())


def points(count: int) -> list[str]:
    """Metering points as the utility numbers them."""
    return [f"7359991{number:011d}" for number in range(count)]


def slots(count: int, of_points: int, together: int = HOURS) -> Iterator[tuple[str, int]]:
    """(metering point, reading_at), so many: by the day, or so many hours, point by point, hour by hour."""
    names = points(of_points)
    for number in range(count):
        turn, rest = divmod(number, of_points * together)
        point, hour = divmod(rest, together)
        yield names[point], START + (turn * together + hour + 1) * HOUR


def readings(
    count: int, of_points: int, partitions: int, asked_at: int = FETCHED, together: int = HOURS
) -> Iterator[Encoded]:
    """Readings of volumes, one per slot; asked for again, :data:`LATER`, they have the same contents."""
    random = Random(SEED)
    for number, (point, at) in enumerate(slots(count, of_points, together)):
        reading = Reading(
            source="oresundskraft-hours",
            customer_number="004711",
            metering_point=point,
            delivery_category="EL-EXT",
            unit="kWh",
            consumption=random.randrange(10**6) * ONE // 1_000,
            reading_at=at,
            reading_date=instants.to_text(at - HOUR)[:19],
            reading_method="Fjärr",
            reading_reason=None,
            fetched_at=asked_at + number // HOURS,
            series_kind="volume",
            granularity="hour",
            period_start=at - HOUR,
            period_end=at,
            quality="measured",
            consumption_unit="kWh",
            factor=ONE,
            rolls_over_at=None,
            max_per_period=None,
        )
        yield partition_of(point, partitions), point_key(point), readings_codec.encode(reading)


def values(count: int, of_points: int, partitions: int) -> Iterator[Encoded]:
    """What streams makes of them; sequences rise within a partition."""
    hours = ((point, at - HOUR, at) for point, at in slots(count, of_points))
    return _values(hours, ("oresundskraft-hours", "hour"), partitions)


def month_values(of_points: int, months: int, partitions: int) -> Iterator[Encoded]:
    """Values of as many months of each point, those of a point together, as a first load brings them."""
    starts = [START + month * 30 * DAY for month in range(months + 1)]
    spans = ((point, first, end) for point in points(of_points) for first, end in pairwise(starts))
    return _values(spans, ("oresundskraft-months", "month"), partitions)


def _values(
    spans: Iterable[tuple[str, int, int]], source: tuple[str, Granularity], partitions: int
) -> Iterator[Encoded]:
    """``spans``: metering point, begin and end of the period. ``source``: its name and granularity."""
    random = Random(SEED)
    for number, (point, begin, at) in enumerate(spans):
        used = random.randrange(10**6) * ONE // 1_000
        value = MeterValue(
            source=source[0],
            metering_point=point,
            delivery_category="EL-EXT",
            reading_at=at,
            series_kind="volume",
            granularity=source[1],
            period_start=begin,
            period_end=at,
            value=used,
            unit="kWh",
            previous_reading_at=begin,
            delta=random.randrange(-(10**6), 10**6) * ONE // 1_000,
            consumption=used,
            consumption_unit="kWh",
            change=used,
            quality="measured",
            reading_method="Fjärr",
            reading_reason=None,
            cause="new",
            held=None,
            fetched_at=FETCHED + number // HOURS,
            epoch="1",
            sequence=number,
            published_at=FETCHED + number // 5_000,
        )
        key = identity_key(value.source, point, value.delivery_category, at)
        yield partition_of(point, partitions), key, values_codec.encode(value)
