"""Builders for tests of sinks: values with defaults, the records that bring them, and what a receiver's table shows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from schemas import canary, instants, keys
from schemas.codec import Codec
from schemas.column_reader import Forms
from schemas.events import MeterValue
from schemas.exact import ONE
from schemas.reasons import Held
from schemas.registry import EmbeddedRegistry
from sinks.batch import Record, Row
from sinks.decoding import PLAIN

AT = 1_700_000_000_000_000
POINT = "735999100057526501"
PARTITIONS = 4
CODEC = Codec(MeterValue, EmbeddedRegistry())


def _as_it_is(part: Any) -> Any:
    return part


AS_THEY_ARE = Forms(text=_as_it_is, integer=_as_it_is, instant=_as_it_is, number=_as_it_is)
"""Columns that are the fields themselves."""

DEFAULT = MeterValue(
    source="months",
    metering_point=POINT,
    delivery_category="EL-EXT",
    reading_at=AT,
    series_kind="volume",
    granularity="month",
    period_start=AT - 30 * instants.DAY,
    period_end=AT,
    value=26633 * ONE,
    unit="kWh",
    previous_reading_at=AT - 30 * instants.DAY,
    delta=-12 * ONE,
    consumption=26633 * ONE,
    consumption_unit="kWh",
    change=26633 * ONE,
    quality="measured",
    reading_method="Fjärr",
    reading_reason="2",
    cause="new",
    held=None,
    fetched_at=AT + instants.HOUR,
    epoch="1",
    sequence=10,
    published_at=AT + instants.HOUR + instants.SECOND,
)


def value(sequence: int = 10, **changed: Any) -> MeterValue:
    """A value that differs from the default as said."""
    return msgspec.structs.replace(DEFAULT, sequence=sequence, **changed)


def canary_value(sequence: int, number: int, **changed: Any) -> MeterValue:
    """What a source's canary comes to, a minute after the one before it."""
    identity = {"metering_point": canary.METERING_POINT, "delivery_category": canary.DELIVERY_CATEGORY}
    place = {"reading_at": canary.READING_AT, "value": number * ONE, "fetched_at": AT + number * instants.MINUTE}
    return value(sequence, **(identity | place | {"cause": "corrected"} | changed))


def outside(sequence: int, **changed: Any) -> MeterValue:
    """A value from outside the history: no delta, no change."""
    bare = {"held": Held.OUTSIDE_HISTORY.value, "delta": None, "change": None, "previous_reading_at": None}
    return value(sequence, **(bare | changed))


@dataclass(frozen=True)
class StoredRecord:
    """A record as a consumer gives it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


def key_of(content: MeterValue) -> bytes:
    """The key under which streams publishes a value."""
    identity = (content.source, content.metering_point, content.delivery_category, content.reading_at)
    if content.held == Held.OUTSIDE_HISTORY:
        return keys.outside_key(*identity, content.fetched_at)
    return keys.identity_key(*identity)


def record(content: MeterValue, offset: int = 0, **changed: Any) -> StoredRecord:
    """The record that streams would publish for a value, or one that differs from it as said."""
    fields: dict[str, Any] = {
        "topic": "meterstream.1.values",
        "partition": keys.partition_of(content.metering_point, PARTITIONS),
        "offset": offset,
        "key": key_of(content),
        "value": CODEC.encode(content),
    }
    return StoredRecord(**(fields | changed))


def row(content: MeterValue, offset: int | None = None, forms: Forms = AS_THEY_ARE) -> Row:
    """A value with its record; by default the offset is the sequence."""
    return row_of(record(content, content.sequence if offset is None else offset), forms)


def row_of(brought: Record, forms: Forms = AS_THEY_ARE) -> Row:
    """What a record brings."""
    columns, source, *place, cause, held, fetched_at, sequence = _columns(forms)(brought.value)
    point, category, reading_at = place
    identity = keys.identity_key(source, point, category, reading_at)
    number = canary.number_of(CODEC.decode(brought.value)) if canary.is_canary(point) else None
    return Row(brought, columns, identity, held == Held.OUTSIDE_HISTORY, source, cause, fetched_at, sequence, number)


@lru_cache
def _columns(forms: Forms) -> Callable[[bytes | None], tuple[Any, ...]]:
    return CODEC.columns(forms, PLAIN)


def content(of: Row) -> MeterValue:
    """The value of a row whose columns are as they are."""
    return MeterValue(*of.columns)
