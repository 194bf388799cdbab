"""The rules of volumes, units, limits and digits as tables."""

import pytest

from schemas.events import Reading
from tests.metering import number, register, rows_of, volume
from tests.row_cases import NOTHING, Case, Row, case_id, check

BIG = "900000000000000000000000"
TINY = "0.000000000001"

VOLUMES: list[Case] = [
    (
        "the value is the consumption, delta is information",
        [volume(0, 5), volume(1, 3), volume(2, 0)],
        [(None, None, 5, None), (0, -2, 3, None), (1, -3, 0, None)],
    ),
    ("the factor is for registers", [volume(0, 5, factor=7)], [(None, None, 5, None)]),
    ("negative volumes are carried", [volume(0, -5)], [(None, None, -5, None)]),
    (
        "missing values have no previous reading and are none",
        [volume(0, 5), volume(1, None), volume(2, 6)],
        [(None, None, 5, None), NOTHING, (0, 1, 6, None)],
    ),
]

LIMITS: list[Case] = [
    (
        "more than the limit is implausible, the limit itself is not",
        [volume(0, 10, max_per_period=10), volume(1, "10.000000000001", max_per_period=10)],
        [(None, None, 10, None), (0, TINY, None, "implausible")],
    ),
    (
        "registers too, after factor and over a gap as it stands",
        [register(0, 1), register(9, 3, factor=10, max_per_period=19), register(10, 4, factor=10, max_per_period=19)],
        [NOTHING, (0, 2, None, "implausible"), (9, 1, 10, None)],
    ),
    (
        "the limit is in the consumption unit",
        [volume(0, 2, unit="MWh", max_per_period=1_999)],
        [(None, None, None, "implausible")],
    ),
    ("the first position has nothing to judge", [register(0, 99, max_per_period=1)], [NOTHING]),
]

DIGITS: list[Case] = [
    (
        "a register's delta beyond 24 integer digits",
        [register(0, f"-{BIG}"), register(1, BIG)],
        [NOTHING, (0, None, None, "not_representable")],
    ),
    (
        "a volume's delta beyond them is missing, its consumption is not",
        [volume(0, f"-{BIG}"), volume(1, BIG)],
        [(None, None, f"-{BIG}", None), (0, None, BIG, None)],
    ),
    (
        "a consumption beyond 24 integer digits",
        [register(0, 0), register(1, BIG, factor=10), volume(2, BIG, unit="MWh")],
        [NOTHING, (0, BIG, None, "not_representable"), (1, "899100000000000000000000", None, None)],
    ),
    (
        "a consumption beyond 12 fractional digits",
        [register(0, 0), register(1, TINY, factor="0.5"), volume(2, TINY, unit="Wh")],
        [NOTHING, (0, TINY, None, "not_representable"), (1, "-0.000000000999", None, None)],
    ),
    (
        "factor and unit are applied before digits are judged",
        [register(0, 0, unit="Wh"), register(1, TINY, unit="Wh", factor=1_000)],
        [NOTHING, (0, TINY, TINY, None)],
    ),
    (
        "a delta with too many digits in the reading's own unit",
        [register(0, TINY), register(1, 1, unit="MWh")],
        [NOTHING, (0, None, None, "not_representable")],
    ),
    (
        "a fall whose delta cannot be carried is still a held fall",
        [register(0, f"15508.{'0' * 11}1"), register(1, 0, unit="MWh"), register(2, 16, unit="MWh")],
        [NOTHING, (0, None, None, "not_representable"), (1, 16, None, "register_recovered")],
    ),
]

UNITS: list[Case] = [
    ("volumes convert exactly", [volume(0, "1.5", unit="MWh")], [(None, None, 1_500, None)]),
    (
        "all energies",
        [volume(0, 1, unit="Wh"), volume(1, 1, unit="GWh"), volume(2, 1)],
        [(None, None, "0.001", None), (0, "0.999999999", 1_000_000, None), (1, -999_999, 1, None)],
    ),
    (
        "delta stands in the reading's own unit",
        [register(0, 1_000), register(1, "1.25", unit="MWh")],
        [NOTHING, (0, "0.25", 250, None)],
    ),
    (
        "a volume with no conversion to the set unit",
        [volume(0, 5, unit="m3")],
        [(None, None, None, "unit_changed")],
    ),
    (
        "a volume's delta to an inconvertible unit is missing, the volume stands",
        [volume(0, 5), volume(1, 7, unit="m3", consumption_unit="m3"), volume(2, 6, unit="m3", consumption_unit="m3")],
        [(None, None, 5, None), (0, None, 7, None), (1, -1, 6, None)],
    ),
    (
        "a register that changes its unit; the next reading counts from this one",
        [
            register(0, 100),
            register(1, 7, unit="m3", consumption_unit="m3"),
            register(2, 9, unit="m3", consumption_unit="m3"),
        ],
        [NOTHING, (0, None, None, "unit_changed"), (1, 2, 2, None)],
    ),
    (
        "a register with no conversion to the set unit: delta as seen",
        [register(0, 5, unit="m3"), register(1, 7, unit="m3")],
        [NOTHING, (0, 2, None, "unit_changed")],
    ),
    ("units are compared verbatim", [volume(0, 5, unit="kwh")], [(None, None, None, "unit_changed")]),
    (
        "except for their Unicode form",
        [
            register(0, 1, unit="m\u00e5", consumption_unit="ma\u030a"),
            register(1, 3, unit="ma\u030a", consumption_unit="m\u00e5"),
        ],
        [NOTHING, (0, 2, 2, None)],
    ),
    ("a unit of its own", [volume(0, 5, unit="st", consumption_unit="st")], [(None, None, 5, None)]),
]

TABLE = VOLUMES + LIMITS + DIGITS + UNITS


@pytest.mark.parametrize(("name", "readings", "expected"), TABLE, ids=case_id)
def test_readings_come_to_these_rows(name: str, readings: list[Reading], expected: list[Row]) -> None:
    check(readings, expected)


@pytest.mark.parametrize(("name", "readings", "expected"), TABLE, ids=case_id)
def test_readings_come_to_the_same_rows_backwards(name: str, readings: list[Reading], expected: list[Row]) -> None:
    """Every case again with the newest reading first, so that each row is recomputed rather than appended."""
    check(readings[::-1], expected)


def test_a_missing_value_has_the_quality_missing() -> None:
    assert [value.quality for value in rows_of([volume(0, 5), volume(1, None)])] == ["measured", "missing"]


def test_a_row_carries_its_content_unchanged() -> None:
    reading = volume(3, "1.5", fetched=9, unit="MWh", quality="temporary", reading_method=None, reading_reason="x")
    (value,) = rows_of([reading])
    assert (value.value, value.unit, value.quality) == (number("1.5"), "MWh", "temporary")
    assert (value.reading_method, value.reading_reason) == (None, "x")
    assert (value.period_start, value.period_end) == (reading.period_start, reading.period_end)
    assert (value.series_kind, value.granularity, value.fetched_at) == ("volume", "hour", reading.fetched_at)
