"""What the feed comes to by item key and month, as Momentum's layout shows it."""

from datetime import date
from pathlib import Path
from typing import Any, Literal

import pytest

from operations.momentum_feed import Span, keys, months_of
from operations.momentum_figures import Amount
from runtime.errors import ConfigError
from runtime.settings.receiver import PolicySettings
from runtime.zones import zone_of
from schemas import exact, instants
from schemas.events import MeterValue
from sinks.layouts import Layout, load
from sinks.points.points import Point, Points
from tests.sink_rows import value

ZONE = zone_of("+01:00")
SPAN = Span.of_year(2026, ZONE)
POINTS = Points([Point("1", receiver_key="a"), Point("2", receiver_key="b"), Point("3")])


def layout(name: str = "momentum", **policy: Any) -> Layout:
    (found,) = load([name], Path(), PolicySettings(**policy), "+01:00")
    return found


def at(day: date) -> int:
    return ZONE.midnight((day - date(1970, 1, 1)).days)


def of(begin: int, end: int, amount: str | None, point: str = "1", **changed: Any) -> MeterValue:
    number = None if amount is None else exact.parse(amount)
    about: dict[str, Any] = {"period_start": begin, "period_end": end, "reading_at": end, "metering_point": point}
    return value(**about | {"value": number, "consumption": number} | changed)


def hours(day: date, *amounts: str | None, **changed: Any) -> list[MeterValue]:
    begin = at(day)
    return [
        of(begin + n * instants.HOUR, begin + (n + 1) * instants.HOUR, amount, granularity="hour", **changed)
        for n, amount in enumerate(amounts)
    ]


JANUARY = at(date(2026, 1, 1)), at(date(2026, 2, 1))


def amounts(values: list[MeterValue], **policy: Any) -> dict[str, dict[tuple[int, int], Amount]]:
    return months_of(values, POINTS, layout(**policy), SPAN)


def test_hours_are_added_up_in_the_months_of_the_receiver_s_zone() -> None:
    values = [*hours(date(2026, 1, 31), *["0.000000000001"] * 24), *hours(date(2026, 2, 1), "5", None)]
    assert amounts(values) == {"a": {(2026, 1): Amount(24, "kWh"), (2026, 2): Amount(5 * exact.ONE, "kWh")}}


def test_months_stand_for_themselves_and_a_point_without_a_key_for_none() -> None:
    values = [of(*JANUARY, "1"), of(*JANUARY, "2", "2", consumption_unit="MWh"), of(*JANUARY, "3", "3")]
    assert amounts(values) == {
        "a": {(2026, 1): Amount(exact.ONE, "kWh")},
        "b": {(2026, 1): Amount(2 * exact.ONE, "MWh")},
    }


def test_what_is_missing_is_not_zero() -> None:
    assert amounts([of(*JANUARY, None, quality="missing")])["a"][2026, 1].number is None
    assert amounts([of(*JANUARY, "0")])["a"][2026, 1].number == 0


@pytest.mark.parametrize(("estimated", "shown"), [("deliver", {"a"}), ("wait", set())])
def test_the_receiver_s_policy_decides(estimated: Literal["deliver", "wait"], shown: set[str]) -> None:
    assert set(amounts([of(*JANUARY, "1", quality="estimated")], estimated=estimated)) == shown


def test_units_that_differ_within_a_month_do_not_add_up() -> None:
    first, second = hours(date(2026, 1, 1), "1", "2")
    mixed = [first, of(second.period_start, second.period_end, "2", granularity="hour", consumption_unit="MWh")]
    assert amounts(mixed)["a"][2026, 1] == Amount(None, "kWh and MWh")


def test_a_layout_without_what_is_compared_is_refused() -> None:
    with pytest.raises(ConfigError, match="layout vitec: it shows no consumption"):
        months_of([], POINTS, layout("vitec"), SPAN)


def test_the_keys_are_those_that_are_valid_in_the_year() -> None:
    begin, end = at(date(2026, 1, 1)), at(date(2027, 1, 1))
    points = Points(
        [
            Point("1", receiver_key="ended", valid_to=begin),
            Point("2", receiver_key="ends", valid_to=begin + 1),
            Point("3", receiver_key="begins", valid_from=end - 1),
            Point("4", receiver_key="later", valid_from=end),
            Point("5", "EL", receiver_key="twice", valid_to=begin + 1),
            Point("5", "VÄRME", receiver_key="twice"),
            Point("6"),
        ]
    )
    assert list(keys(points, SPAN)) == ["begins", "ends", "twice"]
