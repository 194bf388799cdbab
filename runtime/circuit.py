"""A circuit breaker: a stage stops and says so, instead of draining its feed into the dead letters.

What a stage is about to acknowledge is checked first; what would pass a limit is not acknowledged but tried again
later, so nothing is lost: a cause that is mended closes the circuit by itself, and only what would stay a dead letter
for ever (an undecodable record) needs an operator, who starts the stage once with ``dead_letters.accept = true``.
"""

from collections import deque
from typing import Protocol

from runtime.errors import Transient
from runtime.settings.dead_letters import DeadLetterSettings

_MEND = "look at them (meterstream dead-letters summary), mend the cause, or start it once with dead_letters.accept"


class CircuitOpen(Transient):
    """These dead letters may not be acknowledged: there are too many of them. Nothing has been done with them."""


class Shown(Protocol):
    """What shows whether something is so: a gauge of 1 and 0."""

    def set(self, value: float) -> None:
        """1: it is."""


class Circuit:
    """Counts what one source, worker or receiver acknowledges. ``gauge`` shows 1 while it is open.

    A batch is acknowledged by :meth:`check`, the acknowledgement itself, :meth:`note`, in this order. Its records are
    not told apart: a batch with anything good in it ends a run.
    """

    def __init__(self, limits: DeadLetterSettings, whose: str, gauge: Shown) -> None:
        """Closed. ``whose``: for the message, without secrets."""
        self.retry = limits.retry
        self._limits = limits
        self._whose = whose
        self._gauge = gauge
        self._gauge.set(0)
        self._batches: deque[tuple[int, int]] = deque()
        self._good = 0
        self._bad = 0
        self._run = 0

    def check(self, good: int, bad: int) -> None:
        """Before so many good records and dead letters are acknowledged.

        Raises:
            CircuitOpen: they must not be. What was read before tells nothing against good records alone.
        """
        too_many = None if self._limits.accept or not bad else self._too_many(good, bad)
        self._gauge.set(0 if too_many is None else 1)
        if too_many is not None:
            raise CircuitOpen(
                f"{too_many} of {self._whose} would be dead letters and are kept back; {_MEND}", self.retry
            )

    def note(self, good: int, bad: int) -> None:
        """After they were acknowledged."""
        self._gauge.set(0)
        if not good + bad:
            return
        self._run = 0 if good else self._run + bad
        self._batches.append((good, bad))
        self._good += good
        self._bad += bad
        while self._good + self._bad - sum(self._batches[0]) >= self._limits.window:
            good, bad = self._batches.popleft()
            self._good -= good
            self._bad -= bad

    def _too_many(self, good: int, bad: int) -> str | None:
        """What would pass a limit."""
        if not good and self._run + bad >= self._limits.stop_run:
            return f"{self._run + bad} in a row"
        bad += self._bad
        total = self._good + good + bad
        if total >= self._limits.window and bad > self._limits.stop_share * total:
            return f"{bad} of the last {total}"
        return None
