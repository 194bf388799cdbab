"""Poll, map, publish, remember: what is published when, in which order, and what is remembered of it."""

import logging
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from producer.points import Point, SeriesSettings
from producer.poller import TRIES, Incomplete
from producer.response import Unreadable
from runtime.metrics import ProducerMetrics
from schemas import exact
from schemas.instants import DAY, SECOND
from tests.polling import (
    ABSENT,
    NAMES,
    NOW,
    POINT,
    Died,
    PollingRoom,
    feed,
    message_json,
    reading_json,
    winners,
)


def hour(text: str, value: object = 1, **changes: object) -> str:
    return reading_json(ReadingDate=text, Consumption=value, **changes)


async def loaded(room: PollingRoom, *readings: str) -> None:
    """Polls until nothing is under way, then forgets what was asked and written meanwhile."""
    room.client.say(message_json(*readings))
    while await room.poll():
        pass
    room.client.windows.clear()


OTHER = '"735999100000000000"'


async def test_the_readings_of_an_answer_are_published_sorted_by_date() -> None:
    room = PollingRoom()
    room.client.say(message_json(hour("2020-03-02T02:00:00"), hour("2020-03-01T02:00:00"), hour("2020-03-02T01:00:00")))
    await room.poll()
    assert [reading.reading_date[8:13] for reading in room.log.readings()] == ["01T02", "02T01", "02T02"]


async def test_all_readings_of_a_point_lie_on_its_partition_under_its_key() -> None:
    room = PollingRoom()
    room.client.say(message_json(hour("2020-03-02T02:00:00")))
    await room.poll()
    record = next(record for record in room.log.records if record.topic == NAMES.readings)
    assert (record.key, record.partition) == (POINT.encode(), 2)


async def test_before_anything_is_published_its_memory_is_erased_and_written_after() -> None:
    room = PollingRoom()
    room.client.say(message_json(hour("2020-03-02T02:00:00"), hour("2020-03-03T02:00:00", "x")))
    await room.poll()
    topics = [record.topic for record in room.log.records]
    assert topics == [NAMES.polls, NAMES.readings, NAMES.dead_letters, NAMES.polls]


async def test_an_unchanged_answer_publishes_nothing() -> None:
    room = PollingRoom()
    await loaded(room, hour("2020-03-02T02:00:00"), hour("2020-03-02T03:00:00"))
    before = len(room.log.records)
    await room.poll()
    room.client.say(message_json(hour("2020-03-02T03:00:00"), " " + hour("2020-03-02T02:00:00")), "\n")
    await room.poll()
    assert len(room.log.records) == before
    assert room.count("unchanged_total") == 6, "the second piece of the load, and two polls"


async def test_only_the_days_that_changed_are_published_again() -> None:
    room = PollingRoom()
    await loaded(room, hour("2020-03-02T01:00:00"), hour("2020-03-02T02:00:00"), hour("2020-03-03T01:00:00"))
    before = len(room.log.readings())
    room.client.say(
        message_json(hour("2020-03-02T01:00:00"), hour("2020-03-02T02:00:00", 7), hour("2020-03-03T01:00:00"))
    )
    await room.poll()
    assert [reading.reading_date for reading in room.log.readings()[before:]] == [
        "2020-03-02T01:00:00",
        "2020-03-02T02:00:00",
    ]


async def test_of_a_month_source_only_the_months_that_changed_are_published_again() -> None:
    room = PollingRoom(feed("month"))
    await loaded(room, hour("2020-01-31"), hour("2020-02-29"))
    before = len(room.log.readings())
    room.client.say(message_json(hour("2020-01-31"), hour("2020-02-29", 2)))
    await room.poll()
    assert [reading.reading_date for reading in room.log.readings()[before:]] == ["2020-02-29"]


async def test_what_was_published_before_a_restart_is_not_published_again() -> None:
    room = PollingRoom()
    await loaded(room, hour("2020-03-02T02:00:00"))
    before = len(room.log.records)
    room.restart()
    await room.poll()
    assert len(room.log.records) == before
    assert [window.task for window in room.client.windows] == ["none"]


async def test_a_new_point_is_loaded_before_its_recent_window_and_goes_on_at_once() -> None:
    room = PollingRoom()
    room.client.say(message_json())
    assert await room.poll() is True
    assert await room.poll() is False
    await room.poll()
    assert [window.task for window in room.client.windows] == ["load", "load", "none"]


async def test_a_load_goes_on_after_a_restart() -> None:
    room = PollingRoom(request_span=10)
    room.client.say(message_json())
    await room.poll()
    await room.poll()
    room.restart()
    await room.poll()
    first, second, third = room.client.windows
    assert (first.end, second.end) == (second.first, third.first)


async def test_fetched_at_rises_even_where_the_clock_goes_back() -> None:
    room = PollingRoom()
    await loaded(room, hour("2020-03-02T02:00:00"))
    newest = room.log.readings()[-1].fetched_at
    room.client.sent_at = NOW - 400 * DAY
    room.restart()
    room.client.say(message_json(hour("2020-03-02T02:00:00", 2)))
    await room.poll()
    assert room.log.readings()[-1].fetched_at == newest + 1_000


async def test_a_changed_setting_publishes_the_history_again() -> None:
    room = PollingRoom()
    await loaded(room, hour("2020-03-02T02:00:00"))
    room.client.windows.clear()
    register = Point(POINT, {"": SeriesSettings("register")})
    while await room.poll(register):
        pass
    assert [window.task for window in room.client.windows] == ["load", "load"]
    assert [reading.series_kind for reading in room.log.readings()] == ["volume", "register"]


async def test_a_full_sweep_publishes_what_did_not_change() -> None:
    room = PollingRoom()
    await loaded(room, hour("2020-03-02T02:00:00"))
    room.now += 92 * DAY
    room.client.sent_at = room.now
    while await room.poll():
        pass
    assert {window.task for window in room.client.windows} == {"full"}
    assert len(room.log.readings()) > 1
    assert len({reading.fetched_at for reading in room.log.readings()}) > 1


async def test_a_deep_sweep_publishes_nothing_that_did_not_change_and_is_remembered() -> None:
    room = PollingRoom()
    await loaded(room, hour("2020-03-02T02:00:00"))
    room.now += 8 * DAY
    while await room.poll():
        pass
    room.restart()
    await room.poll()
    assert [window.task for window in room.client.windows] == ["sweep", "sweep", "none"]
    assert len(room.log.readings()) == 1


async def test_a_part_with_a_reading_of_the_future_is_not_remembered() -> None:
    """Its refusal depends on the clock: when its time has come, the same bytes are a reading."""
    room = PollingRoom()
    await loaded(room, hour("2020-03-22T12:00:00"), hour("2020-03-02T12:00:00"))
    assert {letter.reason for letter in room.log.letters()} == {"in_future"}
    assert len(room.log.readings()) == 1
    room.client.sent_at = room.now = NOW + 2 * DAY
    await room.poll()
    assert [reading.reading_date for reading in room.log.readings()] == ["2020-03-02T12:00:00", "2020-03-22T12:00:00"]


async def test_a_reading_that_cannot_be_used_is_a_dead_letter_and_its_neighbours_flow() -> None:
    room = PollingRoom()
    bad = hour("2020-03-02T03:00:00", "abc")
    await loaded(room, hour("2020-03-02T02:00:00"), bad, hour("2020-03-02T04:00:00"))
    (letter,) = room.log.letters()
    assert (letter.reason, letter.stage, letter.topic, letter.source) == ("bad_value", "producer", "http", "feed")
    assert letter.original_value == message_json(bad).encode()
    assert letter.original_key == POINT.encode()
    assert letter.fetched_at == room.log.readings()[0].fetched_at
    assert len(room.log.readings()) == 2
    assert room.count("refused_total", reason="bad_value") == 1


async def test_the_same_bad_reading_has_the_same_id_whatever_stands_beside_it() -> None:
    room = PollingRoom()
    bad = hour("2020-03-02T03:00:00", "abc")
    await loaded(room, bad)
    room.client.say(message_json(hour("2020-03-02T02:00:00"), bad))
    await room.poll()
    assert len(room.log.letters()) == 2
    assert len({letter.id for letter in room.log.letters()}) == 1


async def test_readings_without_a_date_do_not_disturb_the_others() -> None:
    room = PollingRoom()
    await loaded(room, reading_json(ReadingDate=ABSENT), "5", hour("2020-03-02T02:00:00"))
    assert sorted(letter.reason for letter in room.log.letters()) == ["missing_field", "wrong_type"]
    before = len(room.log.records)
    room.client.say(message_json(reading_json(ReadingDate=ABSENT), "5", hour("2020-03-02T02:00:00")), " ")
    await room.poll()
    assert len(room.log.records) == before


async def test_an_unreadable_answer_is_a_failed_poll_and_one_dead_letter_by_point_and_reason() -> None:
    room = PollingRoom()
    for number in (1, 2):
        room.client.say(f"<html>request {number}</html>")
        with pytest.raises(Unreadable):
            await room.poll()
    room.restart()
    room.client.say("another thing")
    with pytest.raises(Unreadable):
        await room.poll()
    letters = room.log.letters()
    assert len(letters) == 3
    assert len({letter.id for letter in letters}) == 1
    assert letters[0].original_value == b"<html>request 1</html>"
    assert room.count("calls_total", outcome="unreadable") == 3
    assert not room.log.readings()
    assert room.client.windows[0] == room.client.windows[2], "nothing was skipped"


async def test_a_failed_poll_changes_nothing() -> None:
    room = PollingRoom()
    await loaded(room, hour("2020-03-02T02:00:00"))
    memory = room.memory.of(POINT)
    room.client.say("{}")
    with pytest.raises(Unreadable):
        await room.poll()
    assert room.memory.of(POINT) == memory


async def test_a_message_about_another_point_is_one_dead_letter() -> None:
    room = PollingRoom(feed())
    room.client.say(message_json(hour("2020-03-02T02:00:00"), point=OTHER))
    with pytest.raises(Incomplete):
        await room.poll()
    assert [letter.reason for letter in room.log.letters()] == ["wrong_point"]
    assert not room.log.readings()


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_piece_of_a_load_with_a_message_that_cannot_be_used_is_asked_for_again(restarted: bool) -> None:
    """Else what it should have told would be missing until the next deep sweep, days later."""
    room = PollingRoom()
    room.client.say(message_json(hour("2020-02-18T02:00:00"), point=OTHER))
    with pytest.raises(Incomplete):
        await room.poll()
    if restarted:
        room.restart()
    room.client.say(message_json(hour("2020-02-18T02:00:00")))
    assert await room.poll()
    first, again = room.client.windows
    assert (again.task, again.first, again.end) == ("load", first.first, first.end)
    assert len(room.log.readings()) == 1


async def test_a_message_that_stays_useless_does_not_stop_its_point(caplog: pytest.LogCaptureFixture) -> None:
    room = PollingRoom()
    room.client.say(message_json(hour("2020-02-18T02:00:00"), point=OTHER))
    for _ in range(TRIES - 1):
        with pytest.raises(Incomplete):
            await room.poll()
    assert await room.poll()
    assert "cannot be used, at 6 tries" in caplog.text
    assert len({letter.id for letter in room.log.letters()}) == 1
    room.client.say(message_json(hour("2020-03-02T02:00:00")))
    assert not await room.poll()
    assert room.client.windows[-1].first == room.client.windows[0].end
    assert len(room.log.readings()) == 1


async def test_in_the_recent_window_such_a_message_costs_nothing_else() -> None:
    room = PollingRoom()
    await loaded(room, hour("2020-03-02T02:00:00"))
    room.client.say(message_json(hour("2020-03-02T02:00:00"), point=OTHER))
    assert not await room.poll()


async def test_two_contents_of_one_date_in_an_answer_are_both_published() -> None:
    room = PollingRoom()
    await loaded(room, hour("2020-03-02T02:00:00", 1), hour("2020-03-02T02:00:00", 2), hour("2020-03-02T02:00:00", 1))
    assert [reading.consumption for reading in room.log.readings()] == [exact.ONE, 2 * exact.ONE, exact.ONE]


async def test_counts_tell_what_was_polled_published_and_unknown() -> None:
    room = PollingRoom()
    await loaded(room, hour("2020-03-02T02:00:00", DeliveryCategory="GAS"), hour("2020-03-02T03:00:00", None))
    assert room.count("polled_total") == 4, "twice, because the load has two pieces"
    assert room.count("published_total") == 2
    assert room.count("unknown_codes_total", kind="category") == 1


async def test_the_newest_answer_and_the_newest_period_with_a_value_are_told_also_after_a_restart() -> None:
    """A period whose value is missing, or that cannot be used, has not come yet; dates are not in order."""
    room = PollingRoom()
    readings = [
        *(hour("2020-03-02T02:00:00"), hour("2020-03-02T03:00:00", Later=1), hour("2020-03-02T01:00:00")),
        *(hour("2020-03-02T04:00:00", None), hour("no date"), hour("2020-03-03T05:00:00", None)),
        hour("2020-12-01T01:00:00"),
    ]
    await loaded(room, *readings)
    closed = datetime(2020, 3, 2, 2, tzinfo=UTC).timestamp()  # 03:00 in Swedish normal time
    assert room.count("newest_period_timestamp_seconds") == closed
    told = room.count("newest_answer_timestamp_seconds")
    assert told == room.client.sent_at / SECOND
    await room.poll()
    assert room.count("newest_answer_timestamp_seconds") > told, "an answer that is the same is one"
    room.registry = CollectorRegistry()
    room.metrics = ProducerMetrics(room.registry)
    room.restart()
    assert room.count("newest_period_timestamp_seconds") == 0
    await room.poll()
    assert room.count("newest_period_timestamp_seconds") == closed, "of what did not change, too"


@pytest.mark.parametrize("after", range(6))
async def test_whenever_it_dies_the_next_process_publishes_what_is_missing(after: int) -> None:
    """Dies before, in the middle of and after each of the writes: erase, publish, remember."""
    room = PollingRoom()
    await loaded(room, hour("2020-03-02T01:00:00"), hour("2020-03-02T02:00:00"))
    room.client.say(message_json(hour("2020-03-02T01:00:00", 7), hour("2020-03-02T02:00:00", 7)))
    room.log.dies_after = len(room.log.records) + after
    if after <= 4:  # 4 records: died after the last was written and before it was acknowledged
        with pytest.raises(Died):
            await room.poll()
    room.restart()
    room.client.say(message_json(hour("2020-03-02T01:00:00"), hour("2020-03-02T02:00:00")))  # corrected back meanwhile
    await room.poll()
    await room.poll()
    assert set(winners(room.log.readings()).values()) == {exact.ONE}


async def test_readings_next_says_how_long_the_partition_was() -> None:
    room = PollingRoom()
    await loaded(room, hour("2020-03-02T02:00:00"), hour("2020-03-03T02:00:00"))
    assert room.memory.of(POINT).readings_next == 2
    assert replace(room.log.recalled(99).of(POINT)).readings_next == 2


async def test_a_customer_number_is_filled_in_where_the_message_has_none() -> None:
    room = PollingRoom(feed(customer_number="777"))
    room.client.say(message_json(hour("2020-03-02T02:00:00"), customer="null"))
    await room.poll()
    assert room.log.readings()[0].customer_number == "777"


def page(*messages: str, pages: int = 3) -> bytes:
    return f'{{"Data":[{",".join(messages)}],"Pages":{pages}}}'.encode()


def paged(tmp_path: Path, **limits: int) -> PollingRoom:
    """A room whose utility answers in three pages; one day lies on two of them."""
    mapping = tmp_path / "paged.toml"
    mapping.write_text('[request]\npath = "/{metering_point}"\n[envelope]\nshape = "page"\n', encoding="utf-8")
    room = PollingRoom(feed(mapping=str(mapping), limits=limits))
    one, two = (message_json(hour(f"2020-03-02T0{number}:00:00")) for number in (1, 2))
    room.client.bodies[POINT] = page(one, two)
    room.client.pages["2"] = page(message_json(hour("2020-03-02T03:00:00")))
    room.client.pages["3"] = page(message_json(hour("2020-03-03T03:00:00")))
    return room


async def test_all_pages_are_one_answer_with_the_version_of_its_first_request(tmp_path: Path) -> None:
    room = paged(tmp_path)
    await room.poll()
    assert [reading.reading_date[8:13] for reading in room.log.readings()] == ["02T01", "02T02", "02T03", "03T03"]
    assert {reading.fetched_at for reading in room.log.readings()} == {NOW + SECOND}


async def test_a_page_that_cannot_be_read_makes_the_whole_answer_a_failed_poll(tmp_path: Path) -> None:
    """Else a part could be remembered of which only a half was seen."""
    room = paged(tmp_path)
    room.client.pages["3"] = b"<html>"
    with pytest.raises(Unreadable):
        await room.poll()
    assert not room.log.readings()
    assert [letter.reason for letter in room.log.letters()] == ["unreadable_response"]


async def test_pages_without_end_are_given_up(tmp_path: Path) -> None:
    room = paged(tmp_path, max_pages=2)
    with pytest.raises(Unreadable, match="more than 2 pages"):
        await room.poll()


async def test_what_the_mapping_does_not_know_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    room = PollingRoom()
    odd = {"DeliveryCategory": "GAS", "ReadingMethod": "Ny", "Extra": 7}
    with caplog.at_level(logging.WARNING, logger="producer"):
        await loaded(room, hour("2020-03-02T02:30:00", **odd), hour("2020-03-02T03:30:00", **odd))
        room.client.say(message_json(hour("2020-03-02T04:30:00", **odd)))
        await room.poll()
    assert sorted(vars(record)["code"] for record in caplog.records) == ["Extra", "GAS", "GAS", "Ny"]
    assert room.count("unknown_codes_total", kind="off_grid") == 3


async def test_the_bytes_of_an_answer_are_known_again_only_right_after_it() -> None:
    """Between them lies another answer, which a full sweep brought and which may not be remembered whole."""
    room = PollingRoom()
    await loaded(room, hour("2020-03-02T02:00:00", 1))
    room.now = room.client.sent_at = NOW + 92 * DAY
    room.client.say(message_json(hour("2020-03-02T02:00:00", 2), hour("2021-03-02T02:00:00")))
    while await room.poll():
        pass
    room.client.say(message_json(hour("2020-03-02T02:00:00", 1)))
    await room.poll()
    assert set(winners(room.log.readings()).values()) == {exact.ONE}


async def test_the_same_bytes_in_another_charset_are_another_answer() -> None:
    room = PollingRoom()
    await loaded(room, hour("2020-03-02T02:00:00"))
    room.client.charset = "iso-8859-1"
    await room.poll()
    assert [reading.reading_method for reading in room.log.readings()] == ["Fjärr", "FjÃ¤rr"]
