"""The state of one partition: contents and versions of its series, in encoded buckets.

Key on the state topic: ``["source","point","category","granularity",number]``, compact JSON in UTF-8 – the series, the
granularity of its first reading (which fixes the width of its buckets and its history) and the number of the bucket.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from schemas.events import Granularity
from streams.buckets import WIDTH

if TYPE_CHECKING:
    from streams.fold import Folded


class Stored(NamedTuple):
    """One series as the state holds it: encoded buckets by number."""

    granularity: Granularity
    buckets: Mapping[int, bytes]


class PartitionState:
    """All that streams remembers of one partition; equal to its state topic's newest record per key."""

    def __init__(self) -> None:
        self._series: dict[bytes, tuple[Granularity, dict[int, bytes]]] = {}
        self.live_keys = 0
        """Keys of data with a value."""
        self.size = 0
        """Bytes of all keys and values."""

    @property
    def series(self) -> int:
        """How many series there are."""
        return len(self._series)

    def find(self, series: bytes) -> Stored | None:
        """What is held of a series (:func:`schemas.keys.series_key`); not to be modified."""
        known = self._series.get(series)
        return None if known is None else Stored(*known)

    def load(self, key: bytes, value: bytes | None) -> None:
        """Takes over one record of the state topic (not the marker), in log order; None is a tombstone.

        Raises:
            ValueError: the key is none of this topic.
        """
        series, granularity, number = split_key(key)
        known = self._series.get(series)
        if value is None:
            if known is not None:
                self._drop(series, known[1], number, len(key))
            return
        if known is None:
            known = self._series[series] = (granularity, {})
        buckets = known[1]
        before = buckets.get(number)
        if before is None:
            self.live_keys += 1
            self.size += len(key) + len(value)
        else:
            self.size += len(value) - len(before)
        buckets[number] = value

    def apply(self, folded: "Folded") -> None:
        """Takes over what a committed transaction wrote."""
        for key, value in folded.state:
            self.load(key, value)

    def _drop(self, series: bytes, buckets: dict[int, bytes], number: int, key_length: int) -> None:
        before = buckets.pop(number, None)
        if before is not None:
            self.live_keys -= 1
            self.size -= key_length + len(before)
        if not buckets:
            del self._series[series]


def bucket_key(series: bytes, granularity: Granularity, number: int) -> bytes:
    """The key of one bucket."""
    return b'%b,"%b",%d]' % (series[:-1], granularity.encode(), number)


def split_key(key: bytes) -> tuple[bytes, Granularity, int]:
    """The inverse of :func:`bucket_key`.

    Raises:
        ValueError: it is no such key.
    """
    try:
        series, granularity, number = key[:-1].rsplit(b",", 2)
        name = granularity[1:-1].decode()
        if name in WIDTH and key[:1] == b"[" and key[-1:] == b"]":
            return series + b"]", name, int(number)
    except ValueError:
        pass
    raise ValueError("a key of the state topic that is no bucket's: the topic holds something else")
