"""What a layout makes of values: what is shown, and what is withheld for which reason."""

from datetime import date, datetime
from typing import Any

import pytest

from runtime.settings.receiver import PolicySettings
from schemas import instants
from schemas.events import MeterValue
from schemas.exact import ONE
from schemas.reasons import Held
from sinks.layouts.layout import Layout
from sinks.layouts.reading import Delivered, rows, spans_more
from sinks.layouts.shelf import read
from sinks.layouts.zone import zone_of
from sinks.points.points import Point, Points
from tests.sink_rows import POINT, value

HOUR = instants.HOUR
BEGIN = instants.from_datetime(datetime.fromisoformat("2026-01-31T22:00Z"))
"""The last hour of January in Swedish normal time."""
FIGURE = '[[columns]]\nname = "n"\nfrom = "figure"\n'
STATUS = '[[columns]]\nname = "s"\nfrom = "status"\n'
KEYED = Points([Point(POINT, receiver_key="K")])

Shows = list[tuple[Any, ...]]


def layout(columns: str = FIGURE + STATUS, zone: str = "+01:00", head: str = "", **policy: Any) -> Layout:
    file = read("test", f'view = "v"\n{head}\n{columns}')
    return Layout("test", file, file.policy.overridden(PolicySettings(**policy)), zone_of(zone))


def hour(after: int = 0, **changed: Any) -> MeterValue:
    """A value of an hour of a volume, that many hours after the first."""
    begin = BEGIN + after * HOUR
    period: dict[str, Any] = {
        "period_start": begin,
        "period_end": begin + HOUR,
        "reading_at": begin + HOUR,
        "granularity": "hour",
    }
    return value(**(period | {"previous_reading_at": begin} | changed))


def register(after: int = 0, **changed: Any) -> MeterValue:
    """The same of a register that stands at 1000."""
    return hour(after, **({"series_kind": "register", "value": 1000 * ONE, "consumption": 5 * ONE} | changed))


def read_of(shown_by: Layout, *values: MeterValue, points: Points = KEYED) -> tuple[Shows, list[str]]:
    """The cells that are shown, and why the others are not."""
    found = rows(shown_by, [Delivered(one, BEGIN) for one in values], points)
    return sorted(row.cells for row in found.shown), sorted(out.reason for out in found.withheld)


def test_the_meter_says_whether_it_is_given_positions_or_consumptions() -> None:
    for kind, shown in ((None, 1000), ("register", 1000), ("volume", 5)):
        points = Points([Point(POINT, receiver_key="K", kind=kind)])
        assert read_of(layout(), register(), points=points) == ([(shown * ONE, "measured")], [])


def test_a_position_is_not_made_of_a_volume() -> None:
    points = Points([Point(POINT, receiver_key="K", kind="register")])
    assert read_of(layout(), hour(), points=points) == ([], ["not_a_register"])


MISSING: dict[str, Any] = {"value": None, "consumption": None, "quality": "missing"}
HELD: dict[str, Any] = {"consumption": None, "held": Held.NEGATIVE_DELTA.value}
FIRST: dict[str, Any] = {"consumption": None, "previous_reading_at": None}
SPANS: dict[str, Any] = {"previous_reading_at": BEGIN - HOUR}
CONSUMPTION = '[[columns]]\nname = "n"\nfrom = "consumption"\n' + STATUS


@pytest.mark.parametrize(
    ("one", "policy", "shown", "withheld"),
    [
        (hour(**MISSING), {}, [(None, "missing")], []),
        (hour(**MISSING), {"missing": "skip"}, [], ["missing"]),
        (register(**FIRST), {}, [(None, "first_reading")], []),
        (register(**FIRST), {"missing": "skip"}, [], ["first_reading"]),
        (register(**HELD), {}, [(None, "negative_delta")], []),
        (register(**HELD), {"held": "skip"}, [], ["negative_delta"]),
        (register(**SPANS), {}, [(None, "gap")], []),
        (register(**SPANS), {"gap": "skip"}, [], ["gap"]),
        (register(**SPANS), {"gap": "deliver"}, [(5 * ONE, "measured")], []),
        (hour(**SPANS), {}, [(26633 * ONE, "measured")], []),
        (hour(quality="estimated"), {}, [(26633 * ONE, "estimated")], []),
        (hour(quality="temporary"), {"estimated": "wait"}, [], ["estimated"]),
        (hour(quality="calculated"), {"estimated": "wait"}, [(26633 * ONE, "calculated")], []),
        (hour(held=Held.OUTSIDE_HISTORY.value), {"held": "skip"}, [(26633 * ONE, "measured")], []),
    ],
)
def test_the_policy_says_what_becomes_of_what_is_not_as_it_should_be(
    one: MeterValue, policy: dict[str, Any], shown: Shows, withheld: list[str]
) -> None:
    assert read_of(layout(CONSUMPTION, **policy), one) == (shown, withheld)


def test_a_position_is_shown_although_its_consumption_is_held_or_spans_a_gap() -> None:
    assert read_of(layout(held="skip", gap="skip"), register(**HELD), register(1, **SPANS))[1] == []


MONTH = {
    month: instants.from_datetime(datetime.fromisoformat(f"2026-{month:02}-01T00:00+01:00")) for month in range(1, 5)
}
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("granularity", "read", "before", "spans"),
    [
        ("month", MONTH[4], MONTH[3], False),  # stamped with the end
        ("month", MONTH[4], MONTH[2], True),
        ("month", MONTH[4] - DAY, MONTH[3] - DAY, False),  # with the last day: of March, of February
        ("month", MONTH[4] - DAY, MONTH[2] - DAY, True),
        ("month", MONTH[3], MONTH[2], False),  # with the start: February is shorter than March
        ("month", MONTH[3], MONTH[1], True),
        ("day", MONTH[3], MONTH[3] - DAY, False),
        ("day", MONTH[3], MONTH[3] - 2 * DAY, True),
        ("hour", MONTH[3], MONTH[3] - HOUR, False),
        ("hour", MONTH[3], MONTH[3] - 2 * HOUR, True),
    ],
)
def test_a_gap_is_told_whatever_part_of_its_period_a_date_names(
    granularity: str, read: int, before: int, spans: bool
) -> None:
    length = {"month": MONTH[4] - MONTH[3], "day": DAY, "hour": HOUR}[granularity]
    period: dict[str, Any] = {"period_start": MONTH[3], "period_end": MONTH[3] + length, "granularity": granularity}
    assert spans_more(register(reading_at=read, previous_reading_at=before, **period)) == spans


def test_several_readings_of_one_period_are_added_or_the_last_one_counts() -> None:
    half = BEGIN + HOUR // 2
    parts = [register(reading_at=half, value=997 * ONE, consumption=2 * ONE, quality="estimated"), register()]
    assert read_of(layout(CONSUMPTION), *parts) == ([(7 * ONE, "estimated")], [])
    assert read_of(layout(), *parts) == ([(1000 * ONE, "measured")], [])


def test_a_sum_is_missing_while_one_of_its_parts_is() -> None:
    parts = [hour(), hour(reading_at=BEGIN + 1, **MISSING)]
    assert read_of(layout(), *parts) == ([(None, "missing")], [])
    assert read_of(layout(missing="skip"), *parts) == ([], ["missing", "missing"])


def test_a_key_that_is_given_to_two_series_shows_neither() -> None:
    assert read_of(layout(), hour(), hour(delivery_category="EL-INT")) == ([], ["several_series"] * 2)


def test_parts_in_other_units_are_not_added() -> None:
    assert read_of(layout(), hour(), hour(reading_at=BEGIN + 1, consumption_unit="m3"))[1] == ["several_readings"] * 2


def test_a_value_without_point_or_key_is_withheld() -> None:
    points = Points([Point(POINT, valid_from=BEGIN + HOUR)])
    assert read_of(layout(), hour(), hour(1), points=points) == ([], ["no_key", "no_point"])
    by_series = layout(head='key = "series"')
    assert read_of(by_series, hour(), hour(1), points=points) == ([(26633 * ONE, "measured")], ["no_point"])


CUT = FIGURE + 'unit = "MWh"\ndecimals = 3\nremainder = "{}"\n'
REST = '[[columns]]\nname = "r"\nfrom = "remainder"\nof = "n"\n'


@pytest.mark.parametrize(
    ("remainder", "kwh", "shown"),
    [
        ("hold", 26633 * ONE, [(26633 * ONE // 1000, "measured")]),
        ("hold", 26633 * ONE + 1000, [(None, "remainder")]),
        ("round", 1500 * ONE // 1000, [(2 * ONE // 1000, "measured", -ONE // 2000)]),
        ("round", -1500 * ONE // 1000, [(-2 * ONE // 1000, "measured", ONE // 2000)]),
        ("round", 1499 * ONE // 1000, [(ONE // 1000, "measured", 499 * ONE // 10**6)]),
        ("round", 1, [(None, "not_representable", None)]),
    ],
)
def test_a_remainder_never_goes_silently(remainder: str, kwh: int, shown: Shows) -> None:
    columns = CUT.format(remainder) + STATUS + (REST if remainder == "round" else "")
    assert read_of(layout(columns), hour(consumption=kwh))[0] == shown


def test_a_unit_of_another_family_is_withheld() -> None:
    assert read_of(layout(FIGURE + 'unit = "MWh"\n'), hour(consumption_unit="m3")) == ([], ["unit"])


@pytest.mark.parametrize(
    ("source", "form", "shown"),
    [
        ("period_end", "timestamp", datetime(2026, 2, 1)),  # noqa: DTZ001 - local time has no zone
        ("period_last", "timestamp", datetime(2026, 1, 31, 23, 59, 59, 999_999)),  # noqa: DTZ001 - the same
        ("period_last", "date", date(2026, 1, 31)),
        ("period_end", "date", date(2026, 2, 1)),
        ("period_start", "YYYY-MM-DD hh:mm", "2026-01-31 23:00"),
        ("period_last", "DD.MM.YYYY", "31.01.2026"),
        ("period_start", "YYYYMMDDThhmmss", "20260131T230000"),
    ],
)
def test_times_are_shown_as_the_receiver_wants_them(source: str, form: str, shown: Any) -> None:
    column = f'[[columns]]\nname = "t"\nfrom = "{source}"\nformat = "{form}"\n'
    assert read_of(layout(column + FIGURE), hour())[0][0][0] == shown


def test_a_zone_with_change_over_is_followed() -> None:
    column = '[[columns]]\nname = "t"\nfrom = "period_last"\nzone = "Europe/Stockholm"\nformat = "hh:mm:ss"\n'
    night = instants.from_datetime(datetime.fromisoformat("2026-03-29T00:00Z"))
    one = hour(period_start=night, period_end=night + HOUR)
    assert read_of(layout(column + FIGURE), one)[0][0][0] == "01:59:59"
