"""The bounded history: where its edge lies, and what happens on either side."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest

from runtime.settings.streams import StreamsSettings
from schemas.events import Granularity, MeterValue, Reading
from schemas.instants import DAY, from_datetime
from schemas.keys import outside_key
from streams.configured import rules
from streams.rules.history import History
from streams.rules.rules import Rules
from tests.metering import Number, Partition, at, number, register, volume

ONE_DAY = Rules(History(hour_days=1))


def instant(year: int, month: int, day: int, hour: int = 0) -> int:
    return from_datetime(datetime(year, month, day, hour, tzinfo=UTC))


@pytest.mark.parametrize(
    ("granularity", "edge"),
    [
        ("month", instant(2021, 2, 1)),
        ("day", instant(2024, 2, 28, 23) - 400 * DAY),
        ("hour", instant(2024, 2, 28, 23) - 45 * DAY),
        ("quarter", instant(2024, 2, 28, 23) - 45 * DAY),
    ],
)
def test_the_edge_lies_a_span_before_the_newest_reading(granularity: Granularity, edge: int) -> None:
    assert History().edge(instant(2024, 2, 28, 23), granularity) == edge


def test_the_length_of_months_does_not_matter() -> None:
    """36 months before a leap February's last day lies a shorter February: its reading is inside."""
    newest, oldest = instant(2024, 2, 28, 23), instant(2021, 2, 27, 23)
    assert History().edge(newest, "month") <= oldest


def test_the_edge_never_moves_back() -> None:
    newest = range(instant(2023, 12, 25), instant(2024, 4, 5), DAY // 8)
    granularities: tuple[Granularity, ...] = ("month", "day", "hour")
    for granularity in granularities:
        edges = [History().edge(moment, granularity) for moment in newest]
        assert edges == sorted(edges)


def test_rules_come_from_the_settings() -> None:
    assert rules(StreamsSettings()) == Rules(History(36, 400, 45), Fraction(1, 10))


def test_other_rules_have_another_text() -> None:
    texts = {
        made.history_text
        for made in (
            Rules(),
            Rules(History(months=1)),
            Rules(History(days=1)),
            Rules(History(hour_days=1)),
            Rules(rollover_share=Fraction(1, 5)),
        )
    }
    assert len(texts) == 5


def outside(value: MeterValue) -> tuple[Number, Number, Number, str | None]:
    assert value.previous_reading_at is None
    return value.delta, value.consumption, value.change, value.held


def test_a_reading_at_the_edge_is_inside() -> None:
    partition = Partition(ONE_DAY)
    partition.feed([volume(24, 5)])
    assert [value.held for value in partition.feed([volume(0, 5)])] == [None, None]


def test_a_volume_before_the_edge_has_its_consumption_and_nothing_else() -> None:
    partition = Partition(ONE_DAY)
    partition.feed([volume(25, 5)])
    (value,) = partition.feed([volume(0, "1.5", unit="MWh")])
    assert outside(value) == (None, number(1500), None, "outside_history")
    assert (value.value, value.unit, value.cause) == (number("1.5"), "MWh", "new")


@pytest.mark.parametrize(
    "reading",
    [
        register(0, 5),
        volume(0, None),
        volume(0, 5, unit="m3"),
        volume(0, 5, max_per_period=4),
        volume(0, "900000000000000000000000", unit="MWh"),
    ],
    ids=["register", "missing", "unit", "limit", "digits"],
)
def test_before_the_edge_there_is_no_consumption_for(reading: Reading) -> None:
    partition = Partition(ONE_DAY)
    partition.feed([volume(25, 5)])
    (value,) = partition.feed([reading])
    assert outside(value) == (None, None, None, "outside_history")


def test_an_outside_event_has_a_key_of_its_own_per_fetch() -> None:
    partition = Partition(ONE_DAY)
    partition.feed([volume(25, 5)])
    partition.feed([volume(0, 5, 1), volume(0, 5, 2)])
    reading = volume(0, 5)
    assert [key for key, _ in partition.values[1:]] == [
        outside_key("hours", reading.metering_point, "EL-EXT", at(0), volume(0, 0, second).fetched_at)
        for second in (1, 2)
    ]


def test_what_arrives_before_the_edge_becomes_no_base() -> None:
    partition = Partition(ONE_DAY)
    partition.feed([register(25, 100)])
    partition.feed([register(0, 10)])
    partition.reload()
    value, _ = partition.feed([register(2, 50)])
    assert (value.cause, value.previous_reading_at) == ("new", None)


def test_what_arrives_before_the_edge_changes_no_base() -> None:
    """Hour 0 was inside once and is the base of hour 30; a correction of it comes too late."""
    partition = Partition(ONE_DAY)
    partition.feed([register(0, 10), register(30, 40)])
    (late,) = partition.feed([register(0, 20, 9)])
    assert late.held == "outside_history"
    (value,) = partition.feed([register(30, 41, 9)])
    assert (value.previous_reading_at, value.delta) == (at(0), number(31))


def test_the_two_readings_with_a_value_before_the_edge_stay_as_bases() -> None:
    """15508 and the fall to 0 lie before the edge, missing ones behind them: the recovery is still seen."""
    partition = Partition(ONE_DAY)
    partition.feed([register(0, 15508), register(30, 0), register(60, None)])
    partition.reload()
    partition.feed([register(90, None)])
    partition.reload()
    (value,) = partition.feed([register(200, 15510)])
    assert (value.previous_reading_at, value.held) == (at(30), "register_recovered")


def test_older_buckets_fall_off_with_a_tombstone() -> None:
    partition = Partition(ONE_DAY)
    for day in range(10):
        partition.feed([volume(24 * day + hour, 1) for hour in range(24)])
    assert (
        partition.state.live_keys == len(partition.log) == 3
    )  # the newest, the one with the edge, and one more until the next begins


def test_buckets_of_missing_values_before_the_edge_are_no_bases() -> None:
    partition = Partition(ONE_DAY)
    for day in range(10):
        partition.feed([volume(24 * day, 1 if day < 4 else None)])
    numbers = sorted(int(key.rsplit(b",", 1)[1][:-1]) - at(0) // DAY for key in partition.log)
    assert numbers == [2, 3, 8, 9]


def test_a_bucket_that_comes_and_falls_off_in_one_chunk_leaves_no_record() -> None:
    """The partition of the tests refuses a tombstone for a key that never was."""
    partition = Partition(ONE_DAY)
    partition.feed([volume(24 * day, 1) for day in range(10)])
    assert partition.state.live_keys == 4


def test_a_row_inside_is_not_touched_by_the_edge_passing_its_base() -> None:
    partition = Partition(ONE_DAY)
    partition.feed([register(0, 1), register(20, 5)])
    assert [value.reading_at for value in partition.feed([register(30, 6)])] == [at(30)]
    value, _ = partition.feed([register(29, 6)])
    assert value.previous_reading_at == at(20)


def test_the_granularity_of_the_first_reading_measures_the_history() -> None:
    """A changed granularity must not let the edge move back behind rows that have left the state."""
    partition = Partition(ONE_DAY)
    partition.feed([volume(0, 1), volume(100, 2, granularity="month")])
    for late in (volume(1, 1), volume(2, 1, granularity="month")):
        (value,) = partition.feed([late])
        assert value.held == "outside_history"
