"""Events to test with: every field has a sensible value, a test names only what it is about."""

from typing import Any

import msgspec

from schemas import exact
from schemas.events import DeadLetter, Header, MeterValue, PutBack, Reading

HOUR = 3_600_000_000
MIDNIGHT = 1_577_833_200_000_000  # 2020-01-01T00:00+01:00

_READING = Reading(
    source="oresundskraft-hours",
    customer_number="004711",
    metering_point="735999100057526501",
    delivery_category="EL-EXT",
    unit="kWh",
    consumption=exact.parse("26633.000000000001"),
    reading_at=MIDNIGHT,
    reading_date="2020-01-01T00:00:00",
    reading_method="Fjärr",
    reading_reason=None,
    fetched_at=MIDNIGHT + 5 * HOUR,
    series_kind="volume",
    granularity="hour",
    period_start=MIDNIGHT - HOUR,
    period_end=MIDNIGHT,
    quality="measured",
    consumption_unit="kWh",
    factor=exact.ONE,
    rolls_over_at=None,
    max_per_period=None,
)

_METER_VALUE = MeterValue(
    source="oresundskraft-hours",
    metering_point="735999100057526501",
    delivery_category="EL-EXT",
    reading_at=MIDNIGHT,
    series_kind="volume",
    granularity="hour",
    period_start=MIDNIGHT - HOUR,
    period_end=MIDNIGHT,
    value=exact.parse("26633.000000000001"),
    unit="kWh",
    previous_reading_at=MIDNIGHT - HOUR,
    delta=exact.parse("-12.5"),
    consumption=exact.parse("26633.000000000001"),
    consumption_unit="kWh",
    change=0,
    quality="measured",
    reading_method="Fjärr",
    reading_reason=None,
    cause="new",
    held=None,
    fetched_at=MIDNIGHT + 5 * HOUR,
    epoch="1",
    sequence=42,
    published_at=MIDNIGHT + 5 * HOUR + 1,
)

_DEAD_LETTER = DeadLetter(
    id="00112233445566778899aabbccddeeff",
    stage="streams",
    reason="undecodable_record",
    detail="no Confluent header",
    source=None,
    receiver=None,
    topic="meterstream.1.readings",
    partition=3,
    offset=17,
    original_key=b"735999100057526501",
    original_value=b"\xff\x00",
    original_headers=(Header("trace", b"\x01"), Header("empty", None)),
    original_length=2,
    original_sha256=None,
    fetched_at=None,
    seen_at=MIDNIGHT,
)


def reading(**changes: Any) -> Reading:
    """A reading, with some fields changed."""
    return msgspec.structs.replace(_READING, **changes)


def meter_value(**changes: Any) -> MeterValue:
    """A meter value, with some fields changed."""
    return msgspec.structs.replace(_METER_VALUE, **changes)


def letter(**changes: Any) -> DeadLetter:
    """A dead letter, with some fields changed."""
    return msgspec.structs.replace(_DEAD_LETTER, **changes)


def put_back(**changes: Any) -> PutBack:
    """What was done with the dead letter above, with some fields changed."""
    done = PutBack(
        letter_id=_DEAD_LETTER.id,
        sighting=_DEAD_LETTER.seen_at,
        result="put_back",
        detail="onto meterstream.1.readings, partition 3",
        operator="åsa@office",
        run="ffeeddccbbaa99887766554433221100",
        at=MIDNIGHT + HOUR,
    )
    return msgspec.structs.replace(done, **changes)
