"""What takes too long is not waited for."""

import threading

from runtime.backstop import backstop


def test_what_takes_longer_is_told_while_it_hangs() -> None:
    told = threading.Event()
    with backstop(0.01, told.set):
        assert told.wait(60)


def test_what_is_done_in_time_is_left_alone() -> None:
    told = threading.Event()
    with backstop(0.5, told.set):
        pass
    assert not told.wait(1)
