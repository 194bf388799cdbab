"""Laws of reading an answer: whatever the bytes, only documented outcomes; every reading ends as exactly one thing."""

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from producer import surrogates
from producer.dates import parse
from producer.poller import Incomplete
from producer.response import Unreadable
from runtime.errors import Poison
from schemas import exact, instants
from schemas.reasons import Reason
from tests.polling import POINT, Literal, PollingRoom, mapped, message_json, reading_json

OF_A_READING = {
    Reason.MISSING_FIELD,
    Reason.WRONG_TYPE,
    Reason.BAD_VALUE,
    Reason.OUT_OF_RANGE,
    Reason.BAD_DATE,
    Reason.IN_FUTURE,
    Reason.UNENCODABLE_TEXT,
    Reason.TOO_LONG,
}
OF_A_MESSAGE = {
    Reason.UNREADABLE_MESSAGE,
    Reason.WRONG_POINT,
    Reason.WRONG_TYPE,
    Reason.TOO_LONG,
    Reason.UNENCODABLE_TEXT,
}

numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | st.text(max_size=8)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
dates = st.datetimes(datetime.fromisoformat("1960-01-01"), datetime.fromisoformat("2030-01-01"))
fields = {
    "DeliveryCategory": st.sampled_from(["EL-EXT", "VARME", ""]) | anything,
    "Unit": st.sampled_from(["kWh", "MWh", ""]) | anything,
    "Consumption": st.integers() | st.decimals(allow_nan=False, allow_infinity=False).map(float) | anything,
    "ReadingDate": dates.map(datetime.isoformat) | anything,
    "ReadingMethod": st.sampled_from(["Fjärr", 21]) | anything,
    "ReadingReason": anything,
    "Another": anything,
}
readings = st.fixed_dictionaries({}, optional=fields) | anything
good = json.dumps(
    {"CustomerNumber": "1", "MeteringPoint": POINT, "ConsumptionReadings": [json.loads(reading_json())] * 3}
).encode()


def polled(body: bytes) -> PollingRoom | None:
    """The room after one poll of a body; None: it was refused as a whole, with one dead letter."""
    room = PollingRoom()
    room.client.bodies[POINT] = body
    try:
        asyncio.run(room.poll())
    except Incomplete:
        assert room.log.letters(), "a message is a dead letter, and the rest of the answer flows"
    except Unreadable:
        assert [letter.reason for letter in room.log.letters()] == [Reason.UNREADABLE_RESPONSE]
        assert not room.log.readings()
        return None
    return room


@given(st.lists(readings, max_size=6))
@settings(deadline=None)
def test_every_reading_of_an_accepted_answer_is_a_reading_or_a_dead_letter(given_readings: list[object]) -> None:
    room = polled(message_json(*map(json.dumps, given_readings)).encode())
    assert room is not None
    letters = room.log.letters()
    assert len(room.log.readings()) + len(letters) == len(given_readings)
    assert {letter.reason for letter in letters} <= OF_A_READING
    assert room.count("polled_total") == len(given_readings)


@given(anything)
@settings(deadline=None)
def test_any_json_is_an_answer_a_dead_letter_or_a_failed_poll(value: object) -> None:
    assert polled(json.dumps(value).encode()) is None, "nothing of this is a message"


@given(anything, anything, anything)
@settings(deadline=None)
def test_any_object_with_the_names_of_a_message_is_documented(point: object, customer: object, listed: object) -> None:
    body = json.dumps({"MeteringPoint": point, "CustomerNumber": customer, "ConsumptionReadings": listed})
    room = polled(body.encode())
    if room is not None:
        assert {letter.reason for letter in room.log.letters()} <= OF_A_MESSAGE


kinds = st.sampled_from(["change", "remove", "add", "cut"])
edits = st.tuples(kinds, st.integers(0, len(good) - 1), st.integers(0, 255))


@given(st.lists(edits, min_size=1, max_size=4))
@settings(deadline=None, max_examples=200)
def test_a_body_with_bytes_changed_has_a_documented_outcome(changes: list[tuple[str, int, int]]) -> None:
    body = bytearray(good)
    for kind, place, byte in changes:
        if kind == "add":
            body.insert(place, byte)
        else:
            replaced = b"" if kind != "change" else bytes([byte])
            body[place : len(body) if kind == "cut" else place + 1] = replaced
    room = polled(bytes(body))
    if room is not None:
        outcomes = len(room.log.readings()) + len(room.log.letters())
        assert outcomes == max(room.count("polled_total"), len(room.log.letters()))


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_have_a_documented_outcome(body: bytes) -> None:
    assert polled(body) is None


@given(st.text(max_size=40))
@settings(deadline=None)
def test_any_text_is_a_date_or_a_bad_date(text: str) -> None:
    try:
        written = parse(text)
    except Poison as error:
        assert error.reason == Reason.BAD_DATE
    else:
        assert 0 <= written.time <= instants.DAY


@given(st.integers(-(exact.LIMIT - 1), exact.LIMIT - 1))
@settings(deadline=None)
def test_a_number_keeps_every_digit(number: int) -> None:
    text = exact.to_text(number)
    assert mapped(reading_json(Consumption=Literal(text))).consumption == number
    assert mapped(reading_json(Consumption=text)).consumption == number


@given(st.decimals(allow_nan=False, allow_infinity=False))
@settings(deadline=None)
def test_a_number_is_read_exactly_or_refused(number: Decimal) -> None:
    text = format(number, "f")
    try:
        value = mapped(reading_json(Consumption=Literal(text))).consumption
    except Poison as error:
        assert error.reason == Reason.OUT_OF_RANGE
    else:
        assert value is not None
        assert Fraction(value, exact.ONE) == Fraction(number)


@given(st.datetimes(datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("2020-03-01")))
@settings(deadline=None)
def test_an_offset_less_date_is_swedish_normal_time(moment: datetime) -> None:
    reading = mapped(reading_json(ReadingDate=moment.isoformat()))
    assert reading.reading_at == instants.from_datetime(moment.replace(tzinfo=UTC)) - instants.HOUR
    assert reading.period_start < reading.reading_at <= reading.period_end
    assert reading.reading_date == moment.isoformat()


@given(st.lists(st.sampled_from(['"', "\\", "\\u", "d83d", "de00", "D800", "x", "\\\\", "\\n", " "]), max_size=12))
@settings(deadline=None)
def test_masking_lone_surrogates_can_be_undone(pieces: list[str]) -> None:
    text = "".join(pieces).encode()
    assert surrogates.unmask(surrogates.mask(text)) == text


@given(st.text(st.characters(codec=None, categories=["Cs", "Lu", "Po"]), max_size=10))
@settings(deadline=None)
def test_a_lone_surrogate_spoils_one_reading_only(text: str) -> None:
    room = polled(message_json(reading_json().replace('"Fjärr"', json.dumps(text)), reading_json()).encode())
    assert room is not None
    lone = any("\ud800" <= character <= "\udfff" for character in json.loads(json.dumps(text)))
    assert len(room.log.readings()) == (1 if lone else 2)
    assert [letter.reason for letter in room.log.letters()] == [Reason.UNENCODABLE_TEXT] * lone
