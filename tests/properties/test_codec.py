"""Laws of the codec: what is encoded is decoded the same, and nothing else does harm."""

from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas import events, exact, instants
from schemas.codec import Codec, Undecodable
from schemas.events import DeadLetter, Header, MeterValue, Reading
from schemas.registry import EmbeddedRegistry, UnknownSchemaId
from tests.sample_events import letter, meter_value, reading

REGISTRY = EmbeddedRegistry()
READINGS = Codec(Reading, REGISTRY)
VALUES = Codec(MeterValue, REGISTRY)
LETTERS = Codec(DeadLetter, REGISTRY)

texts = st.text(max_size=40)
numbers = st.integers(1 - exact.LIMIT, exact.LIMIT - 1)
moments = st.integers(instants.EARLIEST, instants.LATEST)
longs = st.integers(-(2**63), 2**63 - 1)
blobs = st.binary(max_size=60)


def words(literal: object) -> st.SearchStrategy[str]:
    return st.sampled_from(get_args(literal))


readings = st.builds(
    Reading,
    source=texts,
    customer_number=st.none() | texts,
    metering_point=texts,
    delivery_category=texts,
    unit=texts,
    consumption=st.none() | numbers,
    reading_at=moments,
    reading_date=texts,
    reading_method=st.none() | texts,
    reading_reason=st.none() | texts,
    fetched_at=moments,
    series_kind=words(events.SeriesKind),
    granularity=words(events.Granularity),
    period_start=moments,
    period_end=moments,
    quality=words(events.Quality),
    consumption_unit=texts,
    factor=numbers,
    rolls_over_at=st.none() | numbers,
    max_per_period=st.none() | numbers,
)
meter_values = st.builds(
    MeterValue,
    source=texts,
    metering_point=texts,
    delivery_category=texts,
    reading_at=moments,
    series_kind=words(events.SeriesKind),
    granularity=words(events.Granularity),
    period_start=moments,
    period_end=moments,
    value=st.none() | numbers,
    unit=texts,
    previous_reading_at=st.none() | moments,
    delta=st.none() | numbers,
    consumption=st.none() | numbers,
    consumption_unit=texts,
    change=st.none() | numbers,
    quality=words(events.Quality),
    reading_method=st.none() | texts,
    reading_reason=st.none() | texts,
    cause=words(events.Cause),
    held=st.none() | texts,
    fetched_at=moments,
    epoch=texts,
    sequence=longs,
    published_at=moments,
)
letters = st.builds(
    DeadLetter,
    id=texts,
    stage=texts,
    reason=texts,
    detail=texts,
    source=st.none() | texts,
    receiver=st.none() | texts,
    topic=texts,
    partition=st.none() | st.integers(-(2**31), 2**31 - 1),
    offset=st.none() | longs,
    original_key=st.none() | blobs,
    original_value=st.none() | blobs,
    original_headers=st.lists(st.builds(Header, texts, st.none() | blobs), max_size=3).map(tuple),
    original_length=longs,
    original_sha256=st.none() | texts,
    fetched_at=st.none() | moments,
    seen_at=moments,
)


@given(readings)
def test_a_reading_comes_back_as_it_went(event: Reading) -> None:
    assert READINGS.decode(READINGS.encode(event)) == event


@given(meter_values)
def test_a_meter_value_comes_back_as_it_went(event: MeterValue) -> None:
    assert VALUES.decode(VALUES.encode(event)) == event


@given(letters)
def test_a_dead_letter_comes_back_as_it_went(event: DeadLetter) -> None:
    assert LETTERS.decode(LETTERS.encode(event)) == event


ENCODED = (READINGS.encode(reading()), VALUES.encode(meter_value()), LETTERS.encode(letter()))

damaged = st.builds(
    lambda data, start, length, put: data[:start] + put + data[start + length :],
    st.sampled_from(ENCODED),
    st.integers(0, 200),
    st.integers(0, 20),
    st.binary(max_size=12),
)
prefixed = st.builds(lambda data, body: data[:5] + body, st.sampled_from(ENCODED), st.binary(max_size=300))


@pytest.mark.parametrize("codec", [READINGS, VALUES, LETTERS], ids=["Reading", "MeterValue", "DeadLetter"])
@given(data=st.one_of(st.none(), st.binary(max_size=80), damaged, prefixed))
@example(data=b"\x00")
@example(data=b"\x00\xff\xff\xff\xff")
@example(data=ENCODED[0][:5] + b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
def test_any_bytes_are_an_event_or_a_documented_error(
    codec: Codec[Reading] | Codec[MeterValue] | Codec[DeadLetter], data: bytes | None
) -> None:
    """What is decoded can be used: it can be encoded again, and its instants are datetimes."""
    try:
        event = codec.decode(data)
    except (Undecodable, UnknownSchemaId):
        return
    if isinstance(event, Reading):
        assert READINGS.decode(READINGS.encode(event)) == event
        instants.to_text(event.reading_at)
    elif isinstance(event, MeterValue):
        assert VALUES.decode(VALUES.encode(event)) == event
        instants.to_text(event.published_at)
    else:
        assert LETTERS.decode(LETTERS.encode(event)) == event


@given(readings, st.binary(min_size=1, max_size=5))
def test_bytes_left_over_are_not_ignored(event: Reading, more: bytes) -> None:
    with pytest.raises(Undecodable, match="left over"):
        READINGS.decode(READINGS.encode(event) + more)


@given(readings, st.data())
def test_a_record_cut_short_is_undecodable(event: Reading, data: st.DataObject) -> None:
    encoded = READINGS.encode(event)
    with pytest.raises((Undecodable, UnknownSchemaId)):
        READINGS.decode(encoded[: data.draw(st.integers(0, len(encoded) - 1))])


def test_another_events_record_is_undecodable() -> None:
    with pytest.raises(Undecodable, match=r"2000000002 is not meterstream\.Reading"):
        READINGS.decode(VALUES.encode(meter_value()))


@pytest.mark.parametrize("number", [exact.LIMIT, -exact.LIMIT])
def test_a_number_that_nobody_could_read_is_not_written(number: int) -> None:
    with pytest.raises(exact.OutOfRange, match="consumption"):
        READINGS.encode(reading(consumption=number))


@pytest.mark.parametrize("instant", [instants.LATEST + 1, instants.EARLIEST - 1, 2**62])
def test_an_instant_that_no_database_holds_is_undecodable(instant: int) -> None:
    with pytest.raises(Undecodable, match="reading_at"):
        READINGS.decode(READINGS.encode(reading(reading_at=instant)))


def test_a_decimal_without_bytes_is_undecodable_and_not_zero() -> None:
    encoded = READINGS.encode(reading(factor=7))
    cut = encoded.replace(b"\x06kWh\x02\x07", b"\x06kWh\x00")
    assert len(cut) == len(encoded) - 1
    with pytest.raises(Undecodable, match="factor"):
        READINGS.decode(cut)


def test_a_lone_surrogate_is_not_written() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        READINGS.encode(reading(unit="\ud800"))
