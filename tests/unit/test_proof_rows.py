"""Rows read back from any database, and how they are compared."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from operations.proof.differences import Difference, Differences, Measure, compare
from operations.proof.piles import WAITING, Piles, side_by_side
from operations.proof.rows import CONTENTS, NAMES, Version, read_back, told, version
from operations.proof.sorted_rows import RUN, sorting
from schemas.events import MeterValue
from schemas.exact import ONE
from schemas.instants import HOUR, SECOND
from tests.sink_rows import AT, POINT, row, value

MOMENT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def of(content: MeterValue) -> Version:
    return version(row(content).columns[: len(NAMES)])


@pytest.mark.parametrize(
    ("name", "raw", "plain"),
    [
        ("value", "26633.000000000001", 26633 * ONE + 1),
        ("value", Decimal("123456789012345678901234.123456789012"), 123456789012345678901234123456789012),
        ("value", Decimal("-0.000000000001"), -1),
        ("value", 3, 3 * ONE),
        ("value", None, None),
        ("reading_at", MOMENT, AT),
        ("reading_at", MOMENT.replace(tzinfo=None), AT),
        ("reading_at", "2023-11-14T22:13:20.000000Z", AT),
        ("reading_at", "2023-11-14 22:13:20+00", AT),
        ("reading_at", "2023-11-14 22:13:20.00005+00", AT + 50),
        ("sequence", 7, 7),
        ("unit", "kWh", "kWh"),
    ],
)
def test_whatever_a_client_gives_is_one_plain_value(name: str, raw: Any, plain: Any) -> None:
    assert list(read_back(iter([(raw,)]), [name])) == [(plain,)]


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("value", "1,5"),
        ("value", Decimal("NaN")),
        ("value", Decimal("Infinity")),
        ("value", Decimal("0.0000000000001")),
        ("value", 0.1),
        ("value", "01.000000000000"),
        ("value", "١.000000000000"),
        ("sequence", 7.0),
        ("sequence", True),
        ("reading_at", "yesterday"),
        ("reading_at", "infinity"),
        ("reading_at", "0044-03-15 12:00:00+00 BC"),
        ("reading_at", 7),
    ],
)
def test_what_is_no_value_of_its_column_equals_nothing(name: str, raw: Any) -> None:
    ((plain,),) = read_back(iter([(raw,)]), [name])
    assert isinstance(plain, str)
    assert plain.startswith("not a")


def test_values_are_told_as_a_person_reads_them() -> None:
    assert told("value", 26633 * ONE + 1) == "26633.000000000001"
    assert told("reading_at", AT) == "2023-11-14T22:13:20Z"
    assert (told("sequence", 7), told("value", None)) == ("7", None)


def test_rows_come_back_in_the_order_of_their_keys_whatever_they_hold() -> None:
    """By the bytes of their texts, and by the instants as numbers."""
    some = [
        value(3, metering_point="å", reading_at=-5),
        value(1, metering_point="Z", reading_at=10),
        value(5, metering_point="Z", reading_at=9),
        value(2, metering_point="Z", reading_at=9),
        value(4, metering_point="a", source="x"),
    ]
    with sorting() as (one, _):
        one.add(of(each).fields for each in some)
        assert [each.sequence for each in one] == [2, 5, 1, 4, 3]
        assert [each.content for each in one] == [of(each).content for each in sorted(some, key=place)]
        assert one.count == 5


def place(each: MeterValue) -> tuple[str, int, int]:
    return each.metering_point, each.reading_at, each.sequence


def test_more_rows_than_are_sorted_at_once_are_merged_and_may_be_read_twice() -> None:
    fields = list(of(value()).fields)
    numbers = [number * 7_919 % (2 * RUN + 100) for number in range(2 * RUN + 100)]
    with sorting() as (one, _):
        for half in (numbers[:1_000], numbers[1_000:]):
            one.add([*fields[:1], "Å", *fields[2:-1], number] for number in half)
        for _ in range(2):
            assert [each.sequence for each in one] == sorted(numbers)


def test_rows_without_a_key_are_equal_as_often_as_they_are_on_both_sides(tmp_path: Path) -> None:
    expected, found = Piles(tmp_path / "expected"), Piles(tmp_path / "found")
    many = [f"[{number % WAITING}]".encode() for number in range(WAITING + 10)]
    expected.add(many)
    found.add([*reversed(many), b"[0]", b"[77777]"])
    expected.add([b"[3]", b"[]"])
    piles = list(side_by_side(expected, found))
    assert sum(pile.equal for pile in piles) == len(many)
    assert sorted(row for pile in piles for row in pile.missing) == [b"[3]", b"[]"]
    assert sorted(row for pile in piles for row in pile.extra) == [b"[0]", b"[77777]"]
    expected.close()
    found.close()


def differences(expected: list[MeterValue], found: list[MeterValue], **measure: Any) -> Differences:
    outcome = Differences()
    compare(map(of, expected), map(of, found), outcome, Measure(**measure))
    return outcome


def test_each_difference_is_of_one_kind_and_names_its_fields() -> None:
    """Missing, other in two fields, equal, too many."""
    expected = [value(metering_point=point) for point in "abc"]
    found = [value(metering_point="b", value=0, unit="MWh"), *(value(metering_point=point) for point in "cd")]
    outcome = differences(expected, found)
    assert (outcome.equal, outcome.count) == (1, 3)
    assert outcome.kinds == {"missing": 1, "different": 1, "extra": 1}
    assert outcome.fields == {"value": 1, "unit": 1}
    assert outcome.first[1] == Difference(
        "different",
        "b",
        "months",
        "EL-EXT",
        "2023-11-14T22:13:20Z",
        {"value": ("26633", "0"), "unit": ("kWh", "MWh")},
    )


def test_a_tolerance_is_for_numbers_that_are_there_and_ends_where_it_says() -> None:
    near = value(value=26633 * ONE + 5, consumption=26633 * ONE - 5)
    assert differences([value()], [near], tolerance=5).count == 0
    assert differences([value()], [near], tolerance=4).fields == {"value": 1, "consumption": 1}
    assert differences([value(value=0)], [value(value=None)], tolerance=5).fields == {"value": 1}
    assert differences([value()], [value(period_end=AT + 1)], tolerance=5).fields == {"period_end": 1}


def test_what_versions_a_row_is_no_part_of_its_contents() -> None:
    other = value(77, epoch="2", cause="corrected", change=None, fetched_at=AT + 9 * HOUR)
    assert differences([value()], [other], names=CONTENTS).count == 0
    assert differences([value()], [other]).fields.keys() == {"sequence", "epoch", "cause", "change", "fetched_at"}


def test_the_clock_of_a_run_is_never_compared() -> None:
    assert differences([value()], [value(published_at=AT + SECOND)]).count == 0


def test_the_canonical_form_is_fixed() -> None:
    """Content hashes are kept for years: this very form."""
    assert of(value(change=None, held="negative_delta")).content.decode() == (
        f'["months","{POINT}","EL-EXT",1700000000000000,"volume","month",1697408000000000,1700000000000000,'
        '26633000000000000,"kWh",1697408000000000,-12000000000000,26633000000000000,"kWh",null,"measured","Fjärr","2",'
        '"new","negative_delta",1700003600000000,"1",10]'
    )
