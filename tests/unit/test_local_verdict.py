"""The verdict finds every kind of difference between two tables, and says where."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from local.expected import ExpectedRow
from local.verdict import compare

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROW = ExpectedRow(
    source="hours",
    metering_point="735999100057526501",
    delivery_category="EL-EXT",
    reading_at=NOON,
    period_start=NOON - timedelta(hours=1),
    period_end=NOON,
    value=Decimal("1.500000000000"),
    unit="kWh",
    previous_reading_at=None,
    delta=None,
    consumption=Decimal("1.500000000000"),
    consumption_unit="kWh",
    quality="measured",
    reading_method="Fjärr",
    reading_reason="2",
    held=None,
)
NEXT = replace(ROW, reading_at=NOON + timedelta(hours=1))


def test_equal_tables_are_equal_in_any_order() -> None:
    assert compare("vitec", [ROW, NEXT], [NEXT, ROW]).equal


def test_two_empty_tables_are_not_a_success() -> None:
    assert not compare("vitec", [], []).equal


def test_a_missing_row_is_found_and_named() -> None:
    verdict = compare("vitec", [ROW, NEXT], [ROW])
    assert (verdict.missing, verdict.unexpected, verdict.equal) == (1, 0, False)
    assert "13:00:00+00:00: is missing" in verdict.differences[0]


def test_a_row_too_many_is_found_even_where_it_is_a_copy() -> None:
    assert compare("vitec", [ROW], [ROW, NEXT]).unexpected == 1
    assert compare("vitec", [ROW], [ROW, ROW]).unexpected == 1


def test_a_wrong_column_is_named_with_both_values() -> None:
    verdict = compare("vitec", [ROW], [replace(ROW, delta=Decimal("0E-12"))])
    assert verdict.differences[0].endswith("delta is 0E-12, not None")
    assert not verdict.equal
