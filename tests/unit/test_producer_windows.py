"""Which dates are asked for: first load oldest first, recent window, sweeps, in bounded requests."""

from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from producer.memory import NOTHING, Remembered
from producer.windows import Day, Window, after, begin, spans_of, window_of
from runtime.settings.streams import StreamsSettings
from schemas.events import Granularity
from schemas.instants import DAY
from tests.polling import source, spans

TODAY = (date(2020, 3, 20) - date(1970, 1, 1)).days
NOW = TODAY * DAY + DAY // 2
PRINT = b"settings"
OLDER = b"formerly"


def day(granularity: Granularity = "hour", **poll: Any) -> Day:
    return Day(TODAY, spans(granularity, **poll))


def loaded(**changes: Any) -> Remembered:
    return replace(NOTHING, fingerprint=PRINT, swept_at=NOW, full_at=NOW, **changes)


def walk(remembered: Remembered, at: Day, now: int = NOW) -> tuple[list[Window], Remembered]:
    """The windows up to the end of what is under way, each polled with success."""
    windows: list[Window] = []
    while not windows or not windows[-1].last:
        remembered = begin(remembered, PRINT, now, at)
        windows.append(window_of(remembered, at))
        remembered = after(remembered, windows[-1], now)
    return windows, remembered


def text(window: Window) -> tuple[str, str]:
    first, end = window.dates
    return first.isoformat(), end.isoformat()


@pytest.mark.parametrize(
    ("granularity", "first"),
    [("hour", "2020-03-06"), ("quarter", "2020-03-06"), ("day", "2020-03-06"), ("month", "2019-12-01")],
)
def test_the_recent_window_is_14_days_or_3_months_up_to_today(granularity: Granularity, first: str) -> None:
    windows, remembered = walk(loaded(), day(granularity))
    assert [text(window) for window in windows] == [(first, "2020-03-21")]
    assert remembered == loaded()


@pytest.mark.parametrize(
    ("granularity", "expected"),
    [
        ("hour", [("2020-02-04", "2020-03-06"), ("2020-03-06", "2020-03-21")]),
        ("day", [("2019-02-14", "2020-03-21")]),
        ("month", [("2017-03-01", "2020-03-21")]),
    ],
)
def test_a_new_point_loads_its_history_first_oldest_first(
    granularity: Granularity, expected: list[tuple[str, str]]
) -> None:
    windows, remembered = walk(NOTHING, day(granularity))
    assert [text(window) for window in windows] == expected
    assert {window.task for window in windows} == {"load"}
    assert remembered == loaded()


def test_the_pieces_of_a_load_follow_each_other_without_gap_or_overlap() -> None:
    windows, _ = walk(NOTHING, day(first_load=1_000, request_span=7))
    assert all(one.end == two.first for one, two in pairwise(windows))
    assert (windows[0].first, windows[-1].end) == (TODAY - 1_000, TODAY + 1)
    assert max(window.end - window.first for window in windows) == 7


def test_a_load_goes_on_where_it_was() -> None:
    under_way = loaded(task="load", cursor=TODAY - 3)
    windows, _ = walk(under_way, day())
    assert [(window.first, window.end) for window in windows] == [(TODAY - 3, TODAY + 1)]


def test_changed_settings_load_the_history_again_and_forget_the_parts() -> None:
    """The history, not the first load: what lies beyond it would only be outside of it now."""
    before = replace(loaded(parts={20_200_301: b"12345678"}), fingerprint=OLDER)
    at = day(first_load=1_000)
    begun = begin(before, PRINT, NOW, at)
    assert (begun.task, begun.cursor, dict(begun.parts)) == ("load", TODAY - 45, {})
    assert begun.fetched_at == before.fetched_at


@pytest.mark.parametrize(
    ("swept", "full", "task", "first"),
    [(6.9, 6.9, "none", 14), (7, 7, "sweep", 40), (7, 90.9, "sweep", 40), (3, 91, "full", 45), (100, 100, "full", 45)],
)
def test_sweeps_are_weekly_and_quarterly(swept: float, full: float, task: str, first: int) -> None:
    before = replace(loaded(), swept_at=NOW - int(swept * DAY), full_at=NOW - int(full * DAY))
    windows, remembered = walk(before, day())
    assert (windows[0].task, TODAY - windows[0].first) == (task, first)
    assert remembered.swept_at == (before.swept_at if task == "none" else NOW)
    assert remembered.full_at == (NOW if task == "full" else before.full_at)
    assert remembered.task == "none"


def test_the_sweeps_of_points_spread_over_a_quarter_of_their_interval() -> None:
    before = replace(loaded(), swept_at=NOW - int(5.3 * DAY))
    assert begin(before, PRINT, NOW, day(), early=0.9).task == "none"
    assert begin(before, PRINT, NOW, day(), early=1.0).task == "sweep"


@pytest.mark.parametrize(
    ("granularity", "poll", "message"),
    [
        ("hour", {"sweep_window": 46}, "sweep_window: 46 days reach beyond the history of 45 days"),
        ("day", {"sweep_window": 401}, "reach beyond the history of 400 days"),
        ("month", {"sweep_window": 37}, "reach beyond the history of 36 months"),
        ("hour", {"window": 46}, "poll.window: 46 days"),
    ],
)
def test_a_sweep_beyond_the_history_is_a_settings_error(
    granularity: Granularity, poll: dict[str, int], message: str
) -> None:
    _, problems = spans_of(source(granularity, poll=poll).poll, StreamsSettings(), granularity)
    assert any(message in problem for problem in problems)


def test_the_defaults_fit_a_shorter_history() -> None:
    found, problems = spans_of(source().poll, StreamsSettings(history_hour_days=10), "hour")
    assert not problems
    assert (found.window, found.sweep_window, found.first_load) == (10, 10, 10)


def test_a_first_load_may_be_longer_than_the_history() -> None:
    """Oldest first, every reading is inside the history when it comes."""
    found, problems = spans_of(source(poll={"first_load": 3_000}).poll, StreamsSettings(), "hour")
    assert not problems
    assert (found.first_load, found.most_parts) == (3_000, 55)
