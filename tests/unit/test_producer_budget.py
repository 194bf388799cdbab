"""What one answer may hold: counted over all of its pages, and refused before it is taken apart."""

import json

import pytest

from producer.answer import Answer, Asker
from producer.charset import to_utf8
from producer.points import Point
from producer.response import Unreadable
from producer.windows import Window
from runtime.errors import Poison
from tests.polling import POINT, PollingRoom, feed, message_json, reading_json

WINDOW = Window(18_321, 18_323, "none", last=True)
PAGED = '[request]\npath = "/{metering_point}"\n[envelope]\nshape = "page"\nitems = "Items"\nnext = "Next"\n'


def page(following: str | None, *readings: str) -> bytes:
    """A page of one message; ``following`` asks for the next one."""
    return f'{{"Items":[{message_json(*readings)}],"Next":{json.dumps(following)}}}'.encode()


async def asked(room: PollingRoom) -> Answer:
    """The whole answer."""
    return await Asker(room.feed, room.client, room.metrics).ask(Point(POINT), WINDOW, 0)


@pytest.fixture
def mapping(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of a mapping with pages."""
    file = tmp_path_factory.mktemp("mapping") / "paged.toml"
    file.write_text(PAGED)
    return str(file)


async def test_an_answer_of_just_as_many_readings_is_read() -> None:
    """Its message counts, too."""
    room = PollingRoom(feed(limits={"max_readings": 4}))
    room.client.say(message_json(*[reading_json()] * 3))
    assert (await asked(room)).readings == 3


async def test_one_reading_more_is_too_many() -> None:
    room = PollingRoom(feed(limits={"max_readings": 4}))
    room.client.say(message_json(*[reading_json()] * 4))
    with pytest.raises(Unreadable, match=r"more than 4 readings \(limits.max_readings\)"):
        await asked(room)


async def test_readings_are_counted_over_all_pages(mapping: str) -> None:
    room = PollingRoom(feed(mapping=mapping, limits={"max_readings": 5}))
    room.client.bodies[POINT] = page("2", reading_json(), reading_json())
    room.client.pages["2"] = page(None, reading_json())
    assert (await asked(room)).readings == 3
    room.client.pages["2"] = page(None, reading_json(), reading_json())
    with pytest.raises(Unreadable, match="more than 5 readings"):
        await asked(room)


async def test_bytes_are_counted_over_all_pages(mapping: str) -> None:
    """Pages without end must not add up: each of them is below the limit."""
    room = PollingRoom(feed(mapping=mapping, limits={"max_body_bytes": 2_000}))
    room.client.bodies[POINT] = room.client.pages["again"] = page("again", reading_json())
    with pytest.raises(Unreadable, match="larger than 2000 bytes"):
        await asked(room)
    assert len(room.client.windows) < 10


@pytest.mark.parametrize("charset", ["punycode", "idna", "utf-7", "unicode_escape", "hex", "x" * 100_000, "a\0b", ""])
def test_a_charset_that_no_utility_needs_is_not_decoded(charset: str) -> None:
    """Decoding 400 kB of punycode takes a minute."""
    body = b"a" * 200_000 + b"-" + b"a0" * 100_000
    if not charset:
        assert to_utf8(body, charset) == body
        return
    with pytest.raises(Poison, match="charset"):
        to_utf8(body, charset)


@pytest.mark.parametrize("charset", ["UTF-8", "latin1", "ISO-8859-15", "windows-1252", "utf-16", "us-ascii", "cp850"])
def test_the_charsets_of_utilities_are_read(charset: str) -> None:
    assert to_utf8("Fjaerr".encode(charset), charset) == b"Fjaerr"
