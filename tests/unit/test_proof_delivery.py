"""What a delivery report adds up, counts as a gap and hashes; and its page."""

import re
from collections.abc import Iterable
from dataclasses import asdict
from hashlib import sha256
from itertools import groupby
from typing import Any

import msgspec
import pytest

from operations.proof.delivered_points import IN_MEMORY, DeliveredPoints, Point
from operations.proof.delivery import Delivery
from operations.proof.gaps import gap
from operations.proof.report import Report
from operations.proof.report_page import page
from operations.proof.rows import NAMES, version
from runtime.zones import zone_of
from schemas import instants
from schemas.events import MeterValue
from schemas.exact import LIMIT, ONE
from schemas.instants import DAY, HOUR, MINUTE
from tests.sink_rows import row, value

ZONE = zone_of("+01:00")
BEGIN = 1_701_385_200_000_000
"""2023-12-01T00:00+01:00"""


def hour(number: int, **changed: Any) -> MeterValue:
    start = BEGIN + number * HOUR
    grid = {"reading_at": start + HOUR, "period_start": start, "period_end": start + HOUR, "granularity": "hour"}
    return value(number + 100, **(grid | {"consumption": ONE} | changed))


def delivery(values: Iterable[MeterValue]) -> Delivery:
    found = Delivery(ZONE)
    rows = sorted((version(row(each).columns[: len(NAMES)]) for each in values), key=lambda each: each.key)
    for _, of_point in groupby(rows, key=lambda each: each.key[0]):
        found.look(list(of_point))
    return found


def test_sums_are_exact_and_wider_than_a_value_can_be() -> None:
    found = delivery([hour(0, consumption=LIMIT - 1), hour(1, consumption=1), hour(2, consumption=None)])
    ((category, amount),) = found.amounts.items()
    assert category == ("EL-EXT", "hour", "kWh")
    assert (amount.readings, amount.consumption, amount.without) == (3, LIMIT, 1)


def test_a_unit_or_granularity_of_its_own_has_a_sum_of_its_own() -> None:
    found = delivery([hour(0), hour(1, consumption_unit="MWh"), hour(2, granularity="quarter")])
    assert [amount.consumption for amount in found.amounts.values()] == [ONE, ONE, ONE]


@pytest.mark.parametrize(
    ("granularity", "zone", "begin", "end", "periods"),
    [
        ("hour", "+01:00", BEGIN, BEGIN + 3 * HOUR, 3),
        ("quarter", "+01:00", BEGIN, BEGIN + HOUR + MINUTE, 4),
        ("day", "+01:00", BEGIN, BEGIN + 2 * DAY, 2),
        ("day", "Europe/Copenhagen", BEGIN + 114 * DAY, BEGIN + 123 * DAY - HOUR, 9),
        ("day", "UTC", BEGIN + 114 * DAY, BEGIN + 123 * DAY - HOUR, 9),
        ("month", "+01:00", BEGIN, BEGIN + 62 * DAY, 2),
        ("month", "UTC", BEGIN, BEGIN + 62 * DAY, 2),
        ("hour", "+01:00", BEGIN, BEGIN + MINUTE, 0),
    ],
)
def test_missing_periods_are_those_of_the_grid(granularity: str, zone: str, begin: int, end: int, periods: int) -> None:
    """A day of the change-over is a day, whatever its hours."""
    assert gap(("hours", "p", "EL"), granularity, (begin, end), zone_of(zone)).periods == periods


def test_a_gap_is_between_rows_of_one_series_and_granularity() -> None:
    """Not before the first, after the last, or where another series has none; an overlap is none."""
    found = delivery(
        [
            *(hour(number) for number in (0, 1, 4)),
            hour(9, delivery_category="HEAT"),
            hour(10, source="other"),
            hour(0, metering_point="q"),
            hour(0, metering_point="q", reading_at=BEGIN + 2 * HOUR, period_end=BEGIN + 5 * HOUR),
            hour(3, metering_point="q"),
            hour(5, metering_point="q"),
        ]
    )
    assert (found.gaps_in_all, found.missing_periods) == (1, 2)
    assert (found.gaps[0].begin, found.gaps[0].end) == (BEGIN + 2 * HOUR, BEGIN + 4 * HOUR)


def test_months_are_those_of_the_receiver_s_zone() -> None:
    (point,) = delivery([hour(-1), hour(0)]).points
    assert list(point.months) == ["2023-11", "2023-12"]
    assert (point.first_period, point.last_period, point.readings) == (BEGIN - HOUR, BEGIN + HOUR, 2)


def test_a_hash_is_that_of_the_canonical_contents() -> None:
    """The form is documented, so that anyone can check it, for years."""
    (point,) = delivery([hour(0)]).points
    fields = ["months", "735999100057526501", "EL-EXT", BEGIN + HOUR, "volume", "hour", BEGIN, BEGIN + HOUR]
    contents = [26633 * ONE, "kWh", 1_697_408_000_000_000, -12 * ONE, ONE, "kWh", "measured", "Fjärr", "2", None]
    line = msgspec.json.encode(fields + contents) + b"\n"
    assert point.months == {"2023-12": sha256(line).hexdigest()}
    month = f'["735999100057526501","2023-12","{point.months["2023-12"]}"]\n'
    assert delivery([hour(0)]).content == sha256(month.encode()).hexdigest()


def test_a_hash_changes_with_what_a_receiver_reads_and_with_nothing_else() -> None:
    one = delivery([hour(0), hour(1)]).content
    again = [hour(0, epoch="2", cause="recomputed", change=0), hour(1, fetched_at=BEGIN, published_at=BEGIN)]
    assert delivery(again).content == one
    for changed in ({"value": None}, {"unit": "MWh"}, {"period_start": BEGIN - HOUR}, {"held": "implausible"}):
        assert delivery([hour(0, **changed), hour(1)]).content != one


def test_a_row_whose_period_cannot_be_read_counts_nowhere() -> None:
    fields = list(row(hour(0)).columns[: len(NAMES)])
    fields[NAMES.index("period_start")] = "not an instant: soon"
    found = Delivery(ZONE)
    found.look([version(fields)])
    assert (found.readings, list(found.points)) == (0, [])


def test_a_page_shows_a_report_and_lets_nothing_of_it_become_markup() -> None:
    difference = {
        "kind": "different",
        "metering_point": "<script>",
        "reading_at": "x",
        "fields": {"consumption": [None, "0"]},
    }
    points = DeliveredPoints()
    points.add(Point("p", 2, 0, DAY, {"2023-11": "a", "2023-12": "b"}))
    counts = dict.fromkeys(
        ("rows", "equal", "missing", "extra", "different", "refused", "unmapped", "unsettled", "behind", "unusable"), 1
    )
    delivered = dict.fromkeys(
        (
            "readings",
            "missing_values",
            "estimated",
            "corrections",
            "gaps",
            "missing_periods",
            "first_period",
            "last_period",
        ),
        1,
    )
    body = {
        "receiver": "<script>",
        "stage": "test",
        "made_at": "2026-11-23T18:00:00Z",
        "software": {"meterstream": "1"},
        "zone_of_days_and_months": "+01:00",
        "verification": {"verdict": "different", "first": [difference], "layouts": [], **counts},
        "delivery": {"amounts": [], "held": {}, "first_gaps": [], "estimated_percent": "1.5", **delivered},
        "points": {"mapped": 1, "with_values": 1, "first_without_values": ["<b>"]},
        "dead_letters": [],
        "configuration": {"zone": "+01:00", "policy": {"estimated": "wait"}},
        "contents": {"sha256": "f" * 64},
    }
    shown = page(Report(body, points), "sign-off.json", "0" * 64)
    assert not {"<script>", "<b>"} & set(re.findall("<[a-z]+>", shown))
    assert "&lt;script&gt;" in shown
    assert "NOT equal to the feed" in shown
    assert "consumption: – ≠ 0" in shown
    assert "2: 2023-11 to 2023-12" in shown
    assert "0" * 64 in shown


def test_the_json_of_a_report_is_written_piece_by_piece_and_is_that_of_the_whole() -> None:
    """Also once the points no longer lie in memory; and where there are none."""
    months = {f"{year}-{month:02}": f"{year:064}" for year in range(1970, 2000) for month in range(1, 13)}
    many = [Point(f"p{number:04}", 2, 0, number * DAY, months) for number in range(IN_MEMORY // 25_000)]
    for some in (many, many[:1], []):
        points = DeliveredPoints()
        for point in some:
            points.add(point)
        report = Report({"verdict": "[]\n  }\n}", "contents": {"sha256": "f" * 64}}, points)
        pieces = list(report.as_json())
        assert max(map(len, pieces)) < 50_000
        told = [asdict(point) | {"first_period": "1970-01-01T00:00:00Z"} for point in some]
        for each, point in zip(told, some, strict=True):
            each["last_period"] = instants.to_text(point.last_period)
        whole = {"verdict": "[]\n  }\n}", "contents": {"sha256": "f" * 64, "points": told}}
        assert b"".join(pieces) == msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"
