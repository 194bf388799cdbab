"""Metrics that are told of a batch at once count as those that are told one by one."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from runtime.series import SECONDS, BatchHistogram


@given(st.lists(st.integers(-1, 300).map(float) | st.sampled_from(SECONDS)))
def test_a_batch_counts_as_its_amounts_one_by_one(amounts: list[float]) -> None:
    one, all_at_once = CollectorRegistry(), CollectorRegistry()
    singly = Histogram("seconds", "help", ["receiver"], buckets=SECONDS, registry=one).labels("vitec")
    together = BatchHistogram("seconds", "help", ["receiver"], buckets=SECONDS, registry=all_at_once).labels("vitec")
    for amount in amounts:
        singly.observe(amount)
    together.observe_all(amounts)
    assert samples(one) == samples(all_at_once)


def samples(registry: CollectorRegistry) -> list[str]:
    """Without the moment of creation, and sums as far as the order of adding does not matter."""
    lines = generate_latest(registry).decode().splitlines()
    return [
        f"{line.rpartition(' ')[0]} {float(line.rpartition(' ')[2]):.6g}"
        for line in lines
        if not line.startswith("#") and "_created" not in line
    ]
