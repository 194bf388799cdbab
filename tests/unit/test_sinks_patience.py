"""Waiting: for ever, saying why, until the process is to stop."""

import time

import pytest

from runtime.errors import Transient
from runtime.health import Health
from runtime.process import Stop
from runtime.retry import Backoff
from sinks.patience import Patience, Stopped


class Shown:
    """A gauge that remembers."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def set(self, value: float) -> None:
        self.values.append(value)


class Flaky:
    """Fails a number of times."""

    def __init__(self, times: int, health: Health) -> None:
        self.left = times
        self.said: list[str | None] = []
        self._health = health

    def __call__(self) -> str:
        self.said.append(self._health.waiting_for)
        if self.left:
            self.left -= 1
            raise Transient(f"{self.left} more")
        return "done"


def patience(health: Health, stop: Stop, longest: float = 0.001) -> Patience:
    return Patience(health, stop, Backoff(initial=longest, maximum=longest))


def test_it_tries_until_it_works_and_says_what_it_waits_for() -> None:
    health, shown = Health(), Shown()
    health.ready()
    flaky = Flaky(3, health)
    assert patience(health, Stop()).until_done(flaky, shown) == "done"
    assert flaky.said == [None, "2 more", "1 more", "0 more"]
    assert health.waiting_for is None
    assert shown.values == [1, 1, 1, 0]


def test_what_works_at_once_leaves_no_trace() -> None:
    health, shown = Health(), Shown()
    assert patience(health, Stop()).until_done(lambda: 7, shown) == 7
    assert health.waiting_for == "starting"
    assert shown.values == []


def test_other_errors_go_through() -> None:
    with pytest.raises(ZeroDivisionError):
        patience(Health(), Stop()).until_done(lambda: 1 // 0)


def test_a_wish_to_stop_ends_the_longest_wait() -> None:
    health, stop = Health(), Stop()
    stop.request()
    began = time.monotonic()
    with pytest.raises(Stopped):
        patience(health, stop, longest=60.0).until_done(Flaky(9, health))
    assert time.monotonic() - began < 1
