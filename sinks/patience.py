"""Waiting for what will come back: with back-off, for ever, saying why, until the process is to stop."""

import logging
from collections.abc import Callable
from typing import TypeVar

from runtime.circuit import Shown
from runtime.errors import Transient
from runtime.health import Health
from runtime.process import Stop
from runtime.retry import Backoff

log = logging.getLogger(__name__)

T = TypeVar("T")

PIECE = 10.0
"""Seconds after which a long wait shows that it lives."""


class Stopped(Exception):
    """The process is to stop while it waits; what it was doing is not done."""


class Patience:
    """Repeats what fails for a time."""

    def __init__(self, health: Health, stop: Stop, backoff: Backoff | None = None) -> None:
        """``backoff``: short at most, since a database that is back should not be left waiting for long."""
        self._health = health
        self._stop = stop
        self._backoff = backoff or Backoff(initial=0.1, maximum=5.0)

    def until_done(self, call: Callable[[], T], waiting: Shown | None = None) -> T:
        """The result of ``call``, which is repeated while it raises Transient. Anything else goes through.

        Raises:
            Stopped: the process is to stop, and it has not worked yet.
        """
        attempt = 0
        before = self._health.waiting_for
        while True:
            try:
                result = call()
            except Transient as error:
                attempt += 1
                self._note(error, attempt, waiting)
                self._wait(self._backoff.wait(attempt, error))
            else:
                break
        if attempt:
            log.info("going on after %d failed tries", attempt)
            self._restore(before)
            if waiting is not None:
                waiting.set(0)
        return result

    def _restore(self, before: str | None) -> None:
        """Says again what was said before the first failure: ready, or starting."""
        if before is None:
            self._health.ready()
        else:
            self._health.waiting(before)

    def _note(self, error: Transient, attempt: int, waiting: Shown | None) -> None:
        self._health.waiting(str(error))
        if waiting is not None:
            waiting.set(1)
        log.log(logging.WARNING if attempt == 1 or attempt % 10 == 0 else logging.INFO, "waiting: %s", error)

    def _wait(self, seconds: float) -> None:
        while True:
            self._health.beat()
            if self._stop.wait(min(seconds, PIECE)):
                raise Stopped
            seconds -= PIECE
            if seconds <= 0:
                return
