"""Readings that are put together from pieces are those that the mapper and the codec make of each alone."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from producer.parts import Splitter
from producer.points import Point, SeriesSettings
from producer.readings import Asked, ReadingMapper
from producer.response import read_message
from producer.stencils import ReadingEncoder
from runtime.errors import Poison
from schemas import exact
from schemas.codec import Codec
from schemas.events import Reading
from schemas.instants import DAY
from schemas.reasons import Reason
from schemas.registry import EmbeddedRegistry
from tests.polling import ABSENT, NOW, POINT, Literal, feed, message_json, reading_json

FEED = feed("day", categories={"VARME": {"kind": "register", "stamp": "end"}, "VATTEN": {"stamp": "start"}})
CODEC = Codec(Reading, EmbeddedRegistry())
NAMES = FEED.mapping.fields
POINTS = [
    Point(POINT),
    Point(
        POINT, {"EL-EXT": SeriesSettings(kind="register", factor=40 * exact.ONE), "": SeriesSettings(max_per_period=1)}
    ),
]
fields = {
    "DeliveryCategory": st.sampled_from(["EL-EXT", "VARME", "VATTEN", "okänd", "", 7, ABSENT]),
    "Unit": st.sampled_from(["kWh", "MWh", "m3", ""]),
    "Consumption": st.sampled_from(
        ["1", "-2.5", "0.000000000001", "9" * 24, '"17.0"', '"x"', "null", "1e3", "1e99", "[]"]
    ).map(Literal),
    "ReadingDate": st.sampled_from(
        ["2020-02-29", "2020-02-29T00:00:00", "2020-03-01 24:00", "2020-03-22", "2020-02-30", "", 5, None]
    ),
    "ReadingMethod": st.sampled_from(["Fjärr", "Beräknad", "21", 21, "ny", None, ABSENT, "\0", []]),
    "ReadingReason": st.sampled_from(["2", 2, None, ABSENT, "x" * 1_001]),
}
others = st.dictionaries(st.sampled_from(["Another", "Unit "]), st.integers(), max_size=1)
usual = {
    "DeliveryCategory": st.sampled_from(["EL-EXT", "VARME"]),
    "Unit": st.sampled_from(["kWh", "MWh"]),
    "Consumption": st.integers(-(10**6), 10**6).map(lambda number: Literal(f"{number}.500000000000")),
    "ReadingDate": st.sampled_from([f"2020-02-{day}" for day in range(10, 20)]),
    "ReadingMethod": st.sampled_from(["Fjärr", "Beräknad", "ny"]),
    "ReadingReason": st.sampled_from(["2", "3"]),
}
written = (
    st.tuples(st.fixed_dictionaries({}, optional=fields), others).map(
        lambda drawn: reading_json(**drawn[0], **drawn[1])
    )
    | st.fixed_dictionaries({}, optional=usual).map(lambda changes: reading_json(**changes))
    | st.sampled_from(["[]", "null", '"text"', json.dumps({})])
)


Unknown = list[tuple[str, str]]


def whole(raw: bytes, asked: Asked, unknown: Unknown) -> tuple[int, bytes] | Reason:
    """What the mapper and the codec make of a reading; adds what about it is unknown."""
    try:
        mapped = ReadingMapper(FEED).map(raw, asked)
    except Poison as error:
        return error.reason
    unknown += mapped.unknown
    return mapped.reading.reading_at, CODEC.encode(mapped.reading)


@given(
    answers=st.lists(st.tuples(st.sampled_from(POINTS), st.integers(0, 9), st.lists(written, max_size=8)), max_size=4)
)
@example(answers=[(POINTS[0], 0, [reading_json(), reading_json(Consumption=Literal("null")), reading_json()])])
@example(answers=[(POINTS[0], 0, [reading_json(), reading_json(Consumption=Literal("9" * 24)), reading_json()])])
@example(answers=[(POINTS[0], 0, [reading_json()] * 2), (POINTS[1], 1, [reading_json()] * 2)])
def test_a_reading_is_the_same_whatever_came_before_it(answers: list[tuple[Point, int, list[str]]]) -> None:
    encoder = ReadingEncoder(FEED, CODEC)
    for point, later, readings in answers:
        asked = Asked(point, "12345", NOW + later)
        page = encoder.page(asked)
        unknown: Unknown = []
        message = read_message(message_json(*readings).encode(), NAMES, POINT, alone=True)
        for item in (item for part in Splitter(FEED).split([message]) for item in part.readings):
            expected = whole(item.raw, asked, unknown)
            try:
                assert page.encode(item) == expected
            except Poison as error:
                assert error.reason == expected
        assert page.unknown == unknown


def test_a_date_that_was_in_the_future_is_judged_by_each_answer_anew() -> None:
    encoder = ReadingEncoder(FEED, CODEC)
    for asked_at, future in ((NOW + 9 * DAY, False), (NOW, True), (NOW + 9 * DAY, False)):
        page = encoder.page(Asked(POINTS[0], None, asked_at))
        readings = [reading_json(), reading_json(ReadingDate="2020-03-25")]
        message = read_message(message_json(*readings).encode(), NAMES, POINT, alone=True)
        items = [item for part in Splitter(FEED).split([message]) for item in part.readings]
        page.encode(items[0])
        try:
            page.encode(items[1])
            assert not future
        except Poison as error:
            assert future and error.reason == Reason.IN_FUTURE
