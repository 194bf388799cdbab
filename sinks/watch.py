"""How a worker is seen, stopped, and timed."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from runtime.health import Health
from runtime.process import Stop
from sinks.circuits import Circuits
from sinks.meters import Meters
from sinks.patience import Patience
from sinks.writer import State


@dataclass(frozen=True)
class Watch:
    """What every part of a worker is given besides its road."""

    health: Health
    stop: Stop
    meters: Meters
    patience: Patience
    circuits: Circuits
    clock: Callable[[], float] = time.monotonic

    def delivers(self) -> None:
        """Nothing keeps the worker from its work."""
        self.meters.condition.word = "live"
        self.health.ready()

    def held(self, state: State, why: str) -> None:
        """Persons want it to do nothing."""
        self.meters.condition.word = state
        self.health.waiting(why)
