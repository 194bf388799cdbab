"""Columns in one step are the columns of the event, whatever the bytes; and a key in two pieces is the key."""

from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import keys
from schemas.codec import Codec, Undecodable
from schemas.column_reader import Forms, column_reader
from schemas.compiled import Uncommon
from schemas.events import DeadLetter, MeterValue
from schemas.registry import EmbeddedRegistry, current
from tests.event_strategies import meter_values
from tests.sample_events import meter_value

FORMS = Forms(
    text=lambda text: ("text", text),
    integer=lambda number: ("integer", number),
    instant=lambda instant: ("instant", instant),
    number=lambda number: ("number", number),
    null="null",
)
PLAIN = ("source", "reading_at", "held", "fetched_at", "sequence", "granularity")
"""Not in the order of the schema."""
KINDS = {"long": "integer", "timestamp-micros": "instant", "decimal": "number"}
CODEC = Codec(MeterValue, EmbeddedRegistry())
HEADER = 5
READ = column_reader(current("MeterValue"), FORMS, PLAIN)
DECODE = CODEC.columns(FORMS, PLAIN)
SAMPLE = CODEC.encode(meter_value())


def expected(event: MeterValue) -> tuple[Any, ...]:
    """Field by field, from the schema."""
    columns = []
    for field in current("MeterValue")["fields"]:
        value = getattr(event, field["name"])
        node = field["type"][1] if isinstance(field["type"], list) else field["type"]
        kind = node.get("logicalType") if isinstance(node, dict) else node
        columns.append("null" if value is None else (KINDS.get(str(kind), "text"), value))
    return tuple(columns), *(getattr(event, name) for name in PLAIN)


def agree_on(data: bytes) -> None:
    """The fast way refuses, or says what the codec says; the whole way always does."""
    try:
        event = CODEC.decode(data)
    except Undecodable as error:
        with pytest.raises((LookupError, ValueError)):
            READ(data, HEADER)
        with pytest.raises(Undecodable, match=str(error)[:20]):
            DECODE(data)
        return
    assert DECODE(data) == expected(event)


@given(meter_values)
def test_they_are_the_fields_in_their_forms(event: MeterValue) -> None:
    agree_on(CODEC.encode(event))


def test_the_fast_way_knows_the_usual_values() -> None:
    assert READ(SAMPLE, HEADER) == expected(meter_value())


def test_without_plain_fields_there_are_the_columns_alone() -> None:
    columns, *_ = expected(meter_value())
    assert CODEC.columns(FORMS, ())(SAMPLE) == (columns,)
    assert column_reader(current("MeterValue"), FORMS, ())(SAMPLE, HEADER) == (columns,)


def test_joined_columns_are_the_columns_in_their_order() -> None:
    joined = Forms(
        text=lambda text: (("text", text),),
        integer=lambda number: (("integer", number),),
        instant=lambda instant: (("instant", instant),),
        number=lambda number: (("number", number),),
        null=("null",),
        join=lambda columns: tuple(chain.from_iterable(columns)),
    )
    columns, *plain = CODEC.columns(joined, PLAIN)(SAMPLE)
    assert (tuple(chain.from_iterable(columns)), *plain) == expected(meter_value())
    assert len(columns) < len(current("MeterValue")["fields"])


@pytest.mark.parametrize("numbers", [(5, 5, 5, 5), (5, -5, 5, 7), (None, 5, 5, None), (None, None, None, None)])
def test_numbers_that_stand_twice_are_read_as_those_that_do_not(numbers: tuple[int | None, ...]) -> None:
    value, delta, consumption, change = numbers
    event = meter_value(value=value, delta=delta, consumption=consumption, change=change)
    assert READ(CODEC.encode(event), HEADER) == expected(event)


def test_bytes_that_are_a_number_in_one_field_are_not_one_in_another() -> None:
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 12}
    fields = [{"name": "first", "type": decimal}, {"name": "second", "type": ["null", decimal]}]
    read = column_reader({"type": "record", "name": "Two", "fields": fields}, FORMS, ())
    assert read(b"\x02\x00" + b"\x02\x02\x00", 0) == ((("number", 0), ("number", 0)),)
    with pytest.raises(Uncommon):
        read(b"\x02\x00" + b"\x02\x00", 0)  # a decimal without bytes


def test_of_one_wrong_byte_they_accept_what_the_codec_accepts() -> None:
    for at in range(HEADER, len(SAMPLE)):
        for byte in range(256):
            agree_on(SAMPLE[:at] + bytes([byte]) + SAMPLE[at + 1 :])


@given(st.data())
def test_of_damaged_bytes_they_accept_what_the_codec_accepts(data: st.DataObject) -> None:
    at = data.draw(st.integers(HEADER, len(SAMPLE)))
    cut = data.draw(st.integers(0, 12))
    put = data.draw(st.binary(max_size=12))
    agree_on(SAMPLE[:at] + put + SAMPLE[at + cut :])


def test_a_schema_of_other_types_is_refused() -> None:
    with pytest.raises(Uncommon):
        column_reader(current("DeadLetter"), FORMS, ())
    with pytest.raises(Uncommon):
        Codec(DeadLetter, EmbeddedRegistry()).columns(FORMS, ())


@given(st.text(), st.text(), st.text(), st.integers(-(2**63), 2**63 - 1))
def test_an_identity_key_is_its_beginning_and_its_date(source: str, point: str, category: str, at: int) -> None:
    start = keys.identity_start(source, point, category)
    assert keys.identity_from(start, at) == keys.identity_key(source, point, category, at)
