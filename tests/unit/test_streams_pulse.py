"""A stall is no progress, whatever the duration."""

from streams.pulse import Pulse


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_long_work_that_gets_on_is_no_stall() -> None:
    clock = Clock()
    pulse = Pulse(60, clock)
    with pulse.working("loading"):
        for _ in range(100):
            clock.now += 59
            pulse.stepped()
            assert pulse.stalled is None


def test_work_without_a_step_is_a_stall_though_the_fetch_loop_turns() -> None:
    clock = Clock()
    pulse = Pulse(60, clock)
    with pulse.working("a chunk"):
        clock.now = 61
        pulse.turned()
        assert pulse.stalled == "no progress for 61 s: a chunk"
    assert pulse.stalled is None


def test_an_idle_worker_lives_by_the_turns_of_its_fetch_loop() -> None:
    clock = Clock()
    pulse = Pulse(60, clock)
    for _ in range(10):
        clock.now += 59
        pulse.turned()
        assert pulse.stalled is None
    clock.now += 61
    assert pulse.stalled == "no progress for 61 s: fetching"


def test_the_fetch_loop_may_have_stood_still_behind_full_buffers_during_the_work() -> None:
    clock = Clock()
    pulse = Pulse(60, clock)
    with pulse.working("loading"):
        clock.now = 1_000
        pulse.stepped()
    clock.now = 1_050
    assert pulse.stalled is None


def test_readings_that_wait_while_the_fetch_loop_turns_for_nothing_are_a_stall() -> None:
    """As when the client has stopped fetching without a word."""
    clock = Clock()
    pulse = Pulse(60, clock)
    for _ in range(4):
        clock.now += 20
        pulse.turned()
        pulse.ahead({0: 7}, 3)
    clock.now += 5
    pulse.turned()
    pulse.ahead({0: 7}, 3)
    assert pulse.stalled == "no progress for 65 s: 3 records wait, and fetching brings none"
