"""What is published when a reading comes: which rows, why, and the change each brings."""

from typing import Any

import pytest

from schemas.contents import content_hash
from schemas.events import MeterValue, Reading
from tests.metering import Number, Partition, at, number, register, volume

Event = tuple[int, str, Number, Number]
"""Hour, cause, consumption, change."""


def events(partition: Partition, *readings: Reading) -> list[MeterValue]:
    return partition.feed(readings)


def short(values: list[MeterValue]) -> list[tuple[int, str, int | None, int | None]]:
    return [(value.reading_at, value.cause, value.consumption, value.change) for value in values]


def said(*written: Event) -> list[tuple[int, str, int | None, int | None]]:
    return [(at(hour), cause, number(used), number(change)) for hour, cause, used, change in written]


def test_a_new_reading_changes_by_its_consumption() -> None:
    assert short(events(Partition(), volume(0, 5))) == said((0, "new", 5, 5))


def test_a_first_position_changes_nothing() -> None:
    assert short(events(Partition(), register(0, 5))) == said((0, "new", None, 0))


def test_a_correction_changes_by_the_difference() -> None:
    partition = Partition()
    events(partition, volume(0, 5, 1))
    assert short(events(partition, volume(0, "4.5", 2))) == said((0, "corrected", "4.5", "-0.5"))


def test_a_correction_to_missing_takes_the_consumption_back() -> None:
    partition = Partition()
    events(partition, volume(0, 30, 1))
    assert short(events(partition, volume(0, None, 2))) == said((0, "corrected", None, -30))


def test_missing_stays_missing_without_a_change() -> None:
    partition = Partition()
    events(partition, volume(0, None, 1))
    assert short(events(partition, volume(0, None, 2, reading_method="x"))) == said((0, "corrected", None, 0))


def test_a_correction_that_moves_no_number_is_published_all_the_same() -> None:
    partition = Partition()
    events(partition, volume(0, 5, 1))
    assert short(events(partition, volume(0, 5, 2, quality="estimated"))) == said((0, "corrected", 5, 0))


def test_a_changed_consumption_unit_leaves_the_change_missing() -> None:
    partition = Partition()
    events(partition, volume(0, 5, 1))
    assert short(events(partition, volume(0, 5, 2, consumption_unit="Wh"))) == said((0, "corrected", 5_000, None))


def test_a_change_with_too_many_digits_is_missing() -> None:
    partition = Partition()
    big = "9" + "0" * 23
    events(partition, volume(0, f"-{big}", 1))
    assert short(events(partition, volume(0, big, 2))) == said((0, "corrected", big, None))


def test_a_late_position_recomputes_its_neighbour_only() -> None:
    partition = Partition()
    events(partition, register(0, 100), register(2, 130), register(3, 140))
    assert short(events(partition, register(1, 110, 9))) == said((1, "new", 10, 10), (2, "recomputed", 20, -10))


def test_a_recomputed_row_keeps_its_own_fetched_at() -> None:
    partition = Partition()
    events(partition, register(0, 100, 1), register(2, 130, 2))
    partition.reload()
    events(partition, register(2, 130, 5))  # a duplicate moves the version, not the row
    late, neighbour = events(partition, register(1, 110, 9))
    assert (late.fetched_at, neighbour.fetched_at) == (register(0, 0, 9).fetched_at, register(0, 0, 2).fetched_at)


def test_all_events_of_a_reading_carry_its_offset_and_the_chunk_s_stamp() -> None:
    partition = Partition()
    events(partition, register(0, 100), register(2, 130))
    values = events(partition, register(1, 110))
    assert [(value.epoch, value.sequence, value.published_at) for value in values] == [("1", 2, 7), ("1", 2, 7)]


def test_a_neighbour_behind_missing_values_is_recomputed() -> None:
    """The rows between are equal before and after; looking on must not stop at them."""
    partition = Partition()
    events(partition, register(0, 100), register(2, None), register(3, None), register(4, 130))
    assert short(events(partition, register(1, 110))) == said((1, "new", 10, 10), (4, "recomputed", 20, -10))


def test_a_corrected_fall_releases_what_stood_behind_it() -> None:
    """15508, 0, 15510: once the 0 is corrected, its row and the recovered one count again; the fourth is untouched."""
    partition = Partition()
    events(partition, *(register(hour, value, 1) for hour, value in enumerate((15508, 0, 15510, 15520))))
    assert short(events(partition, register(1, 15509, 2))) == said((1, "corrected", 1, 1), (2, "recomputed", 1, 1))


def test_a_row_two_places_on_changes_where_its_base_becomes_a_fall() -> None:
    """100, (late 300), 50, 120: with 300 between, 50 is a fall of another height, and 120 no recovery from it."""
    partition = Partition()
    events(partition, register(0, 100), register(2, 50), register(3, 120))
    assert [value.held for value in partition.rows().values()] == [None, "negative_delta", "register_recovered"]
    assert short(events(partition, register(1, 300))) == said(
        (1, "new", 200, 200), (2, "recomputed", None, 0), (3, "recomputed", 70, 70)
    )


def test_a_late_volume_tells_its_neighbour_the_new_previous_reading() -> None:
    partition = Partition()
    events(partition, volume(0, 5), volume(2, 7))
    late, neighbour = events(partition, volume(1, 6))
    assert (late.previous_reading_at, neighbour.previous_reading_at) == (at(0), at(1))
    assert (neighbour.cause, neighbour.delta, neighbour.change) == ("recomputed", number(1), 0)


def test_a_duplicate_publishes_nothing() -> None:
    partition = Partition()
    events(partition, volume(0, 5, 1))
    assert events(partition, volume(0, 5, 1), volume(0, 5, 0), volume(0, 5, 2)) == []
    assert partition.duplicates == 3


def test_what_is_not_content_makes_no_correction() -> None:
    partition = Partition()
    events(partition, volume(0, 5, 1))
    assert events(partition, volume(0, 5, 2, customer_number=None, reading_date="other")) == []


def test_equal_texts_in_another_unicode_form_are_a_duplicate() -> None:
    partition = Partition()
    events(partition, volume(0, 5, 1, reading_method="Fj\u00e4rr"))
    assert events(partition, volume(0, 5, 2, reading_method="Fja\u0308rr")) == []


@pytest.mark.parametrize(
    "other",
    [
        {"consumption": number(6)},
        {"consumption": None},
        {"unit": "MWh"},
        {"reading_method": "x"},
        {"reading_method": None},
        {"reading_reason": "x"},
        {"reading_reason": None},
        {"series_kind": "register"},
        {"granularity": "quarter"},
        {"period_start": at(-2)},
        {"period_end": at(2)},
        {"quality": "estimated"},
        {"consumption_unit": "MWh"},
        {"factor": 2},
        {"rolls_over_at": 9},
        {"max_per_period": 9},
    ],
    ids=str,
)
def test_every_part_of_the_content_makes_a_correction(other: dict[str, Any]) -> None:
    partition = Partition()
    events(partition, volume(0, 5, 1))
    (value,) = events(partition, volume(0, 5, 2, **{"consumption": number(5), **other}))
    assert value.cause == "corrected"


def test_an_older_content_changes_nothing() -> None:
    partition = Partition()
    events(partition, volume(0, 5, 2))
    assert events(partition, volume(0, 4, 1)) == []
    assert partition.duplicates == 1


def test_a_duplicate_moves_the_version_forward_and_the_row_s_fetched_at_not() -> None:
    """A at 1, A at 3, then a late B of 2: A stays. B of 4 wins."""
    partition = Partition()
    events(partition, volume(0, "5.5", 1), volume(0, "5.5", 3))
    assert events(partition, volume(0, 6, 2)) == []
    (row,) = partition.rows().values()
    assert row.fetched_at == volume(0, 0, 1).fetched_at
    assert short(events(partition, volume(0, 6, 4))) == said((0, "corrected", 6, "0.5"))


def test_versions_that_tie_are_decided_by_the_content_s_hash() -> None:
    smaller, larger = sorted((volume(0, 5, 1), volume(0, 6, 1)), key=content_hash)
    partition = Partition()
    events(partition, smaller)
    partition.reload()
    assert [value.value for value in events(partition, larger)] == [larger.consumption]
    partition.reload()
    assert events(partition, smaller) == []


def test_series_do_not_meet() -> None:
    """Another source, point or category is another series."""
    partition = Partition()
    others: tuple[dict[str, Any], ...] = ({"source": "x"}, {"metering_point": "x"}, {"delivery_category": "x"})
    values = events(partition, register(0, 5), *(register(1, 9, **other) for other in others))
    assert [value.previous_reading_at for value in values] == [None] * 4
