"""Momentum's figures and the feed's, month by month."""

from datetime import date

import pytest

from operations.momentum_api import Figure
from operations.momentum_figures import Amount, Compared, Kind, compare
from schemas import exact

JANUARY = date(2026, 1, 1), date(2026, 2, 1)


def figure(text: str | None, unit: str = "kWh", period: tuple[date, date] = JANUARY) -> Figure:
    return Figure(*period, None if text is None else exact.parse(text), unit)


def amount(text: str | None, unit: str = "kWh") -> Amount:
    return Amount(None if text is None else exact.parse(text), unit)


def compared(there: list[Figure] | None, here: dict[tuple[int, int], Amount], tolerance: str = "0") -> list[Compared]:
    return list(compare("a", there, here, exact.parse(tolerance)))


@pytest.mark.parametrize(
    ("there", "here", "kind"),
    [
        (figure("1.5"), amount("1.500000000000"), "equal"),
        (figure("0.0015", "MWh"), amount("1.5"), "equal"),
        (figure("1500", "Wh"), amount("1.5"), "equal"),
        (figure("0.0014", "MWh"), amount("1.5"), "different"),
        (figure("1.501"), amount("1.5"), "different"),
        (figure("0"), amount("0"), "equal"),
        (figure(None), amount("0"), "missing there"),
        (figure("0"), amount(None), "not in the feed"),
        (figure(None), amount(None), "equal"),
        (figure("1", "m³"), amount("1"), "unit"),
        (figure("1", "m³"), amount("1", "m³"), "equal"),
    ],
)
def test_a_month_is_equal_or_it_is_said_how_not(there: Figure, here: Amount, kind: Kind) -> None:
    assert [each.kind for each in compared([there], {(2026, 1): here})] == [kind]


@pytest.mark.parametrize(
    ("text", "tolerance", "kind"),
    [
        ("1.501", "0.001", "within tolerance"),
        ("1.499", "0.001", "within tolerance"),
        ("1.501000000001", "0.001", "different"),
        ("1.5", "0.001", "equal"),
    ],
)
def test_a_tolerance_is_of_momentum_s_unit_and_includes_its_end(text: str, tolerance: str, kind: Kind) -> None:
    assert [each.kind for each in compared([figure(text)], {(2026, 1): amount("1.5")}, tolerance)] == [kind]
    in_mwh = {(2026, 1): amount("1500")}
    assert [each.kind for each in compared([figure(text, "MWh")], in_mwh, tolerance)] == [kind]


def test_months_that_only_one_of_the_two_has_are_told() -> None:
    february = date(2026, 2, 1), date(2026, 3, 1)
    found = compared([figure("1"), figure("2", period=february)], {(2026, 1): amount("1"), (2026, 3): amount("3")})
    assert [(each.month, each.kind, each.there, each.here) for each in found] == [
        ("2026-01", "equal", "1 kWh", "1 kWh"),
        ("2026-02", "not in the feed", "2 kWh", "–"),
        ("2026-03", "missing there", "–", "3 kWh"),
    ]


def test_usages_of_an_item_are_added_up() -> None:
    (found,) = compared([figure("1"), figure("0.5")], {(2026, 1): amount("1.5")})
    assert (found.kind, found.there) == ("equal", "1 kWh + 0.5 kWh")
    (mixed,) = compared([figure("1"), figure("0.5", "MWh")], {(2026, 1): amount("1.5")})
    assert mixed.kind == "unit"


def test_a_key_that_momentum_does_not_know_is_said_for_each_month() -> None:
    found = compared(None, {(2026, 1): amount("1"), (2026, 2): amount("2")})
    assert [(each.kind, each.there) for each in found] == [("missing there", "the key is unknown")] * 2


@pytest.mark.parametrize("period", [(date(2026, 1, 2), date(2026, 2, 1)), (date(2026, 1, 1), date(2026, 1, 31))])
def test_a_period_that_is_no_month_is_told(period: tuple[date, date]) -> None:
    """Such as one whose last day belongs to it."""
    found = compared([figure("1", period=period)], {})
    assert [(each.kind, each.month) for each in found] == [("period", "2026-01")]


def test_december_ends_with_the_year() -> None:
    december = date(2025, 12, 1), date(2026, 1, 1)
    (found,) = compared([figure("1", period=december)], {(2025, 12): amount("1")})
    assert found.kind == "equal"
