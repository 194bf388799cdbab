"""The rules of registers as tables: deltas, falls, recoveries, roll-overs."""

from typing import Any

import pytest

from schemas.events import Reading
from tests.metering import Number, register, volume
from tests.row_cases import NOTHING, Case, Row, case_id, check

REGISTERS: list[Case] = [
    ("first position", [register(0, 100)], [NOTHING]),
    ("delta is the consumption", [register(0, 100), register(1, "130.5")], [NOTHING, (0, "30.5", "30.5", None)]),
    ("standing still uses zero", [register(0, 100), register(1, 100)], [NOTHING, (0, 0, 0, None)]),
    ("missing is not zero", [register(0, None), register(1, 5)], [NOTHING, NOTHING]),
    (
        "a missing position is passed over",
        [register(0, 100), register(1, None), register(2, 130)],
        [NOTHING, NOTHING, (0, 30, 30, None)],
    ),
    ("factor", [register(0, 1), register(1, 3, factor="0.5")], [NOTHING, (0, 2, 1, None)]),
    (
        "the row's own factor counts, not the one before",
        [register(0, 1, factor=7), register(1, 3, factor=200)],
        [NOTHING, (0, 2, 400, None)],
    ),
    (
        "negative positions are positions",
        [register(0, -5), register(1, 5)],
        [NOTHING, (0, 10, 10, None)],
    ),
]

FALLS: list[Case] = [
    ("a fall is held", [register(0, 100), register(1, 30)], [NOTHING, (0, -70, None, "negative_delta")]),
    (
        "after a fall counting goes on from the new position",
        [register(0, 100), register(1, 30), register(2, 35)],
        [NOTHING, (0, -70, None, "negative_delta"), (1, 5, 5, None)],
    ),
    (
        "a register that recovers does not bill the whole position",
        [register(0, 15508), register(1, 0), register(2, 15510)],
        [NOTHING, (0, -15508, None, "negative_delta"), (1, 15510, None, "register_recovered")],
    ),
    (
        "recovered exactly to the value before the fall",
        [register(0, 15508), register(1, 0), register(2, 15508)],
        [NOTHING, (0, -15508, None, "negative_delta"), (1, 15508, None, "register_recovered")],
    ),
    (
        "one below the value before the fall is use of the new register",
        [register(0, 15508), register(1, 0), register(2, 15507)],
        [NOTHING, (0, -15508, None, "negative_delta"), (1, 15507, 15507, None)],
    ),
    (
        "after a recovery counting goes on",
        [register(0, 15508), register(1, 0), register(2, 15510), register(3, 15520)],
        [
            NOTHING,
            (0, -15508, None, "negative_delta"),
            (1, 15510, None, "register_recovered"),
            (2, 10, 10, None),
        ],
    ),
    (
        "only the nearest earlier value's own fall counts",
        [register(0, 15508), register(1, 0), register(2, 5), register(3, 15510)],
        [NOTHING, (0, -15508, None, "negative_delta"), (1, 5, 5, None), (2, 15505, 15505, None)],
    ),
    (
        "a recovery is seen across a missing value",
        [register(0, 100), register(1, 0), register(2, None), register(3, 101)],
        [NOTHING, (0, -100, None, "negative_delta"), NOTHING, (1, 101, None, "register_recovered")],
    ),
    (
        "of two falls the second one's height counts",
        [register(0, 100), register(1, 40), register(2, 10), register(3, 50)],
        [
            NOTHING,
            (0, -60, None, "negative_delta"),
            (1, -30, None, "negative_delta"),
            (2, 40, None, "register_recovered"),
        ],
    ),
    (
        "a recovery in another unit",
        [register(0, 15508), register(1, 0), register(2, "15.51", unit="MWh")],
        [NOTHING, (0, -15508, None, "negative_delta"), (1, "15.51", None, "register_recovered")],
    ),
]


def rolling(hour: int, value: Number, **others: Any) -> Reading:
    return register(hour, value, rolls_over_at=100_000, **others)


ROLL_OVERS: list[Case] = [
    ("a roll-over", [rolling(0, 99_990), rolling(1, 5)], [NOTHING, (0, -99_985, 15, None)]),
    ("with a factor", [rolling(0, 99_990), rolling(1, 5, factor=40)], [NOTHING, (0, -99_985, 600, None)]),
    (
        "10 % of the range is a roll-over",
        [rolling(0, 95_000), rolling(1, 5_000)],
        [NOTHING, (0, -90_000, 10_000, None)],
    ),
    (
        "the smallest step above 10 % is not",
        [rolling(0, 95_000), rolling(1, "5000.000000000001")],
        [NOTHING, (0, "-89999.999999999999", None, "negative_delta")],
    ),
    (
        "a position at the range's end is outside it",
        [rolling(0, 100_000), rolling(1, 5)],
        [NOTHING, (0, -99_995, None, "negative_delta")],
    ),
    (
        "a negative position is outside the range",
        [rolling(0, 99_990), rolling(1, -1)],
        [NOTHING, (0, -99_991, None, "negative_delta")],
    ),
    ("zero is inside the range", [rolling(0, 99_990), rolling(1, 0)], [NOTHING, (0, -99_990, 10, None)]),
    (
        "a roll-over is no held fall: nothing to recover from",
        [rolling(0, 99_990), rolling(1, 5), rolling(2, 99_995)],
        [NOTHING, (0, -99_985, 15, None), (1, 99_990, 99_990, None)],
    ),
    (
        "a roll-over above the limit is held, and so is what recovers from it",
        [rolling(0, 99_990), rolling(1, 5, max_per_period=10), rolling(2, 99_995)],
        [NOTHING, (0, -99_985, None, "implausible"), (1, 99_990, None, "register_recovered")],
    ),
    (
        "across units of energy, in the reading's own unit",
        [register(0, "99.99", unit="MWh"), rolling(1, 5)],
        [NOTHING, (0, -99_985, 15, None)],
    ),
]

KINDS: list[Case] = [
    (
        "a register after a volume is a first position",
        [volume(0, 5), register(1, 100), register(2, 110)],
        [(None, None, 5, None), NOTHING, (1, 10, 10, None)],
    ),
    (
        "a volume after a register follows its own terms",
        [register(0, 100), volume(1, 5)],
        [NOTHING, (0, -95, 5, None)],
    ),
    (
        "a volume between registers ends the register's chain",
        [register(0, 100), volume(1, 5), register(2, 120)],
        [NOTHING, (0, -95, 5, None), NOTHING],
    ),
]

TABLE = REGISTERS + FALLS + ROLL_OVERS + KINDS


@pytest.mark.parametrize(("name", "readings", "expected"), TABLE, ids=case_id)
def test_readings_come_to_these_rows(name: str, readings: list[Reading], expected: list[Row]) -> None:
    check(readings, expected)


@pytest.mark.parametrize(("name", "readings", "expected"), TABLE, ids=case_id)
def test_readings_come_to_the_same_rows_backwards(name: str, readings: list[Reading], expected: list[Row]) -> None:
    """Every case again with the newest reading first, so that each row is recomputed rather than appended."""
    check(readings[::-1], expected)
