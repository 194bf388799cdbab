"""One chunk of one partition: readings in, meter values and state records out."""

from dataclasses import dataclass
from typing import NamedTuple

from schemas.events import Cause, Granularity, MeterValue, Reading
from schemas.keys import identity_from, identity_start, outside_key, series_key
from streams.rules.entry import Entry, entry
from streams.rules.event import Origin, Series, event, outside
from streams.rules.merge import merge
from streams.rules.rules import Rules
from streams.series import OpenSeries
from streams.state import PartitionState, bucket_key


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


class _Opened(NamedTuple):
    """A series that this chunk has readings of."""

    name: Series
    key: bytes
    identities: bytes
    """What the keys of its values begin with."""
    contents: OpenSeries


class Fold:
    """Folds the readings of one chunk. Never touches the state itself: a chunk that fails leaves no trace.

    How a log is cut into chunks changes no event, nor the state after the last chunk.
    """

    def __init__(self, state: PartitionState, rules: Rules, stamp: Stamp) -> None:
        self._state = state
        self._rules = rules
        self._stamp = stamp
        self._open: dict[tuple[str, str, str], _Opened] = {}
        self._values: list[tuple[bytes, MeterValue]] = []
        self._duplicates = 0

    def add(self, sequence: int, reading: Reading) -> None:
        """Takes in one reading; ``sequence`` is its offset."""
        name = reading.source, reading.metering_point, reading.delivery_category
        opened = self._open.get(name) or self._opened(Series(*name), reading.granularity)
        series = opened.contents
        arrived = entry(reading)
        if series.outside(arrived.reading_at):
            self._publish_outside(opened.name, arrived, sequence)
            return
        known = series.find(arrived.reading_at)
        merged = merge(known, arrived)
        if merged is None:
            self._duplicates += 1
        elif known is not None and merged.same_content(known):
            series.put(merged)
            self._duplicates += 1
        else:
            self._publish(opened, known, merged, sequence)

    def finish(self) -> Folded:
        """What all readings so far come to."""
        records: list[tuple[bytes, bytes | None]] = []
        live_keys = self._state.live_keys
        for opened in self._open.values():
            series = opened.contents
            for number, data in series.records():
                records.append((bucket_key(opened.key, series.granularity, number), data))
                if data is None:
                    live_keys -= 1
                elif number not in series.stored:
                    live_keys += 1
        return Folded(self._values, records, self._duplicates, live_keys)

    def _opened(self, name: Series, granularity: Granularity) -> _Opened:
        key = series_key(*name)
        stored = self._state.find(key)
        if stored is None:
            series = OpenSeries(granularity, {}, self._rules)
        else:
            series = OpenSeries(stored.granularity, stored.buckets, self._rules)
        self._open[name] = opened = _Opened(name, key, identity_start(*name), series)
        return opened

    def _publish(self, series: _Opened, was: Entry | None, now: Entry, sequence: int) -> None:
        """The row itself, then the neighbours that change with it."""
        origin = Origin(self._stamp.epoch, sequence, self._stamp.published_at)
        cause: Cause = "new" if was is None else "corrected"
        for changed in series.contents.take(was, now):
            key = identity_from(series.identities, changed.now.entry.reading_at)
            self._values.append((key, event(series.name, changed, cause, origin)))
            cause = "recomputed"

    def _publish_outside(self, name: Series, arrived: Entry, sequence: int) -> None:
        origin = Origin(self._stamp.epoch, sequence, self._stamp.published_at)
        key = outside_key(*name, arrived.reading_at, arrived.brought)
        self._values.append((key, outside(name, arrived, origin)))
