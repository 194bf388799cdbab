"""The independent fold: from the lines of a ledger to rows and dead letters."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from local.expected import FeedFacts, OutsideHistory, expected_dead_letters, terms_of
from local.expected_rules import Terms
from tests.ledger_lines import fold, line


def test_the_last_served_content_is_the_truth_and_superseded_lines_are_not() -> None:
    rows = fold([line(1, "1"), line(1, "2"), line(1, "1"), line(1, "9", superseded=True)])
    assert [row.value for row in rows] == [Decimal(1)]


def test_an_equal_content_in_other_bytes_replaces_nothing() -> None:
    """The row keeps the texts of the content that came first: equal numbers and NFC-equal texts are a duplicate."""
    rows = fold([line(1, "1", method="Fjärr"), line(1, "1.000e0", method="Fja\u0308rr")])
    assert [row.reading_method for row in rows] == ["Fjärr"]


def test_the_order_of_different_identities_does_not_matter() -> None:
    lines = [line(1, "1"), line(2, "3"), line(3, None), line(4, "2")]
    assert fold(lines) == fold(lines[::-1])


@pytest.mark.parametrize(
    ("method", "value", "quality"),
    [
        ("Fjärr", "1", "measured"),
        ("Fja\u0308rr", "1", "measured"),
        ("Godkänd", "1", "measured"),
        ("Beräknad", "1", "calculated"),
        ("Temporär", "1", "temporary"),
        ("21", "1", "temporary"),
        ("56", "1", "estimated"),
        ("fjärr", "1", "unknown"),
        ("Ny", "1", "unknown"),
        (None, "1", "unknown"),
        ("Fjärr", None, "missing"),
    ],
)
def test_quality_comes_from_the_method_and_null_is_missing(method: str | None, value: str | None, quality: str) -> None:
    assert fold([line(1, value, method=method)])[0].quality == quality


def test_a_row_carries_utc_instants_and_exact_decimals() -> None:
    row = fold([line(1, "26633.000000000000")], kind="volume")[0]
    assert row.reading_at == datetime(2020, 2, 29, 23, tzinfo=UTC)
    assert (row.period_start, row.period_end) == (row.reading_at, datetime(2020, 3, 1, 23, tzinfo=UTC))
    assert (str(row.value), row.unit, row.reading_reason, row.source) == ("26633.000000000000", "kWh", "2", "u-days")


def test_a_reading_before_the_history_is_refused() -> None:
    with pytest.raises(OutsideHistory):
        fold([line(1, "1", reading_date="2018-12-31T00:00:00"), line(1, "2")])


def test_settings_of_a_category_stand_before_those_of_the_point() -> None:
    rows = [
        {"metering_point": "1", "category": "", "kind": "volume", "factor": "3"},
        {"metering_point": "1", "category": "R", "kind": "register", "factor": ""},
    ]
    facts = FeedFacts("u", "day", "last-day", kinds={"S": "register"}, units={"R": "MWh"})
    assert terms_of(rows, "R", facts) == Terms("register", Fraction(1), consumption_unit="MWh")
    assert terms_of(rows, "S", facts) == Terms("volume", Fraction(3))
    assert terms_of([], "S", facts) == Terms("register")


def test_dead_letters_are_distinct_originals_by_point_and_reason() -> None:
    bad: dict[str, object] = {"kind": "broken", "dead_letter": "bad_value", "feed": "days", "point": "1"}
    body: dict[str, object] = bad | {"kind": "body", "dead_letter": "unreadable_response", "original": None}
    lines = [bad | {"original": text} for text in ("a", "b", "a")]
    assert expected_dead_letters([*lines, body, body, line(1, "1")]) == {
        ("days", "1", "bad_value"): {"a", "b"},
        ("days", "1", "unreadable_response"): {""},
    }
