"""What a utility suffers as a whole, for a while and by order: every request, or every second one, meets it."""

from dataclasses import dataclass
from typing import Literal, get_args

Trouble = Literal["none", "error_500", "error_503", "too_many", "cut", "slow", "silent", "stale", "clock"]
"""silent: takes requests and never answers. stale: every second answer is an old one, as from a cache on the way.
clock: the utility's clock goes wrong, and every second request is too many, until a date of that clock. The others
are the fates of single requests (see FaultRates), for all."""

TROUBLES: tuple[str, ...] = get_args(Trouble)
STALE_TICKS = 8
CLOCK_SECONDS = 600.0
"""Ten minutes ahead."""


@dataclass(slots=True)
class Troubles:
    """The present trouble; some strike by turns."""

    now: Trouble = "none"
    _turn: int = 0

    def fate(self) -> str | None:
        """What the next request meets; None: nothing of this kind."""
        self._turn += 1
        match self.now:
            case "none" | "stale":
                return None
            case "clock":
                return "too_many" if self._turn % 2 else None
            case fate:
                return fate

    @property
    def ticks_back(self) -> int:
        """How old the world is that the next answer shows."""
        return STALE_TICKS if self.now == "stale" and self._turn % 2 else 0

    @property
    def clock_ahead(self) -> float:
        """Seconds by which the utility's clock is wrong."""
        return CLOCK_SECONDS if self.now == "clock" else 0.0
