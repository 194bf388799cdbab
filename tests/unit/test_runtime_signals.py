"""Signals are heard whatever the main thread is at."""

import os
import signal
import threading
from contextlib import closing

import pytest

from runtime.signals import HEARD, SignalListener


@pytest.mark.parametrize("number", HEARD)
def test_a_signal_is_heard_while_the_main_thread_holds_a_lock_that_its_call_needs(number: signal.Signals) -> None:
    """A handler that ran in the main thread would wait for ever for a lock that the same thread holds."""
    lock, done, got = threading.Lock(), threading.Event(), []

    def call(heard: signal.Signals) -> None:
        got.append((heard, lock.acquire(timeout=3)))
        done.set()

    with closing(SignalListener(call)):
        with lock:
            os.kill(os.getpid(), number)
        assert done.wait(5)
    assert got == [(number, True)]


def test_afterwards_signals_do_again_what_they_did_before() -> None:
    before = [signal.getsignal(number) for number in HEARD]
    listener = SignalListener(lambda heard: None)
    assert [signal.getsignal(number) for number in HEARD] != before
    listener.close()
    assert [signal.getsignal(number) for number in HEARD] == before
