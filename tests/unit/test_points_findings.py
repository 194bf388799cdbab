"""What is said about a list of points: by itself, and beside what the feed carries."""

from datetime import date
from typing import Any

import pytest

from operations.points import feed_findings, list_findings
from operations.points.carried import Feed, fold
from operations.points.difference import difference
from operations.points.feed_findings import Beside, Polled
from operations.points.finding import Finding
from operations.points.line import Line
from operations.points.list_findings import Rules
from schemas import instants
from schemas.codec import Codec
from schemas.events import MeterValue
from schemas.registry import EmbeddedRegistry
from tests.sample_events import HOUR, MIDNIGHT, meter_value
from tests.sink_rows import record

CODEC = Codec(MeterValue, EmbeddedRegistry())
TODAY = date(2026, 11, 23)
GOOD, BAD = "735999100057526501", "735999100057526502"
ROUNDED = "735999100057526000"


def said(findings: Any) -> list[tuple[str, str, int | None]]:
    return [(each.severity, each.about, each.line) for each in findings]


def of_list(*lines: Line, **max_keys: int) -> list[Finding]:
    return list(list_findings.findings(lines, Rules(max_keys, TODAY)))


def feed_of(*values: MeterValue) -> Feed:
    return fold([record(value) for value in values], CODEC)


def beside(feed: Feed, **changes: Any) -> Beside:
    about: dict[str, Any] = {
        "polled": Polled({}, known=True),
        "others": {},
        "now": MIDNIGHT + 24 * HOUR,
        "quiet_days": 90,
    }
    return Beside(feed, **about | changes)


def of_feed(line: Line, feed: Feed, **changes: Any) -> list[Finding]:
    found = feed_findings.findings([line], beside(feed, **changes))
    return [each for each in found if each.about != "unmapped"]


def test_a_good_list_is_passed_over_in_silence() -> None:
    assert of_list(Line(2, GOOD, "EL", "a" * 80), Line(3, "p", "EL", "b"), vitec=80) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (Line(2, BAD), ("warning", "check digit", 2)),
        (Line(2, "1", valid_to=TODAY), ("warning", "ended", 2)),
        (Line(2, "1", receiver_key="å" * 81), ("problem", "key too long", 2)),
    ],
)
def test_what_is_wrong_with_one_line_is_said(line: Line, found: tuple[str, str, int]) -> None:
    assert found in said(of_list(line, vitec=80))


def test_a_key_is_missed_only_where_a_layout_needs_one() -> None:
    assert of_list(Line(2, "1")) == []
    assert said(of_list(Line(2, "1"), momentum=100)) == [("warning", "no key", 2)]


def test_digits_that_a_spreadsheet_rounded_away_are_guessed() -> None:
    (found,) = of_list(Line(2, ROUNDED))
    assert "a spreadsheet may have rounded it" in found.do


JULY = date(2027, 7, 1)


@pytest.mark.parametrize(
    ("second", "about"),
    [
        (Line(3, "1"), "duplicate"),
        (Line(3, "1", "EL"), "overlap"),
        (Line(3, "1", granularity="hour"), "overlap"),
        (Line(3, "1", valid_from=JULY), "overlap"),
    ],
)
def test_two_lines_that_mean_the_same_values_are_told(second: Line, about: str) -> None:
    assert said(of_list(Line(2, "1"), second)) == [("problem", about, 3)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Line(2, "1", "EL"), Line(3, "1", "VÄRME")),
        (Line(2, "1", granularity="hour"), Line(3, "1", granularity="month")),
        (Line(2, "1", valid_to=JULY), Line(3, "1", valid_from=JULY)),
        (Line(2, "1"), Line(3, "2")),
    ],
)
def test_two_lines_that_cannot_mean_the_same_values_are_none_of_that(one: Line, other: Line) -> None:
    assert of_list(one, other) == []


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        (Line(2, "1", "", "a"), Line(3, "2", "", "a"), [("problem", "key twice", 3)]),
        (Line(2, "1", "EL", "a"), Line(3, "1", "VÄRME", "a"), [("problem", "key twice", 3)]),
        (Line(2, "1", "", "a", valid_to=JULY), Line(3, "2", "", "a", valid_from=JULY), []),
        (Line(2, "1", "", "a", granularity="hour"), Line(3, "1", "", "a", granularity="month"), []),
        (Line(2, "1", "", "a"), Line(3, "1", "", "a"), [("problem", "duplicate", 3)]),
    ],
)
def test_a_key_stands_for_one_point_at_a_time(one: Line, other: Line, found: list[Any]) -> None:
    assert said(of_list(one, other)) == found


HOURS = feed_of(meter_value(metering_point="1", delivery_category="EL"))


@pytest.mark.parametrize(
    ("line", "polled", "found"),
    [
        (Line(2, "1"), Polled({}, known=True), []),
        (Line(2, "1", "EL", granularity="hour", kind="volume"), Polled({}, known=True), []),
        (Line(2, "9"), Polled({}, known=True), [("problem", "unknown", 2)]),
        (Line(2, "9"), Polled({}, known=False), [("warning", "unknown", 2)]),
        (Line(2, "9"), Polled({"9": frozenset({"hour"})}, known=True), [("warning", "not yet", 2)]),
        (Line(2, "1", "VÄRME"), Polled({}, known=True), [("problem", "no such series", 2)]),
        (Line(2, "1", granularity="month"), Polled({}, known=True), [("problem", "no such series", 2)]),
        (
            Line(2, "1", granularity="month"),
            Polled({"1": frozenset({"month"})}, known=True),
            [("warning", "not yet", 2)],
        ),
        (
            Line(2, "1", "VÄRME", granularity="hour"),
            Polled({"1": frozenset({"hour"})}, known=True),
            [("problem", "no such series", 2)],
        ),
        (Line(2, "1", kind="register"), Polled({}, known=True), [("problem", "no position", 2)]),
    ],
)
def test_a_line_is_held_against_what_the_feed_carries(line: Line, polled: Polled, found: list[Any]) -> None:
    assert said(of_feed(line, HOURS, polled=polled)) == found


def test_a_series_that_is_quiet_has_probably_ended_unless_the_list_says_so() -> None:
    later = MIDNIGHT + 91 * instants.DAY
    assert said(of_feed(Line(2, "1"), HOURS, now=later)) == [("warning", "ended", 2)]
    assert of_feed(Line(2, "1"), HOURS, now=later, quiet_days=91) == []
    assert of_feed(Line(2, "1", valid_to=date(2020, 2, 1)), HOURS, now=later) == []


def test_series_that_the_list_does_not_have_are_told_with_who_has_them() -> None:
    feed = feed_of(meter_value(metering_point="1"), meter_value(metering_point="2"), meter_value(metering_point="3"))
    found = feed_findings.findings([Line(2, "1")], beside(feed, others={"momentum": [Line(2, "2", "EL-EXT")]}))
    assert [each.what for each in found] == [
        "2 EL-EXT hour: in the feed, not in this list; momentum has it",
        "3 EL-EXT hour: in the feed, not in this list; no other receiver has it either",
    ]


def test_the_changes_of_a_points_file_are_told() -> None:
    present = [Line(2, "1", "", "a"), Line(3, "2", "", "b"), Line(4, "3")]
    found = difference(present, [Line(9, "3"), Line(10, "2", "", "c"), Line(11, "4")])
    assert [(change.kind, change.line.metering_point, change.what) for change in found.changes] == [
        ("changed", "2", "receiver_key: b → c"),
        ("new", "4", ""),
        ("removed", "1", ""),
    ]
    assert found.unchanged == 1
