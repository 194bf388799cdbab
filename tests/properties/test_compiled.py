"""The functions made for a schema accept a part of what fastavro accepts, with the same meaning, and write the same."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas import compiled, event_reader, event_writer
from schemas.codec import Codec, Undecodable
from schemas.compiled import Uncommon
from schemas.events import DeadLetter, MeterValue, Reading
from schemas.registry import EmbeddedRegistry, current
from tests.event_strategies import meter_values, readings
from tests.sample_events import letter, meter_value, reading

HEADER = 5


class Pair:
    """The same event's codec twice: with the functions made for it, and with fastavro alone."""

    def __init__(self, event: type[Reading] | type[MeterValue]) -> None:
        schema = current(event.__name__)
        self.read: event_reader.Read[Any] = event_reader.reader(schema, event)
        self.write = event_writer.writer(event_writer.forms(schema))
        self.plain: Codec[Any] = Codec(event, EmbeddedRegistry())
        self.plain._read = self.plain._write = None

    def agree_on(self, event: Reading | MeterValue) -> None:
        data = self.plain.encode(event)
        with suppress(Uncommon, LookupError, ValueError):
            assert self.write(data[:HEADER], event) == data
        with suppress(Uncommon, LookupError, ValueError):
            assert self.read(data, HEADER) == event

    def agree_on_bytes(self, data: bytes) -> None:
        try:
            event = self.read(data, HEADER)
        except (LookupError, ValueError):
            return
        assert self.plain.decode(data) == event


READINGS, VALUES = Pair(Reading), Pair(MeterValue)
PAIRS = pytest.mark.parametrize("pair", [READINGS, VALUES], ids=["Reading", "MeterValue"])
SAMPLES = (READINGS.plain.encode(reading()), VALUES.plain.encode(meter_value()))


@given(readings | meter_values)
@example(reading(metering_point="x" * 63))
@example(reading(metering_point="x" * 64))
@example(reading(consumption=-(2**119)))
@example(reading(consumption=2**119))
@example(reading(reading_at=2**48))
@example(reading(reading_at=2**48 - 1))
def test_they_write_and_read_as_fastavro(event: Reading | MeterValue) -> None:
    (READINGS if isinstance(event, Reading) else VALUES).agree_on(event)


@given(event=readings, apart=st.sets(st.sampled_from(Reading.__struct_fields__)))
def test_pieces_of_an_event_joined_are_the_whole(event: Reading, apart: set[str]) -> None:
    codec = Codec(Reading, EmbeddedRegistry())
    with suppress(Uncommon):
        pieces = codec.pieces(event, apart)
        assert b"".join(pieces) == codec.encode(event)
        assert len(pieces) == 2 * len(apart) + 1
        assert pieces[1::2] == [codec.forms[name](getattr(event, name)) for name in codec.forms if name in apart]


def test_they_know_the_usual_events() -> None:
    """Else all would be right, and slow."""
    first, second = reading(), meter_value(sequence=2**40, previous_reading_at=None)
    for pair, event in ((READINGS, first), (VALUES, second)):
        data = pair.plain.encode(event)
        assert pair.write(data[:HEADER], event) == data
        assert pair.read(data, HEADER) == event


@PAIRS
@given(data=st.data())
def test_of_damaged_bytes_they_accept_nothing_that_fastavro_does_not(pair: Pair, data: st.DataObject) -> None:
    sample = SAMPLES[pair is VALUES]
    at = data.draw(st.integers(HEADER, len(sample)))
    cut = data.draw(st.integers(0, 12))
    put = data.draw(st.binary(max_size=12))
    pair.agree_on_bytes(sample[:at] + put + sample[at + cut :])


@PAIRS
def test_of_one_wrong_byte_they_accept_nothing_that_fastavro_does_not(pair: Pair) -> None:
    sample = SAMPLES[pair is VALUES]
    for at in range(HEADER, len(sample)):
        for byte in range(256):
            pair.agree_on_bytes(sample[:at] + bytes([byte]) + sample[at + 1 :])


@pytest.mark.parametrize("size", [15, 16, 20])
def test_a_number_of_too_many_digits_is_not_accepted(size: int) -> None:
    small = READINGS.plain.encode(reading(consumption=0x77))
    large = small.replace(b"\x02\x02\x77", b"\x02" + bytes([2 * size]) + b"\x7f" * size)
    assert len(large) == len(small) + size - 1
    READINGS.agree_on_bytes(large)


@PAIRS
def test_bytes_that_end_early_or_late_are_not_accepted(pair: Pair) -> None:
    sample = SAMPLES[pair is VALUES]
    for length in range(HEADER, len(sample)):
        with pytest.raises((LookupError, ValueError)):
            pair.read(sample[:length], HEADER)
    with pytest.raises(Uncommon):
        pair.read(sample + b"\0", HEADER)


def test_a_long_without_end_is_given_up_at_once() -> None:
    sample = VALUES.plain.encode(meter_value(sequence=2**62))
    digits = sample.index(b"\x80" * 8)
    with pytest.raises(Uncommon):
        VALUES.read(sample[:digits] + b"\xff" * 900_000, HEADER)


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "KEPT", 3)
    kept = compiled.Kept(lambda number: -number)
    assert [kept[number] for number in range(10)] == [-number for number in range(10)]
    assert len(kept) <= 3


def test_a_schema_of_other_types_is_refused() -> None:
    with pytest.raises(Uncommon):
        event_reader.reader(current("DeadLetter"), DeadLetter)
    with pytest.raises(Uncommon):
        event_writer.forms(current("DeadLetter"))


def test_what_is_unusual_is_not_cut_up() -> None:
    with pytest.raises(Uncommon):
        Codec(DeadLetter, EmbeddedRegistry()).pieces(letter(), ())
    with pytest.raises(Uncommon):
        Codec(Reading, EmbeddedRegistry()).pieces(reading(consumption=2**119), ("consumption",))


def test_the_codec_falls_back_to_fastavro() -> None:
    codec = Codec(Reading, EmbeddedRegistry())
    long = reading(metering_point="x" * 500, reading_at=1)
    assert codec.decode(codec.encode(long)) == long
    with pytest.raises(Undecodable, match="not the Avro of Reading"):
        codec.decode(SAMPLES[0][:HEADER] + b"\x01")
