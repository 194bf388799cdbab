"""What kind of system to start on this machine."""

from dataclasses import dataclass
from pathlib import Path

CHANGE_DAYS = 3
"""What the simulated utility has said may change for so long."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds. Chaos runs lower them, so that what a time-out heals is healed within a run."""

    session: float = 10.0
    request: float = 20.0
    stall: float = 60.0
    database: float = 30.0


@dataclass(frozen=True)
class Options:
    """What kind of system to start.

    The simulated world begins ``lag_hours`` behind the clock; in each ``tick`` (seconds) one hour more is released,
    until it has caught up with the clock. ``proxied``: whatever the product's processes connect to they reach through
    proxies, which can be made to misbehave.
    """

    directory: Path
    points: int = 60
    seed: int = 1
    tick: float = 1.0
    lag_hours: int = 72
    poll_every: float = 1.0
    brokers: int = 1
    partitions: int = 4
    requests_per_second: float = 400.0
    hours: int = 14 * 24
    days: int = 60
    months: int = 24
    faults: bool = True
    timeouts: Timeouts = Timeouts()
    proxied: bool = False

    @property
    def window_days(self) -> int:
        """What each poll asks for: all that is released behind the clock, and all of it that may still change."""
        return self.lag_hours // 24 + CHANGE_DAYS + 2
