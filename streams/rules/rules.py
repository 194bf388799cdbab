"""What the rules depend on beside the readings: two settings, fixed for an epoch."""

from dataclasses import dataclass, field
from fractions import Fraction

from streams.rules.history import History


@dataclass(frozen=True)
class Rules:
    """Other values need a new epoch: rows already published would contradict the rows derived before a change."""

    history: History = field(default_factory=History)
    rollover_share: Fraction = Fraction(1, 10)
    """A fall counts as a roll-over when the use it implies is at most this share of the register's range."""

    @property
    def history_text(self) -> str:
        """The setting as written into the state's marker; equal text = equal rules."""
        return f"{self.history.text} rollover={self.rollover_share}"
