"""A reader before which records wait, and to which none comes."""

import pytest

from runtime.errors import Fatal
from sinks.standstill import Standstill


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_nothing_coming_though_something_waits_ends_the_process(clock: Clock) -> None:
    standstill = Standstill(60, clock)
    standstill.look({0: 5}, 3)
    clock.now = 60
    standstill.look({0: 5}, 3)
    clock.now = 61
    with pytest.raises(Fatal, match="no progress for 61 s: 3 records wait"):
        standstill.look({0: 5}, 3)


def test_any_progress_begins_the_count_anew(clock: Clock) -> None:
    standstill = Standstill(60, clock)
    for second in range(0, 600, 50):
        clock.now = second
        standstill.look({0: second, 1: 7}, 3)


def test_an_idle_topic_is_no_standstill(clock: Clock) -> None:
    """And the count begins when the first record waits, not when the last one came."""
    standstill = Standstill(60, clock)
    for second in range(0, 600, 50):
        clock.now = second
        standstill.look({0: 5}, 0)
    clock.now = 605
    standstill.look({0: 5}, 1)
