"""The events: frozen, typed, field for field those of the .avsc files, in the same order.

Numbers are ints of 10^-12 (:mod:`schemas.exact`), instants are ints of UTC microseconds
(:mod:`schemas.instants`); None is "missing" and never zero.
"""

from typing import Literal

import msgspec

SeriesKind = Literal["register", "volume"]
Granularity = Literal["month", "day", "hour", "quarter"]
Quality = Literal["unknown", "measured", "estimated", "temporary", "manual", "calculated", "missing"]
Cause = Literal["new", "corrected", "recomputed"]


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One value of a series at one reading date, as polled, with its terms. Identity: series + reading_at."""

    source: str
    customer_number: str | None
    metering_point: str
    delivery_category: str
    unit: str
    consumption: int | None
    reading_at: int
    reading_date: str
    reading_method: str | None
    reading_reason: str | None
    fetched_at: int
    # the terms: every setting that applies, so that streams needs none
    series_kind: SeriesKind
    granularity: Granularity
    period_start: int
    period_end: int
    quality: Quality
    consumption_unit: str
    factor: int
    rolls_over_at: int | None
    max_per_period: int | None


class MeterValue(msgspec.Struct, frozen=True, gc=False):
    """The current row of one identity. Within an epoch the larger ``sequence`` wins."""

    source: str
    metering_point: str
    delivery_category: str
    reading_at: int
    series_kind: SeriesKind
    granularity: Granularity
    period_start: int
    period_end: int
    value: int | None
    unit: str
    previous_reading_at: int | None
    delta: int | None
    consumption: int | None
    consumption_unit: str
    change: int | None
    quality: Quality
    reading_method: str | None
    reading_reason: str | None
    cause: Cause
    held: str | None
    fetched_at: int
    epoch: str
    sequence: int
    published_at: int


class Header(msgspec.Struct, frozen=True):
    """One header of a Kafka record."""

    name: str
    value: bytes | None


class DeadLetter(msgspec.Struct, frozen=True):
    """One sighting of something that could not be used. ``detail`` carries no reading."""

    id: str
    stage: str
    reason: str
    detail: str
    source: str | None
    receiver: str | None
    topic: str
    partition: int | None
    offset: int | None
    original_key: bytes | None
    original_value: bytes | None
    original_headers: tuple[Header, ...]
    original_length: int
    original_sha256: str | None
    fetched_at: int | None
    seen_at: int


class PutBack(msgspec.Struct, frozen=True):
    """What an operator did with one dead letter. ``sighting``: the ``seen_at`` of its newest sighting then."""

    letter_id: str
    sighting: int
    result: str
    detail: str
    operator: str
    run: str
    at: int
