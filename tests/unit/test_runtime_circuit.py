"""A stage stops before it drains its feed into the dead letters."""

import pytest
from prometheus_client import Gauge

from runtime.circuit import Circuit, CircuitOpen
from runtime.settings.dead_letters import DeadLetterSettings

Batch = tuple[int, int]
"""Good records and dead letters."""


def circuit(gauge: Gauge | None = None, *, accept: bool = False) -> Circuit:
    limits = DeadLetterSettings(stop_share=0.2, window=100, stop_run=10, accept=accept)
    return Circuit(limits, "the rows of a receiver", gauge or Gauge("open", "of a test", registry=None))


def passed(batches: list[Batch], of: Circuit) -> int:
    """How many batches are acknowledged before it opens."""
    for number, (good, bad) in enumerate(batches):
        try:
            of.check(good, bad)
        except CircuitOpen:
            return number
        of.note(good, bad)
    return len(batches)


@pytest.mark.parametrize(
    ("batches", "acknowledged"),
    [
        ([(0, 9)], 1),
        ([(0, 10)], 0),
        ([(0, 1)] * 20, 9),
        ([(0, 9), (1, 0), (0, 9)], 3),
        ([(1, 50)], 1),
        ([(50, 50)], 0),
        ([(80, 20)], 1),
        ([(79, 21)], 0),
        ([(80, 20), (0, 1)], 1),
        ([(80, 9), (2, 14)], 1),
        ([(1_000, 0), (85, 15), (84, 16)], 3),
        ([(1_000, 0), (50, 50)], 2),
        ([(1_000, 0), (50, 50), (50, 50)], 2),
    ],
)
def test_it_opens_with_the_batch_that_would_pass_a_limit(batches: list[Batch], acknowledged: int) -> None:
    """A run of 10, or more than a fifth of at least 100."""
    assert passed(batches, circuit()) == acknowledged


def test_good_records_pass_whatever_was_before() -> None:
    open_one = circuit()
    assert passed([(0, 9), (0, 1)], open_one) == 1
    assert passed([(5, 0), (0, 9)], open_one) == 2


def test_it_closes_when_what_it_refused_has_become_good() -> None:
    gauge = Gauge("open", "of a test", registry=None)
    shown = circuit(gauge)
    seen = []
    for good, bad in ((0, 10), (10, 0)):
        passed([(good, bad)], shown)
        (sample,) = next(iter(gauge.collect())).samples
        seen.append(int(sample.value))
    assert seen == [1, 0]


def test_an_operator_may_accept_them() -> None:
    assert passed([(0, 1_000)] * 3, circuit(accept=True)) == 3


def test_it_says_what_and_what_to_do_and_when_it_tries_again() -> None:
    with pytest.raises(CircuitOpen, match=r"10 in a row of the rows of a receiver .*dead-letters summary") as raised:
        circuit().check(0, 10)
    assert raised.value.retry_after == 30.0
