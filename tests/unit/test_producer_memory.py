"""The producer's memory: its record, its key, what is kept of it."""

from dataclasses import replace

import pytest

from producer.memory import NOTHING, Memory, Remembered, decode, memory_key, read_key
from producer.parts import UNDATED, Splitter
from producer.response import read_message
from tests.polling import POINT, feed, message_json, reading_json

EXAMPLE = Remembered(
    fetched_at=1_700_000_000_000_001,
    fingerprint=b"settings",
    task="load",
    cursor=18_321,
    swept_at=5,
    full_at=6,
    readings_next=7,
    parts={20200229: b"abcdefgh", 20200301: b"ijklmnop"},
)


def test_a_record_is_read_back() -> None:
    assert decode(EXAMPLE.encode(100)) == EXAMPLE
    assert decode(NOTHING.encode(100)) == NOTHING


def test_the_record_has_this_form_for_ever() -> None:
    assert EXAMPLE.encode(100).hex() == (
        "010173657474696e677300060a24181e400100000000000047910000000000000005000000000000000600000000"
        "0000000701343b25616263646566676801343b6d696a6b6c6d6e6f70"
    )


def test_a_part_has_this_hash_for_ever() -> None:
    """Another one would publish every window of every point again."""
    of = feed("hour")
    dates = ("2020-02-29T01:00:00", "2020-02-29T00:00:00", "2020-03-01", 7)
    json = message_json(*(reading_json(ReadingDate=date) for date in dates), '"odd"')
    message = read_message(json.encode(), of.mapping.fields, POINT, alone=True)
    assert {part.key: part.hash(b"12345678").hex() for part in Splitter(of).split([message])} == {
        20200229: "39aefe466351b3ec",
        20200301: "6ac5e2f0cfc30a9f",
        UNDATED: "2684d5f4f67d0725",
    }


@pytest.mark.parametrize("record", [None, b"", b"\x01", b"\x02" + EXAMPLE.encode(9)[1:], EXAMPLE.encode(9)[:-1]])
def test_a_record_that_cannot_be_read_counts_as_lost(record: bytes | None) -> None:
    assert decode(record) == NOTHING


def test_only_the_newest_parts_are_kept_and_those_without_a_date() -> None:
    parts = dict.fromkeys((20200228, 20200229, 20200301, UNDATED), b"abcdefgh")
    kept = decode(replace(EXAMPLE, parts=parts).encode(2)).parts
    assert list(kept) == [20200229, 20200301, UNDATED]


@pytest.mark.parametrize("names", [("feed", "735999100057526501"), ("källa", "0012"), ("", '"')])
def test_a_key_names_source_and_point(names: tuple[str, str]) -> None:
    assert read_key(memory_key(*names)) == names


@pytest.mark.parametrize("key", [None, b"", b"feed", b'["feed"]', b'["feed","1","2"]', b'["feed",1]', b"\xff"])
def test_a_key_of_something_else_is_passed_over(key: bytes | None) -> None:
    assert read_key(key) is None


def test_the_later_record_of_a_point_wins_and_a_tombstone_forgets() -> None:
    memory = Memory(most_parts=9)
    memory.restore("1", EXAMPLE.encode(9))
    memory.restore("1", replace(EXAMPLE, fetched_at=9).encode(9))
    assert memory.of("1").fetched_at == 9
    assert list(memory.lengths()) == [("1", 7)]
    memory.restore("1", None)
    assert memory.of("1") == NOTHING
    assert len(memory) == 0


def test_a_full_sweep_of_every_point_can_be_made_due() -> None:
    memory = Memory(most_parts=9)
    memory.restore("1", EXAMPLE.encode(9))
    memory.forget_full_sweeps()
    assert memory.of("1") == replace(EXAMPLE, full_at=0)
