"""The instant of a reading date and the period it closes, by granularity and stamp convention."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from producer.calendar import Grid
from producer.dates import parse
from runtime.errors import Poison
from runtime.settings.source import Stamp
from runtime.zones import zone_of
from schemas.events import Granularity
from schemas.instants import from_datetime
from schemas.reasons import Reason

SWEDEN = "+01:00"
DENMARK = "Europe/Copenhagen"


def utc(text: str) -> int:
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))


def grid(granularity: Granularity, stamp: Stamp, zone: str = SWEDEN) -> Grid:
    return Grid(zone_of(zone), granularity, stamp)


@pytest.mark.parametrize(
    ("granularity", "stamp", "text", "at", "start", "end", "on_grid"),
    [
        # the published sample: the last day names its month
        ("month", "last-day", "2020-02-29T00:00:00", "2020-02-28T23:00", "2020-01-31T23:00", "2020-02-29T23:00", True),
        ("month", "last-day", "2020-02-29T13:45:00", "2020-02-28T23:00", "2020-01-31T23:00", "2020-02-29T23:00", True),
        ("month", "last-day", "2020-02-29T24:00", "2020-02-28T23:00", "2020-01-31T23:00", "2020-02-29T23:00", True),
        ("month", "last-day", "2020-02-28", "2020-02-27T23:00", "2020-01-31T23:00", "2020-02-29T23:00", False),
        # with an offset: the date in the source's zone
        ("month", "last-day", "2020-02-28T23:00:00Z", "2020-02-28T23:00", "2020-01-31T23:00", "2020-02-29T23:00", True),
        (
            "month",
            "last-day",
            "2020-02-29T24:00+01:00",
            "2020-02-28T23:00",
            "2020-01-31T23:00",
            "2020-02-29T23:00",
            True,
        ),
        ("month", "end", "2020-03-01T00:00:00", "2020-02-29T23:00", "2020-01-31T23:00", "2020-02-29T23:00", True),
        ("month", "end", "2020-02-29T24:00", "2020-02-29T23:00", "2020-01-31T23:00", "2020-02-29T23:00", True),
        ("month", "end", "2020-03-15T00:00:00", "2020-03-14T23:00", "2020-02-29T23:00", "2020-03-31T23:00", False),
        ("month", "start", "2020-02-01T00:00:00", "2020-01-31T23:00", "2020-01-31T23:00", "2020-02-29T23:00", True),
        ("month", "start", "2020-12-31T12:00:00", "2020-12-31T11:00", "2020-11-30T23:00", "2020-12-31T23:00", False),
        ("day", "last-day", "2020-03-29", "2020-03-28T23:00", "2020-03-28T23:00", "2020-03-29T23:00", True),
        ("day", "end", "2020-03-29", "2020-03-28T23:00", "2020-03-27T23:00", "2020-03-28T23:00", True),
        ("day", "start", "2020-03-29", "2020-03-28T23:00", "2020-03-28T23:00", "2020-03-29T23:00", True),
        ("hour", "end", "2020-03-29T03:00:00", "2020-03-29T02:00", "2020-03-29T01:00", "2020-03-29T02:00", True),
        ("hour", "end", "2020-03-29T24:00", "2020-03-29T23:00", "2020-03-29T22:00", "2020-03-29T23:00", True),
        ("hour", "end", "2020-03-29T03:20:00", "2020-03-29T02:20", "2020-03-29T02:00", "2020-03-29T03:00", False),
        ("hour", "start", "2020-03-29T03:00:00", "2020-03-29T02:00", "2020-03-29T02:00", "2020-03-29T03:00", True),
        ("hour", "start", "2020-03-29T02:00:00Z", "2020-03-29T02:00", "2020-03-29T02:00", "2020-03-29T03:00", True),
        ("quarter", "end", "2020-03-29T03:15:00", "2020-03-29T02:15", "2020-03-29T02:00", "2020-03-29T02:15", True),
        ("quarter", "start", "2020-03-29T03:20:00", "2020-03-29T02:20", "2020-03-29T02:15", "2020-03-29T02:30", False),
    ],
)
def test_a_reading_closes_the_period_of_the_grid(
    granularity: Granularity, stamp: Stamp, text: str, at: str, start: str, end: str, on_grid: bool
) -> None:
    placed = grid(granularity, stamp).place(parse(text))
    assert (placed.reading_at, placed.start, placed.end, placed.on_grid) == (utc(at), utc(start), utc(end), on_grid)


@pytest.mark.parametrize(
    ("day", "hours"), [("2020-03-29", 23), ("2020-10-25", 25), ("2020-06-01", 24), ("2020-01-01", 24)]
)
def test_a_day_has_23_24_or_25_hours_where_the_zone_has_change_over(day: str, hours: int) -> None:
    placed = grid("day", "start", DENMARK).place(parse(day))
    assert (placed.end - placed.start) / 3_600_000_000 == hours
    assert placed.start == from_datetime(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(DENMARK)))


@pytest.mark.parametrize("day", ["2020-03-29", "2020-10-25"])
def test_swedish_normal_time_has_24_hours_on_change_over_days(day: str) -> None:
    placed = grid("day", "start").place(parse(day))
    assert placed.end - placed.start == 24 * 3_600_000_000


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2020-10-25T02:30:00", Reason.AMBIGUOUS_TIME),
        ("2020-10-25T02:00:00", Reason.AMBIGUOUS_TIME),
        ("2020-03-29T02:30:00", Reason.NONEXISTENT_TIME),
        ("2020-03-29T02:00:00", Reason.NONEXISTENT_TIME),
    ],
)
def test_a_time_that_the_clock_shows_twice_or_never_is_refused(text: str, reason: Reason) -> None:
    with pytest.raises(Poison) as caught:
        grid("hour", "end", DENMARK).place(parse(text))
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2020-10-25T02:30:00+02:00", "2020-10-25T00:30"),
        ("2020-10-25T02:30:00+01:00", "2020-10-25T01:30"),
        ("2020-03-29T01:30:00Z", "2020-03-29T01:30"),
        ("2020-10-25T03:00:00", "2020-10-25T02:00"),
        ("2020-03-29T03:00:00", "2020-03-29T01:00"),
    ],
)
def test_with_an_offset_every_time_is_clear(text: str, at: str) -> None:
    assert grid("hour", "end", DENMARK).place(parse(text)).reading_at == utc(at)


@pytest.mark.parametrize("granularity", ["hour", "quarter"])
def test_an_hour_has_no_last_day(granularity: Granularity) -> None:
    with pytest.raises(ValueError, match="no last day"):
        grid(granularity, "last-day")


@pytest.mark.parametrize("text", ["Sweden", "+1:00", "+25:00", "", "../etc/passwd", "Europe/Nowhere"])
def test_a_zone_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no zone"):
        zone_of(text)
