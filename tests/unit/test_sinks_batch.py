"""Waves and splitting: whatever they leave out or write together, the table ends as if rows came one by one."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import MeterValue
from schemas.reasons import Held
from sinks.batch import (
    MANY_REFUSED,
    PIECE,
    Batch,
    Identity,
    ManyRefused,
    Row,
    RowsRefused,
    pieces,
    waves,
    write_all,
)
from tests.sink_rows import content, outside, row, value

Table = dict[Identity, MeterValue]
REFUSED_UNIT = "refused"


def replaces(new: MeterValue, old: MeterValue | None) -> bool:
    """The guard of docs/architecture.md, section 4, said once more."""
    if old is None:
        return True
    if new.sequence <= old.sequence:
        return False
    return new.held != Held.OUTSIDE_HISTORY or (new.fetched_at > old.fetched_at and new.value != old.value)


def put(table: Table, rows: Sequence[Row]) -> int:
    """A database: all or none, and never a row twice in one statement."""
    assert len({each.identity for each in rows}) == len(rows)
    if any(content(each).unit == REFUSED_UNIT for each in rows):
        raise RowsRefused("unit")
    written = 0
    for each in rows:
        if replaces(content(each), table.get(each.identity)):
            table[each.identity] = content(each)
            written += 1
    return written


SHAPES = st.tuples(
    st.sampled_from(["a", "b"]),
    st.booleans(),
    st.integers(0, 3),
    st.integers(0, 5),
    st.sampled_from(["kWh", "kWh", "kWh", REFUSED_UNIT]),
)


def log(shapes: list[tuple[str, bool, int, int, str]]) -> list[Row]:
    """A piece of log: sequences rise, as the readings that cause the values do."""
    return [
        row((outside if is_out else value)(sequence, metering_point=point, value=number, fetched_at=at, unit=unit))
        for sequence, (point, is_out, number, at, unit) in enumerate(shapes)
    ]


@given(st.lists(SHAPES, max_size=12).map(log), st.integers(0, 12), st.integers(0, 12))
def test_batches_leave_what_rows_one_by_one_leave_however_they_are_cut_and_read_again(
    rows: list[Row], cut: int, again: int
) -> None:
    one_by_one: Table = {}
    for each in rows:
        if content(each).unit != REFUSED_UNIT:
            put(one_by_one, [each])
    in_batches: Table = {}
    for batch in (rows[:cut], rows[cut:], rows[again:]):
        write_all(batch, lambda some: put(in_batches, some))
    assert in_batches == one_by_one


def test_a_batch_without_outside_values_is_one_wave_sorted_by_key() -> None:
    rows = [row(value(sequence, metering_point=point)) for sequence, point in ((1, "c"), (2, "a"), (3, "c"), (4, "b"))]
    assert waves(rows) == [[rows[1], rows[3], rows[2]]]


def test_an_outside_value_waits_for_the_row_it_is_compared_with() -> None:
    full, late = row(value(1)), row(outside(2))
    assert waves([full, late]) == [[full], [late]]


def test_a_full_value_makes_an_earlier_outside_value_needless() -> None:
    late, full = row(outside(1)), row(value(2))
    assert waves([late, full]) == [[full]]


@pytest.mark.parametrize("bad", [set(), {0}, {7}, {3, 4}, set(range(8))])
def test_refused_rows_are_found_and_the_others_written(bad: set[int]) -> None:
    rows = [
        row(value(number, metering_point=f"p{number}", unit=REFUSED_UNIT if number in bad else "kWh"))
        for number in range(8)
    ]
    table: Table = {}
    written, refused = write_all(rows, lambda some: put(table, some))
    assert {each.row.sequence for each in refused} == bad
    assert written == len(table) == 8 - len(bad)


def test_when_the_newest_of_an_identity_is_refused_the_one_before_it_counts() -> None:
    table: Table = {}
    older, newest = row(value(1)), row(value(2, unit=REFUSED_UNIT))
    assert write_all([older, newest], lambda some: put(table, some)) == (1, [(newest, "unit")])
    assert list(table.values()) == [content(older)]


def test_an_outside_value_waits_for_the_row_that_counts_again() -> None:
    """It must not be the first in the table only because the one before it was refused."""
    table: Table = {}
    older, refused, late = row(value(1)), row(value(2, unit=REFUSED_UNIT)), row(outside(3))
    write_all([older, refused, late], lambda some: put(table, some))
    assert list(table.values()) == [content(older)]


def test_a_batch_in_pieces_is_the_batch() -> None:
    """Every row once, in order; each piece begins where the one before ended, the last ends where the batch does."""
    rows = [row(value(number, metering_point=f"p{number % 7}"), offset=10 * number) for number in range(3 * PIECE + 1)]
    before = dict.fromkeys(range(4), 0)
    after = dict.fromkeys(range(4), 100_000)
    found = list(pieces(Batch(rows, before, after)))
    assert [each for piece in found for each in piece.rows] == rows
    assert [piece.before for piece in found] == [before, *(piece.after for piece in found[:-1])]
    assert found[-1].after == after
    for piece in found[:-1]:
        last = {each.record.partition: each.record.offset + 1 for each in piece.rows}
        assert {partition: piece.after[partition] for partition in last} == last
    assert list(pieces(Batch([], before, after))) == []


def test_many_refused_rows_are_not_looked_for_in_one_transaction() -> None:
    """Halving takes a dozen statements for each: with thousands of them a worker would be silent for minutes."""
    tried = 0

    def write(some: Sequence[Row]) -> int:
        nonlocal tried
        tried += 1
        raise RowsRefused("always")

    with pytest.raises(ManyRefused):
        write_all([row(value(number, reading_at=number)) for number in range(10_000)], write, MANY_REFUSED)
    assert tried < 12 * MANY_REFUSED
