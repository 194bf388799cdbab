"""Laws of the capacity model, whatever is asked of it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from operations.capacity import PER_DAY, Demand, Polling, Wishes, flow
from operations.needs import API, BROKERS, DATABASES, PRODUCER, SINKS, STREAMS
from operations.sizing import Part, Plan, plan
from operations.unit_costs import shipped

COSTS = shipped()
PROCESSES = (PRODUCER, STREAMS, SINKS)
ALMOST = 1 + 1e-9
"""Rounding of floats."""

pollings = st.builds(
    Polling,
    every=st.floats(60, 86_400),
    window=st.integers(1, 3),
    deliveries=st.integers(1, 24),
    delivery_hours=st.floats(0.25, 1.0),
    calls_per_second=st.floats(1, 100_000),
)
wishes = st.builds(
    Wishes,
    receivers=st.integers(0, 20),
    years=st.floats(0.1, 20),
    reread_hours=st.floats(1, 1_000),
    utilisation=st.floats(0.1, 1.0),
    replication=st.integers(1, 5),
    worker_gb=st.floats(0.5, 64),
)
demands = st.builds(Demand, st.integers(1, 20_000_000), st.sampled_from(list(PER_DAY)), pollings, wishes)


def parts(of: Plan) -> dict[str, Part]:
    return {part.name: part for part in of.parts}


@given(demands, st.integers(1, 10_000_000))
def test_more_points_never_take_less(demand: Demand, more: int) -> None:
    few, many = plan(demand, COSTS), plan(replace(demand, points=demand.points + more), COSTS)
    for name, part in parts(few).items():
        grown = parts(many)[name]
        assert grown.count >= part.count
        for before, after in zip(vars(part.need).values(), vars(grown.need).values(), strict=True):
            assert after * ALMOST >= before
    assert many.partitions >= few.partitions
    assert many.api.poll_every * ALMOST >= few.api.poll_every


@given(demands)
def test_twice_the_points_are_twice_the_work_and_at_most_twice_the_processes(demand: Demand) -> None:
    once, twice = plan(demand, COSTS), plan(replace(demand, points=2 * demand.points), COSTS)
    for name, part in parts(once).items():
        for resource in ("cores", "disk_gb", "network_mbit"):
            doubled, plain = getattr(parts(twice)[name].need, resource), getattr(part.need, resource)
            assert abs(doubled - 2 * plain) <= 1e-6 * doubled
        assert part.count <= parts(twice)[name].count <= 2 * part.count
    assert flow(twice.demand).rows == 2 * flow(once.demand).rows


@given(demands)
def test_without_receivers_there_are_neither_sinks_nor_databases(demand: Demand) -> None:
    without = plan(replace(demand, wishes=replace(demand.wishes, receivers=0)), COSTS)
    assert set(parts(without)) == {API, PRODUCER, STREAMS, BROKERS}
    assert SINKS not in without.reread.new


@given(demands, st.integers(1, 20))
def test_every_receiver_has_a_database_and_as_many_sinks_as_the_others(demand: Demand, receivers: int) -> None:
    one = parts(plan(replace(demand, wishes=replace(demand.wishes, receivers=1)), COSTS))
    all_of_them = parts(plan(replace(demand, wishes=replace(demand.wishes, receivers=receivers)), COSTS))
    assert all_of_them[DATABASES].count == receivers
    assert all_of_them[SINKS].count == receivers * one[SINKS].count
    assert all_of_them[STREAMS] == one[STREAMS]
    assert all_of_them[BROKERS].need.network_mbit * ALMOST >= one[BROKERS].need.network_mbit


@given(demands)
def test_our_own_stages_read_the_last_days_again_within_the_hours_that_were_asked_for(demand: Demand) -> None:
    found = plan(demand, COSTS)
    for hours in found.reread.new.values():
        assert 0 < hours <= demand.wishes.reread_hours * ALMOST
    assert found.reread.slowest(new=True)[1] >= found.reread.api


@given(demands)
def test_what_one_process_carries_fits_into_one_and_a_tenth_more_does_not(demand: Demand) -> None:
    for name, part in parts(plan(demand, COSTS)).items():
        if name not in PROCESSES or not 100 <= part.carries <= 10**12:
            continue
        copies = demand.wishes.receivers if name == SINKS else 1
        assert parts(plan(replace(demand, points=part.carries), COSTS))[name].count == copies
        assert parts(plan(replace(demand, points=part.carries * 11 // 10), COSTS))[name].count > copies


@given(demands)
def test_every_worker_has_a_partition_and_shares_are_even_while_workers_double(demand: Demand) -> None:
    found = plan(demand, COSTS)
    assert found.partitions >= 2 * parts(found)[STREAMS].count
    assert found.partitions & (found.partitions - 1) == 0


@given(demands, st.floats(0.1, 1.0))
def test_fuller_cores_are_never_more_cores(demand: Demand, utilisation: float) -> None:
    low, high = sorted((utilisation, demand.wishes.utilisation))
    emptier = plan(replace(demand, wishes=replace(demand.wishes, utilisation=low)), COSTS)
    fuller = plan(replace(demand, wishes=replace(demand.wishes, utilisation=high)), COSTS)
    assert fuller.total.cores <= emptier.total.cores * ALMOST
    assert all(parts(fuller)[name].count <= part.count for name, part in parts(emptier).items())
