"""One chunk of one partition: readings in, meter values and state records out."""

from dataclasses import dataclass

from schemas.events import MeterValue, Reading
from streams.rules.rules import Rules
from streams.state import PartitionState


@dataclass(frozen=True)
class Stamp:
    """What every meter value of a chunk carries."""

    epoch: str
    published_at: int


@dataclass(frozen=True)
class Folded:
    """What a chunk comes to. One transaction publishes it; only then :meth:`PartitionState.apply` takes it over."""

    values: list[tuple[bytes, MeterValue]]
    """In the order of their causes; the key is the identity's (outside_history: its own)."""
    state: list[tuple[bytes, bytes | None]]
    """Records for the state topic, the newest per key; None: the bucket fell off the history (a tombstone)."""
    duplicates: int
    """Readings that changed no row: equal content, or an older version."""
    live_keys: int
    """Keys of the state after this chunk, for the marker."""


class Fold:
    """Folds the readings of one chunk. Never touches the state itself: a chunk that fails leaves no trace."""

    def __init__(self, state: PartitionState, rules: Rules, stamp: Stamp) -> None:
        self._state = state
        self._rules = rules
        self._stamp = stamp

    def add(self, sequence: int, reading: Reading) -> None:
        """Takes in one reading; ``sequence`` is its offset."""
        raise NotImplementedError

    def finish(self) -> Folded:
        """What all readings so far come to. The fold is used up."""
        raise NotImplementedError
