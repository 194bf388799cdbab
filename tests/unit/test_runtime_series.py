"""Series that are told of much at once: as if it were told one by one, and never by halves."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from runtime.series import SECONDS, BatchHistogram, Picture


@given(st.lists(st.integers(-1, 300).map(float) | st.sampled_from(SECONDS)))
def test_a_batch_counts_as_its_amounts_one_by_one(amounts: list[float]) -> None:
    one, all_at_once = CollectorRegistry(), CollectorRegistry()
    singly = Histogram("seconds", "help", ["receiver"], buckets=SECONDS, registry=one).labels("vitec")
    together = BatchHistogram("seconds", "help", ["receiver"], buckets=SECONDS, registry=all_at_once).labels("vitec")
    for amount in amounts:
        singly.observe(amount)
    together.observe_all(amounts[::2])
    together.observe_counted(Counter(amounts[1::2]))
    assert samples(one) == pytest.approx(samples(all_at_once)), "sums as far as the order of adding matters"


def test_a_picture_holds_what_was_shown_last_and_nothing_else() -> None:
    registry = CollectorRegistry()
    disks, brokers = Picture("disks", "help.", ["broker"], registry), Picture("brokers", "help.", [], registry)
    assert [line for line in generate_latest(registry).decode().splitlines() if line[0] != "#"] == []
    shown: dict[tuple[str, ...], float] = {("1",): 5, ("2",): 6}
    disks.show(shown)
    brokers.show({(): 2})
    shown.clear()
    assert registry.get_sample_value("disks", {"broker": "2"}) == 6
    assert registry.get_sample_value("brokers") == 2
    disks.show({("1",): 7})
    brokers.show({})
    assert registry.get_sample_value("disks", {"broker": "1"}) == 7
    assert registry.get_sample_value("disks", {"broker": "2"}) is registry.get_sample_value("brokers") is None


def samples(registry: CollectorRegistry) -> dict[str, float]:
    """Without the moment of creation."""
    lines = generate_latest(registry).decode().splitlines()
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in lines
        if not line.startswith("#") and "_created" not in line
    }
