"""Whether a source is polled at all: not, for a while, where too much of what it says would be dead letters."""

import logging
import time
from collections.abc import Callable

from prometheus_client import Gauge

from runtime.circuit import Circuit, CircuitOpen
from runtime.settings.dead_letters import DeadLetterSettings

log = logging.getLogger(__name__)

ANSWERS = 10
"""So many answers at least it takes to pass a limit: one point whose whole history is wrong stops nobody else."""
_LATER = 1.0
"""Seconds that the other points let the one go first that stopped the source: it tells most."""


class SourceCircuit:
    """The circuit of one source. While it is open, one poll now and then goes through to try."""

    def __init__(
        self, limits: DeadLetterSettings, source: str, gauge: Gauge, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Closed."""
        self._circuit = Circuit(limits, f"the readings of source {source}", gauge)
        self._most = max(1, min(limits.window, limits.stop_run) // ANSWERS)
        self._source = source
        self._clock = clock
        self._until: float | None = None
        self.reason: str | None = None
        """Why the source is stopped; None: it is not."""

    def wait(self) -> float:
        """Seconds until a point may be polled; 0: now. Of those that ask when it is time, one may."""
        if self._until is None:
            return 0.0
        now = self._clock()
        if now < self._until:
            return self._until - now + _LATER
        self._until = now + self._circuit.retry
        return 0.0

    def admit(self, good: int, bad: int) -> None:
        """Before what an answer holds is published; it counts at once, since many answers are in hand.

        Raises:
            CircuitOpen: it must not be; the source is stopped from now on.
        """
        good, bad = self._weighed(good, bad)
        try:
            self._circuit.check(good, bad)
        except CircuitOpen as error:
            if self.reason is None:
                log.warning("%s", error, extra={"source": self._source})
            self.reason = str(error)
            self._until = self._clock() + self._circuit.retry
            raise
        if self.reason is not None and good + bad:
            log.info("the source is polled again", extra={"source": self._source})
            self.reason = self._until = None
        self._circuit.note(good, bad)

    def _weighed(self, good: int, bad: int) -> tuple[int, int]:
        """An answer counts for no more than its share of a limit."""
        total = good + bad
        if total <= self._most:
            return good, bad
        bad = self._most * bad // total
        return self._most - bad, bad
