"""The simulated world: pure in (seed, tick), never ahead of the clock, with every happening in it."""

import json
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from local.utility.dice import mix
from local.utility.happenings import ROLL, Happenings
from local.utility.meters import check_digit, metering_point, number_of
from local.utility.readings import BROKEN
from local.utility.settings import ZONE, HappeningRates
from local.utility.world import World
from tests.utility_worlds import ANCHOR, BUSY, EVER, QUIET, settings, told, world


def everything(at: World) -> list[str]:
    return [at.answer(feed, number, *EVER).json for feed in at.feeds for number in range(at.settings.points)]


def test_a_world_is_a_function_of_its_seed_and_tick() -> None:
    walked = world()
    for _ in range(25):
        walked.advance()
        walked.answer("hours", 3, *EVER)
    assert everything(walked) == everything(world(tick=25))
    assert everything(world()) != everything(walked)
    assert everything(world()) != everything(world(seed=2))


def test_a_part_of_the_dates_tells_the_same_readings_as_the_whole() -> None:
    here = world(tick=30)
    halves = [here.answer("hours", 6, EVER[0], date(2026, 3, 3)), here.answer("hours", 6, date(2026, 3, 3), EVER[1])]
    parts = sorted(json.dumps(reading) for half in halves for reading in told(half))
    assert parts == sorted(json.dumps(reading) for reading in told(here.answer("hours", 6, *EVER)))


def test_from_is_included_and_to_is_not() -> None:
    here = world(QUIET)
    dates = [reading["ReadingDate"] for reading in told(here.answer("hours", 1, date(2026, 3, 2), date(2026, 3, 3)))]
    assert sorted({str(day)[:10] for day in dates}) == ["2026-03-02"]
    assert "2026-03-02T00:00:00" in dates
    assert told(here.answer("hours", 1, date(2026, 3, 2), date(2026, 3, 2))) == []


def test_stamps_are_those_of_the_published_sample_and_ends_of_hours() -> None:
    here = world(QUIET)
    months = [reading["ReadingDate"] for reading in told(here.answer("months", 1, *EVER))]
    assert "2025-12-31T00:00:00" in months
    assert months[-1] == told(here.answer("months", 1, *EVER))[-1]["ReadingDate"]
    days = [reading["ReadingDate"] for reading in told(here.answer("days", 2, *EVER))]
    hours = [reading["ReadingDate"] for reading in told(here.answer("hours", 2, *EVER))]
    assert (days[-1], hours[-1]) == ("2026-03-06T00:00:00", "2026-03-07T06:00:00")
    assert (len(days), len(hours)) == (20, 240)


def test_each_tick_releases_an_hour_each_24_a_day_and_a_month_arrives() -> None:
    here = world(QUIET)
    counts = {name: feed.count for name, feed in here.feeds.items()}
    here.advance(24)
    after = {name: feed.count - counts[name] for name, feed in here.feeds.items()}
    assert after == {"months": 1, "days": 1, "hours": 24}


def test_nothing_is_released_before_it_has_ended() -> None:
    now = ANCHOR + timedelta(minutes=30)
    here = World(settings(), lambda: now, 0)
    here.advance(1000)
    newest = here.feeds["hours"].calendar.texts[here.feeds["hours"].count - 1]
    assert datetime.fromisoformat(newest).replace(tzinfo=ZONE) == ANCHOR


def test_every_happening_and_every_broken_kind_occurs() -> None:
    here = world(points=60)
    kinds = set()
    lengths = set()
    for number in range(60):
        for series in here.meter("hours", number).series:
            for index in range(240):
                versions = here.versions(here.feeds["hours"], series, index)
                lengths.add(len(versions))
                kinds |= {version.reading.broken for version in versions}
    assert kinds == {None, *BROKEN}
    assert lengths == {0, 1, 2, 3}


def test_successive_versions_differ_and_begin_later() -> None:
    here = world()
    for number in range(30):
        for series in here.meter("hours", number).series:
            for index in range(240):
                versions = here.versions(here.feeds["hours"], series, index)
                ticks = [version.tick for version in versions]
                texts = [version.reading.json for version in versions]
                assert ticks == sorted(set(ticks))
                assert all(before != after for before, after in pairwise(texts))


def test_a_good_reading_never_breaks() -> None:
    here = world()
    chains = [
        here.versions(here.feeds["hours"], series, index)
        for number in range(30)
        for series in here.meter("hours", number).series
        for index in range(240)
    ]
    fixed = [chain for chain in chains if chain and chain[0].reading.broken and len(chain) > 1]
    assert fixed
    assert all(version.reading.broken is None for chain in chains for version in chain[1:])


def test_plain_readings_read_the_same_by_the_short_way_and_the_long_one() -> None:
    """The renderer writes plain readings without asking Happenings; both must agree, old history included."""
    here = world(points=12)
    happenings = Happenings(BUSY)
    checked = 0
    for number in range(12):
        for series in here.meter("hours", number).series:
            feed = here.feeds["hours"]
            body = here.answer("hours", number, *EVER).json
            for index in range(240):
                bits = mix(series.key ^ index)
                limit = happenings.limit if index >= feed.calendar.changeable_from else happenings.limit_of_unchangeable
                if bits & ROLL >= limit:
                    assert here.reading("hours", series, index, 1).json in body
                    checked += 1
    assert checked > 500


def test_values_are_recognisable_and_identities_are_told_once_unless_doubled() -> None:
    here = world(HappeningRates(broken=0, provisional=0, duplicated=0, respelled=0))
    for number in range(30):
        readings = told(here.answer("days", number, *EVER))
        values = [str(reading["Consumption"]) for reading in readings if reading["Consumption"] is not None]
        assert all(value.endswith(("000007731", "7.731")) or float(value) == 0 for value in values)
        names = [(reading["DeliveryCategory"], reading["ReadingDate"]) for reading in readings]
        assert len(names) == len(set(names))


def test_the_ids_of_points_are_valid_and_found_again() -> None:
    assert check_digit("73599910005752650") == 1
    ids = [metering_point(number) for number in range(2000)]
    assert len(set(ids)) == 2000
    assert [number_of(point, 2000) for point in ids] == list(range(2000))
    assert all(int(point[-1]) == check_digit(point[:-1]) for point in ids if len(point) == 18)
    assert {len(point) for point in ids} == {16, 18}
    assert any(point.startswith("00") for point in ids)
    assert number_of(ids[5], 5) is None
    assert number_of(ids[5][:-1] + "x", 2000) is None


def test_registers_tell_their_stories() -> None:
    """A plain register never falls; exchanged ones fall once, rolling ones stay in their range."""
    here = world(QUIET, points=60, tick=30)
    falls: dict[str, set[int]] = {}
    for number in range(0, 60, 3):
        series = here.meter("hours", number).series[1]
        values = [
            float(str(reading["Consumption"]))
            for reading in told(here.answer("hours", number, *EVER))
            if reading["DeliveryCategory"] == "EL-REG"
        ]
        if number % 5 == 4:
            values.reverse()
        fallen = sum(after < before for before, after in pairwise(values))
        falls.setdefault(series.story, set()).add(fallen)
    assert falls == {"plain": {0}, "exchange": {1}, "rollover": {1}, "glitch": {1}, "unit_change": {0}}


def test_settings_that_no_world_can_have_are_refused() -> None:
    with pytest.raises(ValueError, match="rate up"):
        settings(HappeningRates(up=2))
    with pytest.raises(ValueError, match="sum"):
        settings(HappeningRates(up=0.6, down=0.6))
    with pytest.raises(ValueError, match="points"):
        settings(points=0)
