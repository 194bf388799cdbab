"""Laws of the rules, over arbitrary readings: idempotence, order, telescoping, chunks, exactness."""

from collections import defaultdict
from fractions import Fraction
from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from schemas.contents import version
from schemas.events import MeterValue, Reading
from schemas.exact import LIMIT, ONE
from schemas.keys import identity_key
from streams.rules.derive import Row, derive
from streams.rules.entry import entry
from streams.rules.history import History
from streams.rules.rules import Rules
from tests.metering import Partition, loaded
from tests.readings_strategy import cuts, ordered_by_chance, orders, readings, timeless

WIDE = Rules(History(hour_days=45))
NARROW = Rules(History(hour_days=1))
"""So narrow that the edge passes readings in most examples."""

VERSION = ("cause", "change", "fetched_at", "sequence", "published_at")
"""What may depend on the order of arrival."""

Said = dict[bytes, dict[str, object]]


def said(values: dict[bytes, MeterValue]) -> Said:
    """What rows say, whatever the order of arrival."""
    plain = {key: msgspec.structs.asdict(value) for key, value in values.items()}
    return {key: {name: row[name] for name in row if name not in VERSION} for key, row in plain.items()}


def key_of(reading: Reading) -> bytes:
    return identity_key(reading.source, reading.metering_point, reading.delivery_category, reading.reading_at)


def winners(all_readings: list[Reading]) -> dict[bytes, Reading]:
    """The current content of each identity, by the definition: the largest version."""
    current: dict[bytes, Reading] = {}
    for reading in all_readings:
        key = key_of(reading)
        if key not in current or version(reading) > version(current[key]):
            current[key] = reading
    return current


def derived_from_scratch(all_readings: list[Reading], rules: Rules) -> dict[bytes, Row]:
    """All rows, from the current contents at once."""
    series: dict[tuple[str, str, str], list[Reading]] = defaultdict(list)
    for reading in winners(all_readings).values():
        series[reading.source, reading.metering_point, reading.delivery_category].append(reading)
    rows: dict[bytes, Row] = {}
    for of_one in series.values():
        of_one.sort(key=lambda reading: reading.reading_at)
        for reading, row in zip(of_one, derive(map(entry, of_one), rules), strict=True):
            rows[key_of(reading)] = row
    return rows


@timeless
@given(readings())
def test_feeding_again_changes_nothing_and_publishes_nothing(all_readings: list[Reading]) -> None:
    partition = Partition(WIDE)
    partition.feed(all_readings)
    log = dict(partition.log)
    assert partition.feed(all_readings) == []
    assert partition.log == log


@timeless
@given(readings())
def test_with_a_short_history_feeding_again_only_repeats_what_is_outside(all_readings: list[Reading]) -> None:
    partition = Partition(NARROW)
    partition.feed(all_readings)
    log = dict(partition.log)
    assert {value.held for value in partition.feed(all_readings)} <= {"outside_history"}
    assert partition.log == log


@timeless
@given(readings(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(all_readings: list[Reading], random: Random) -> None:
    one, other = Partition(WIDE), Partition(WIDE)
    one.feed(all_readings)
    other.feed(ordered_by_chance(all_readings, random))
    assert said(one.rows()) == said(other.rows())


@timeless
@given(readings())
def test_published_rows_are_those_derived_from_the_current_contents_at_once(all_readings: list[Reading]) -> None:
    partition = Partition(WIDE)
    partition.feed(all_readings)
    rows = partition.rows()
    expected = derived_from_scratch(all_readings, WIDE)
    assert rows.keys() == expected.keys()
    for key, made in expected.items():
        row, known = rows[key], made.entry
        assert (row.value, row.unit, row.consumption_unit) == (
            known.value,
            known.terms.unit,
            known.terms.consumption_unit,
        )
        assert (row.previous_reading_at, row.delta, row.consumption, row.held) == astuple(made.derived)


@timeless
@given(orders())
def test_in_a_short_history_orders_that_admit_the_same_readings_end_in_the_same_rows(
    both: tuple[list[Reading], list[Reading]],
) -> None:
    """Both orders are shuffled only as far as no reading comes after the edge has passed it.

    The second is fed reading by reading, with a restart after each: only what the state holds can serve as a base.
    """
    one, other = Partition(NARROW), Partition(NARROW)
    one.feed(both[0])
    for reading in both[1]:
        other.feed([reading])
        other.reload()
    assert all(value.held != "outside_history" for _, value in one.values + other.values)
    assert said(one.rows()) == said(other.rows())
    expected = derived_from_scratch(both[0], NARROW)
    assert {key: astuple(row.derived) for key, row in expected.items()} == {
        key: (row.previous_reading_at, row.delta, row.consumption, row.held) for key, row in one.rows().items()
    }


@timeless
@given(readings(), st.sampled_from([WIDE, NARROW]))
def test_at_every_moment_the_changes_sum_up_to_the_current_consumption(
    all_readings: list[Reading], rules: Rules
) -> None:
    """Per series and unit. An identity leaves the sum when its consumption unit changes or its change has no digits."""
    partition = Partition(rules)
    changes: dict[bytes, int] = defaultdict(int)
    left: set[bytes] = set()
    for reading in all_readings:
        before = len(partition.values)
        partition.feed([reading])
        for key, value in partition.values[before:]:
            if value.held == "outside_history":
                assert value.change is None
            elif value.change is None:
                left.add(key)
            else:
                changes[key] += value.change
                assert key in left or changes[key] == (value.consumption or 0)


@timeless
@given(readings(), cuts(), st.sampled_from([WIDE, NARROW]))
def test_how_the_log_is_cut_into_chunks_changes_nothing(
    all_readings: list[Reading], cut: list[int], rules: Rules
) -> None:
    """Neither does a restart between chunks: events and state are equal."""
    whole, pieces = Partition(rules), Partition(rules)
    whole.feed(all_readings)
    for start, end in zip([0, *cut], [*cut, len(all_readings)], strict=True):
        pieces.feed(all_readings[start:end])
        pieces.reload()
    assert pieces.values == whole.values
    assert pieces.log == whole.log
    assert loaded(pieces.log).size == whole.state.size


@timeless
@given(readings())
def test_a_row_names_why_it_has_no_consumption(all_readings: list[Reading]) -> None:
    partition = Partition(WIDE)
    partition.feed(all_readings)
    for row in partition.rows().values():
        if row.held is not None:
            assert row.value is not None
            assert row.consumption is None
        if row.value is None:
            assert (row.previous_reading_at, row.delta, row.consumption, row.held) == (None, None, None, None)
        if row.series_kind == "register" and row.consumption is not None:
            assert row.consumption >= 0


ENERGY = {"Wh": 1, "kWh": 1_000, "MWh": 1_000_000, "GWh": 1_000_000_000}


@timeless
@given(readings(units=tuple(ENERGY)))
def test_numbers_are_exact_or_missing(all_readings: list[Reading]) -> None:
    """Judged by fractions: what is there is exactly right, and what is missing could not be carried."""
    partition = Partition(WIDE)
    partition.feed(all_readings)
    current = winners(all_readings)
    for key, row in partition.rows().items():
        if row.previous_reading_at is None or row.value is None:
            continue
        before = current[identity_key(row.source, row.metering_point, row.delivery_category, row.previous_reading_at)]
        assert before.consumption is not None
        delta = row.value - Fraction(before.consumption) * ENERGY[before.unit] / ENERGY[row.unit]
        assert row.delta == carried(delta)
        if row.series_kind == "register" and delta >= 0 and row.held is None:
            used = delta * current[key].factor / ONE * ENERGY[row.unit] / ENERGY[row.consumption_unit]
            assert row.consumption == carried(used) is not None


def carried(number: Fraction) -> int | None:
    return int(number) if number.denominator == 1 and abs(number) < LIMIT else None
