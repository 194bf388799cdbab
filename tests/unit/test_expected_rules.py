"""The rules of the independent fold: tables of values in, tables of (delta, consumption, held) out."""

from decimal import Decimal

import pytest

from local.expected import ExpectedRow
from tests.ledger_lines import fold, line

Case = tuple[str, dict[str, str], list[str | None], list[tuple[str | None, str | None, str | None]]]

REGISTERS: list[Case] = [
    ("the first position says nothing", {}, ["10"], [(None, None, None)]),
    ("a rise is used", {}, ["10", "12.5"], [(None, None, None), ("2.5", "2.5", None)]),
    ("no rise is a use of zero", {}, ["10", "10"], [(None, None, None), ("0", "0", None)]),
    ("the factor multiplies", {"factor": "40"}, ["10", "12.5"], [(None, None, None), ("2.5", "100", None)]),
    (
        "a null is passed over",
        {},
        ["10", None, "13"],
        [(None, None, None), (None, None, None), ("3", "3", None)],
    ),
    ("a fall is held", {}, ["10", "9"], [(None, None, None), ("-1", None, "negative_delta")]),
    (
        "back above the value before the fall is held, and the next counts again",
        {},
        ["15508", "0", "15510", "15512"],
        [
            (None, None, None),
            ("-15508", None, "negative_delta"),
            ("15510", None, "register_recovered"),
            ("2", "2", None),
        ],
    ),
    (
        "back at exactly the value before the fall is held",
        {},
        ["15508", "0", "15508"],
        [(None, None, None), ("-15508", None, "negative_delta"), ("15508", None, "register_recovered")],
    ),
    (
        "below the value before the fall is used",
        {},
        ["15508", "5", "9"],
        [(None, None, None), ("-15503", None, "negative_delta"), ("4", "4", None)],
    ),
    (
        "a fall after a fall is judged against the nearest",
        {},
        ["100", "50", "40", "60"],
        [
            (None, None, None),
            ("-50", None, "negative_delta"),
            ("-10", None, "negative_delta"),
            ("20", None, "register_recovered"),
        ],
    ),
    (
        "a roll-over is used",
        {"rolls_over_at": "100000", "factor": "2"},
        ["99990", "5"],
        [(None, None, None), ("-99985", "30", None)],
    ),
    (
        "a roll-over of exactly a tenth is used",
        {"rolls_over_at": "100000"},
        ["90000", "0"],
        [(None, None, None), ("-90000", "10000", None)],
    ),
    (
        "a use above a tenth is no roll-over",
        {"rolls_over_at": "100000"},
        ["89999", "0"],
        [(None, None, None), ("-89999", None, "negative_delta")],
    ),
    (
        "a position outside the range does not roll over",
        {"rolls_over_at": "100000"},
        ["100000", "5"],
        [(None, None, None), ("-99995", None, "negative_delta")],
    ),
    (
        "after a roll-over nothing has recovered",
        {"rolls_over_at": "100000"},
        ["99990", "5", "99995"],
        [(None, None, None), ("-99985", "15", None), ("99990", "99990", None)],
    ),
    (
        "more than the limit is held",
        {"max_per_period": "5"},
        ["1", "6.1"],
        [(None, None, None), ("5.1", None, "implausible")],
    ),
    ("the limit itself is not", {"max_per_period": "5"}, ["1", "6"], [(None, None, None), ("5", "5", None)]),
    (
        "the limit is judged with the factor and over a gap",
        {"max_per_period": "5", "factor": "2"},
        ["1", None, "4"],
        [(None, None, None), (None, None, None), ("3", None, "implausible")],
    ),
    (
        "a use that does not fit is held",
        {"factor": "0.1"},
        ["0", "0.000000000001"],
        [(None, None, None), ("0.000000000001", None, "not_representable")],
    ),
    (
        "a use of 25 digits is held",
        {"factor": "10"},
        ["0", "100000000000000000000000"],
        [(None, None, None), ("100000000000000000000000", None, "not_representable")],
    ),
    (
        "no exact way to the unit that is set is held",
        {"consumption_unit": "m3"},
        ["1", "2"],
        [(None, None, None), ("1", None, "unit_changed")],
    ),
    (
        "MWh are told in MWh if set so",
        {"consumption_unit": "MWh"},
        ["1000", "1500"],
        [(None, None, None), ("500", "0.5", None)],
    ),
]


def as_table(rows: list[ExpectedRow]) -> list[tuple[Decimal | None, Decimal | None, str | None]]:
    return [(row.delta, row.consumption, row.held) for row in rows]


def numbers(
    wanted: list[tuple[str | None, str | None, str | None]],
) -> list[tuple[Decimal | None, Decimal | None, str | None]]:
    return [(None if a is None else Decimal(a), None if b is None else Decimal(b), c) for a, b, c in wanted]


@pytest.mark.parametrize(("_name", "settings", "values", "wanted"), REGISTERS, ids=[case[0] for case in REGISTERS])
def test_registers(
    _name: str,
    settings: dict[str, str],
    values: list[str | None],
    wanted: list[tuple[str | None, str | None, str | None]],
) -> None:
    rows = fold([line(day, value) for day, value in enumerate(values, 1)], **settings)
    assert as_table(rows) == numbers(wanted)


VOLUMES: list[Case] = [
    ("a volume is its own use", {}, ["3", "2"], [(None, "3", None), ("-1", "2", None)]),
    ("the factor is for registers only", {"factor": "40"}, ["3"], [(None, "3", None)]),
    ("too much is held", {"max_per_period": "2"}, ["3"], [(None, None, "implausible")]),
    ("a null has no use", {}, ["3", None, "5"], [(None, "3", None), (None, None, None), ("2", "5", None)]),
    ("zero is not missing", {}, ["0"], [(None, "0", None)]),
    ("a unit without a way to the set one is held", {"consumption_unit": "m3"}, ["3"], [(None, None, "unit_changed")]),
    (
        "a use that does not fit is missing, not held",
        {"consumption_unit": "GWh"},
        ["0.000000000001"],
        [(None, None, None)],
    ),
]


@pytest.mark.parametrize(("_name", "settings", "values", "wanted"), VOLUMES, ids=[case[0] for case in VOLUMES])
def test_volumes(
    _name: str,
    settings: dict[str, str],
    values: list[str | None],
    wanted: list[tuple[str | None, str | None, str | None]],
) -> None:
    rows = fold([line(day, value) for day, value in enumerate(values, 1)], kind="volume", **settings)
    assert as_table(rows) == numbers(wanted)


def test_a_register_that_changes_its_unit_counts_on_from_there() -> None:
    other = {"unit": "m3"}
    rows = fold([line(1, "5"), line(2, "9", **other), line(3, "11", **other)])
    assert as_table(rows) == numbers([(None, None, None), (None, None, "unit_changed"), ("2", "2", None)])
    assert [row.consumption_unit for row in rows] == ["kWh", "m3", "m3"]
    assert rows[1].previous_reading_at == rows[0].reading_at


def test_a_register_that_goes_on_in_megawatt_hours_is_converted_exactly() -> None:
    rows = fold([line(1, "5000"), line(2, "5.5", unit="MWh"), line(3, "6", unit="MWh")])
    assert as_table(rows) == numbers([(None, None, None), ("0.5", "500", None), ("0.5", "500", None)])


def test_a_delta_that_needs_more_than_twelve_decimals_is_held() -> None:
    rows = fold([line(1, "5000.000000000001"), line(2, "5.5", unit="MWh")])
    assert as_table(rows)[1] == (None, None, "not_representable")


def test_a_volumes_delta_between_foreign_units_is_missing_and_holds_nothing() -> None:
    rows = fold([line(1, "5"), line(2, "9", unit="m3")], kind="volume")
    assert as_table(rows)[1] == (None, Decimal(9), None)
