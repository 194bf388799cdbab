"""The state of one partition: contents and versions of its series, in encoded buckets."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.fold import Folded


class PartitionState:
    """All that streams remembers of one partition; equal to its state topic's newest record per key."""

    def __init__(self) -> None:
        self.live_keys = 0
        self.series = 0
        self.size = 0

    def load(self, key: bytes, value: bytes | None) -> None:
        """Takes over one record of the state topic (not the marker), in log order; None is a tombstone."""
        raise NotImplementedError

    def apply(self, folded: "Folded") -> None:
        """Takes over what a committed transaction wrote."""
        raise NotImplementedError
