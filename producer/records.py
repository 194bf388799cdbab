"""Events and memory as the records of their topics."""

from collections.abc import Iterable
from dataclasses import dataclass

from producer.log import Place, Record
from producer.memory import memory_key
from runtime.topics import TopicNames
from schemas.codec import Codec
from schemas.events import DeadLetter, Reading
from schemas.keys import partition_of, point_key
from schemas.registry import SchemaRegistry


@dataclass(frozen=True)
class Topics:
    """The topics' names, and how many partitions readings and polls have."""

    names: TopicNames
    partitions: int


class Records:
    """Makes records. Whatever belongs to a point lies on the point's partition."""

    def __init__(self, topics: Topics, registry: SchemaRegistry) -> None:
        """Looks up the ids to write."""
        self._names = topics.names
        self._partitions = topics.partitions
        self.readings_codec = Codec(Reading, registry)
        self._letters = Codec(DeadLetter, registry)

    def readings_place(self, metering_point: str) -> Place:
        """Where a point's readings lie."""
        return self._names.readings, partition_of(metering_point, self._partitions)

    def readings(self, metering_point: str, values: Iterable[bytes]) -> list[Record]:
        """Readings of one point, as :attr:`readings_codec` encodes them, keyed by it."""
        topic, partition = self.readings_place(metering_point)
        key = point_key(metering_point)
        return [Record(topic, partition, key, value) for value in values]

    def letter(self, letter: DeadLetter) -> Record:
        """A dead letter, keyed by its id; their topic has one partition."""
        return Record(self._names.dead_letters, 0, letter.id.encode(), self._letters.encode(letter))

    def memory(self, source: str, metering_point: str, record: bytes) -> Record:
        """What is remembered of a point of a source."""
        place = partition_of(metering_point, self._partitions)
        return Record(self._names.polls, place, memory_key(source, metering_point), record)
