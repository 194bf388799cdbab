"""A reader before which records wait, and to which none comes."""

import pytest

from runtime.standstill import Standstill


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_nothing_coming_though_something_waits_is_told(clock: Clock) -> None:
    standstill = Standstill(60, clock)
    assert standstill.look({0: 5}, 3) is None
    clock.now = 60
    assert standstill.look({0: 5}, 3) is None
    clock.now = 61
    assert standstill.look({0: 5}, 3) == "no progress for 61 s: 3 records wait, and fetching brings none"


def test_any_progress_begins_the_count_anew(clock: Clock) -> None:
    standstill = Standstill(60, clock)
    for second in range(0, 600, 50):
        clock.now = second
        assert standstill.look({0: second, 1: 7}, 3) is None


def test_an_idle_topic_is_no_standstill(clock: Clock) -> None:
    """And the count begins when the first record waits, not when the last one came."""
    standstill = Standstill(60, clock)
    for second in range(0, 600, 50):
        clock.now = second
        assert standstill.look({0: 5}, 0) is None
    clock.now = 605
    assert standstill.look({0: 5}, 1) is None
