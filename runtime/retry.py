"""The retry policy: how long to wait before the next try."""

from dataclasses import dataclass, field
from random import Random

from runtime.errors import Transient


@dataclass(frozen=True)
class Backoff:
    """Exponential waits in seconds, with full jitter on the upper half, so that many workers do not meet."""

    initial: float = 0.2
    maximum: float = 30.0
    factor: float = 2.0
    chance: Random = field(default_factory=Random, repr=False)

    def wait(self, attempt: int, error: BaseException | None = None) -> float:
        """Seconds before try ``attempt`` + 1 (the first try is attempt 1); never less than a server asked for."""
        ceiling = min(self.maximum, self.initial * self.factor ** min(attempt - 1, 64))
        wait = ceiling * self.chance.uniform(0.5, 1.0)
        asked = error.retry_after if isinstance(error, Transient) else None
        return max(wait, asked or 0.0)
