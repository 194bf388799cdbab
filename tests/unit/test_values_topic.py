"""What the values topic folds to and what its changes add up to, and that each planted error is found."""

from msgspec.structs import replace

from local.values_topic import broken_sums, current_rows
from local.verdict import compare
from schemas import exact
from tests.sample_events import meter_value

FIRST = meter_value(held=None, sequence=1, consumption=5 * exact.ONE, change=5 * exact.ONE)
CORRECTED = replace(FIRST, sequence=4, consumption=7 * exact.ONE, change=2 * exact.ONE)
OTHER = replace(FIRST, reading_at=FIRST.reading_at + 3_600_000_000, sequence=2)
LOG = [FIRST, OTHER, CORRECTED]


def test_the_largest_sequence_of_an_identity_is_its_row_in_whatever_order_they_are_read() -> None:
    forward, backward = current_rows(LOG), current_rows(LOG[::-1])
    assert compare("values", forward, backward).equal
    assert sorted(row.consumption for row in forward if row.consumption is not None) == [5, 7]


def test_a_value_removed_from_the_topic_is_found() -> None:
    verdict = compare("values", current_rows(LOG), current_rows([FIRST, CORRECTED]))
    assert (verdict.lost, verdict.wrong, verdict.equal) == (1, 0, False)


def test_a_correction_removed_from_the_topic_is_found() -> None:
    verdict = compare("values", current_rows(LOG), current_rows([FIRST, OTHER]))
    assert (verdict.lost, verdict.wrong, verdict.equal) == (0, 1, False)


def test_a_doubled_row_is_found() -> None:
    rows = current_rows(LOG)
    verdict = compare("vitec", rows, [*rows, rows[0]])
    assert (verdict.lost, verdict.doubled, verdict.wrong, verdict.equal) == (0, 1, 0, False)


def test_changes_add_up_to_the_current_consumption() -> None:
    assert broken_sums(LOG) == []


def test_an_event_that_is_read_twice_counts_once() -> None:
    assert broken_sums([*LOG, CORRECTED]) == []


def test_an_altered_change_is_found() -> None:
    altered = replace(CORRECTED, change=3 * exact.ONE)
    (found,) = broken_sums([FIRST, OTHER, altered])
    assert "the changes add up to 13.000000000000, the consumption to 12.000000000000" in found


def test_an_identity_whose_consumption_unit_changed_leaves_the_sum() -> None:
    assert broken_sums([FIRST, OTHER, replace(CORRECTED, consumption_unit="m3", change=None)]) == []


def test_what_lies_outside_the_history_does_not_enter_it() -> None:
    outside = replace(OTHER, held="outside_history", sequence=9, change=None)
    assert broken_sums([*LOG, outside]) == []
    assert len(current_rows([*LOG, outside])) == 2
