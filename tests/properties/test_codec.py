"""Laws of the codec: what is encoded is decoded the same, and nothing else does harm."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas import exact, instants
from schemas.codec import Codec, Undecodable
from schemas.events import DeadLetter, MeterValue, Reading
from schemas.registry import EmbeddedRegistry, UnknownSchemaId
from tests.event_strategies import letters, meter_values, readings
from tests.sample_events import letter, meter_value, reading

REGISTRY = EmbeddedRegistry()
READINGS = Codec(Reading, REGISTRY)
VALUES = Codec(MeterValue, REGISTRY)
LETTERS = Codec(DeadLetter, REGISTRY)


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
