"""What the feed carries: the values topic folded to one entry per series. 8 bytes of memory per value, besides."""

import os
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from operations.topic_reader import WHOLE, TopicReader
from runtime.garbage import collecting_seldom
from runtime.registry import schema_registry
from runtime.settings.tree import Settings
from runtime.topics import TopicNames
from schemas.canary import is_canary
from schemas.codec import Codec, Undecodable
from schemas.events import Granularity, MeterValue, Quality, SeriesKind
from schemas.registry import UnknownSchemaId


@dataclass(slots=True)
class Carried:
    """One series. Kind, granularity, unit and quality are those of its newest reading."""

    source: str
    metering_point: str
    category: str
    kind: SeriesKind
    granularity: Granularity
    unit: str
    quality: Quality
    _readings: "array[int]" = field(default_factory=lambda: array("q"))
    _newest_sequence: int = -1

    @property
    def first(self) -> int:
        """The instant of its first reading."""
        return self._readings[0]

    @property
    def last(self) -> int:
        """The instant of its newest reading."""
        return self._readings[-1]

    @property
    def values(self) -> int:
        """How many readings it has; corrections of one count once."""
        return len(self._readings)

    def add(self, value: MeterValue) -> None:
        """One more event of it, in any order."""
        readings, at = self._readings, value.reading_at
        if not readings or at > readings[-1]:
            readings.append(at)
            self._show(value)
            return
        if at == readings[-1] and value.sequence > self._newest_sequence:
            self._show(value)
        place = bisect_left(readings, at)
        if readings[place] != at:
            readings.insert(place, at)

    def _show(self, value: MeterValue) -> None:
        self.kind, self.granularity, self.unit = value.series_kind, value.granularity, value.unit
        self.quality, self._newest_sequence = value.quality, value.sequence


@dataclass
class Feed:
    """Every series by metering point; ``unreadable``: records of the topic that are no values."""

    by_point: dict[str, list[Carried]] = field(default_factory=dict)
    unreadable: int = 0

    def series(self) -> list[Carried]:
        """All of them, by source, point and category."""
        every = (series for some in self.by_point.values() for series in some)
        return sorted(every, key=lambda series: (series.source, series.metering_point, series.category))


def fold(records: Iterable[Any], codec: Codec[MeterValue]) -> Feed:
    """The series of some records of the values topic, without the canaries.

    Raises:
        Transient: the schema registry is away.
    """
    feed, known = Feed(), dict[tuple[str, str, str], Carried]()
    for record in records:
        try:
            value = codec.decode(record.value)
        except (Undecodable, UnknownSchemaId):
            feed.unreadable += 1
            continue
        if is_canary(value.metering_point):
            continue  # nobody's meter
        name = value.source, value.metering_point, value.delivery_category
        series = known.get(name)
        if series is None:
            series = known[name] = Carried(*name, value.series_kind, value.granularity, value.unit, value.quality)
            feed.by_point.setdefault(value.metering_point, []).append(series)
        series.add(value)
    return feed


def read(settings: Settings, environment: Mapping[str, str] = os.environ) -> Feed:
    """What the values topic of the configured epoch holds now.

    Raises:
        Transient: Kafka or the schema registry cannot be reached.
    """
    codec = Codec(MeterValue, schema_registry(settings.registry, environment))
    with collecting_seldom():
        return fold(TopicReader(settings.kafka, TopicNames.of(settings).values).records(WHOLE), codec)
