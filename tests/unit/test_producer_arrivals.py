"""Which points are late: judged by the publishing calendar, once they were polled, and not when they have ended."""

from datetime import date

import pytest

from producer.arrivals import Arrivals, Punctuality
from producer.points import Point
from schemas.events import Granularity
from schemas.instants import DAY, HOUR
from tests.polling import NOW, feed

TODAY = (date(2020, 3, 20) - date(1970, 1, 1)).days
MIDNIGHT = TODAY * DAY - HOUR
"""In Swedish normal time; the tests' clock stands at 13:00 of this day."""


def arrivals(granularity: Granularity = "hour", *points: Point, **publishing: object) -> Arrivals:
    return Arrivals(feed(granularity, publishing={"delay": 3_600.0} | publishing), points)


def test_before_a_point_was_polled_nothing_is_said_of_it() -> None:
    assert arrivals("hour", Point("a")).punctuality(NOW) == Punctuality(0, 0, 0)


def test_a_point_is_late_while_the_newest_awaited_period_is_not_there() -> None:
    found = arrivals()
    found.note("a", NOW - 2 * HOUR)
    found.note("b", NOW - HOUR)
    assert found.punctuality(NOW) == Punctuality(awaited=2, late=1, silent=0)
    found.note("a", NOW - HOUR)
    assert found.punctuality(NOW) == Punctuality(awaited=2, late=0, silent=0)
    assert found.punctuality(NOW + HOUR).late == 2


def test_an_answer_about_the_past_takes_nothing_back() -> None:
    found = arrivals()
    found.note("a", NOW)
    found.note("a", NOW - 9 * DAY)
    found.note("a", None)
    assert found.punctuality(NOW).late == 0


def test_a_point_of_which_nothing_ever_came_is_silent_and_not_late() -> None:
    found = arrivals()
    found.note("a", None)
    assert found.punctuality(NOW) == Punctuality(awaited=0, late=0, silent=1)


def test_a_point_that_has_ended_is_not_judged() -> None:
    found = arrivals("hour", Point("a", valid_to=TODAY), Point("b", valid_to=TODAY + 1))
    for point in "abc":
        found.note(point, NOW - DAY)
    assert found.punctuality(NOW) == Punctuality(awaited=2, late=2, silent=0)
    assert found.punctuality(MIDNIGHT - 1).awaited == 3
    assert found.punctuality(MIDNIGHT + DAY).awaited == 1


@pytest.mark.parametrize(
    ("granularity", "key", "late"),
    [
        ("hour", 20200319, False),
        ("hour", 20200318, True),
        ("day", 20200319, False),
        ("day", 20200318, True),
        ("month", 202002, False),
        ("month", 202001, True),
    ],
)
def test_where_nothing_came_since_the_start_what_was_published_before_counts(
    granularity: Granularity, key: int, late: bool
) -> None:
    """A day of hours counts as whole: which of its hours were there is not remembered, and a restart is silent."""
    found = arrivals(granularity, delay=6 * 3_600.0, at="06:00")
    found.note("a", None, [20190101 if granularity != "month" else 201901, key, 0xFFFF_FFFF])
    assert found.punctuality(MIDNIGHT + 7 * HOUR).late == late


def test_a_part_that_is_no_date_says_nothing() -> None:
    found = arrivals()
    found.note("a", None, [20209999])
    assert found.punctuality(NOW).silent == 1
