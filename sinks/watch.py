"""How a worker is seen, stopped, and timed."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from runtime.health import Health
from runtime.process import Stop
from sinks.circuits import Circuits
from sinks.meters import Meters
from sinks.patience import Patience


@dataclass(frozen=True)
class Watch:
    """What every part of a worker is given besides its road."""

    health: Health
    stop: Stop
    meters: Meters
    patience: Patience
    circuits: Circuits
    clock: Callable[[], float] = time.monotonic
