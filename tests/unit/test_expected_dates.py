"""What a ReadingDate means to the independent fold, and which period a reading closes."""

from datetime import datetime, timedelta

import pytest

from local.expected_dates import local_time, period

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("granularity", "stamp", "local", "start", "end"),
    [
        ("month", "last-day", "2020-02-29T00:00", "2020-02-01T00:00", "2020-03-01T00:00"),
        ("month", "last-day", "2020-02-15T00:00", "2020-02-01T00:00", "2020-03-01T00:00"),
        ("month", "last-day", "2020-12-31T00:00", "2020-12-01T00:00", "2021-01-01T00:00"),
        ("month", "end", "2020-03-01T00:00", "2020-02-01T00:00", "2020-03-01T00:00"),
        ("month", "start", "2020-03-01T00:00", "2020-03-01T00:00", "2020-04-01T00:00"),
        ("day", "last-day", "2020-02-29T00:00", "2020-02-29T00:00", "2020-03-01T00:00"),
        ("day", "end", "2020-03-01T00:00", "2020-02-29T00:00", "2020-03-01T00:00"),
        ("hour", "end", "2020-03-01T00:00", "2020-02-29T23:00", "2020-03-01T00:00"),
        ("hour", "end", "2020-03-01T00:30", "2020-03-01T00:00", "2020-03-01T01:00"),
        ("hour", "start", "2020-03-01T00:30", "2020-03-01T00:00", "2020-03-01T01:00"),
        ("quarter", "end", "2020-03-01T00:30", "2020-03-01T00:15", "2020-03-01T00:30"),
    ],
)
def test_the_period_is_a_cell_of_the_grid(granularity: str, stamp: str, local: str, start: str, end: str) -> None:
    wanted = (datetime.fromisoformat(start), datetime.fromisoformat(end))
    assert period(datetime.fromisoformat(local), granularity, stamp) == wanted


@pytest.mark.parametrize(
    ("text", "stamp", "local"),
    [
        ("2020-02-29", "last-day", "2020-02-29T00:00"),
        ("2020-02-29T00:00:00", "last-day", "2020-02-29T00:00"),
        ("2020-02-29T24:00", "last-day", "2020-02-29T00:00"),
        ("2020-02-29T24:00", "end", "2020-03-01T00:00"),
        ("2020-02-29 07:30", "end", "2020-02-29T07:30"),
        ("2020-02-29T07:30:00.5000000", "end", "2020-02-29T07:30:00.5"),
        ("2020-02-29T23:30:00Z", "end", "2020-03-01T00:30"),
        ("2020-02-29T23:30:00Z", "last-day", "2020-03-01T00:00"),
        ("2020-02-29T01:00:00+0200", "end", "2020-02-29T00:00"),
        ("2020-02-29T01:00:00-01:00", "end", "2020-02-29T03:00"),
    ],
)
def test_dates_are_read_in_the_sources_zone(text: str, stamp: str, local: str) -> None:
    assert local_time(text, stamp, HOUR) == datetime.fromisoformat(local)
