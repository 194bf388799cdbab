"""Copies the readings of one epoch onto the topic of another, as they are, in order per metering point.

How far it is stands in Kafka, as the offsets of a consumer group of the new epoch, moved after the copies are
acknowledged. Killed in between, it copies some records twice, which their versions make harmless. A transaction could
prevent that, but the readings topic must have no gaps, and its markers would be gaps.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError

from operations.progress import TopicEnds
from runtime.errors import ConfigError, Transient
from runtime.kafka import kafka_python_options
from runtime.settings.system import KafkaSettings
from runtime.topics import MAX_MESSAGE_BYTES, TopicNames
from schemas.keys import partition_of

BATCH = 5_000
"""Records between two notes of how far it is."""
LINGER_MS = 20

Positions = Mapping[int, int]
"""By partition of the old topic: the next offset to copy."""


@dataclass(frozen=True)
class Way:
    """From where to where. The positions hold for these very topics, not for others made under their names."""

    source: TopicEnds
    target: TopicEnds
    group: str

    @classmethod
    def of(cls, source: TopicEnds, target: TopicEnds, new: TopicNames) -> "Way":
        """The way into the epoch of ``new``; ``target``: its readings topic."""
        return cls(source, target, f"{new.generation}.reprocess")

    @property
    def ids(self) -> str:
        """What the positions hold for."""
        return f"{self.source.id} {self.target.id}"

    @property
    def places(self) -> list[TopicPartition]:
        """The partitions to copy."""
        return [TopicPartition(self.source.name, number) for number in self.source.ends]


class ReadingsCopy:
    """Copies as far as it is told."""

    def __init__(self, kafka: KafkaSettings, way: Way) -> None:
        """Connects to nothing yet."""
        self._kafka = kafka
        self._way = way

    def positions(self) -> Positions:
        """How far it is.

        Raises:
            Transient: Kafka does not answer.
        """
        with asking(self._kafka), closing(self._consumer()) as consumer:
            return self._positions(consumer)

    def run(self, starts: Positions, ends: Positions, copied: Callable[[int], object]) -> None:
        """Copies what is between these offsets and was not copied; ``copied`` is told the records of each batch.

        Raises:
            ConfigError: readings were removed before they were copied.
            Transient: Kafka does not answer; run again, it goes on where it was.
        """
        options = kafka_python_options(self._kafka)
        with asking(self._kafka), closing(self._consumer()) as consumer:
            positions = {number: max(starts[number], at) for number, at in self._positions(consumer).items()}
            consumer.assign(self._way.places)
            for number, position in positions.items():
                consumer.seek(TopicPartition(self._way.source.name, number), position)
            producer = KafkaProducer(**options, acks="all", linger_ms=LINGER_MS, max_request_size=MAX_MESSAGE_BYTES)
            with closing(producer):
                while any(positions[number] < end for number, end in ends.items()):
                    copied(self._batch(consumer, producer, positions))

    def _batch(self, consumer: Any, producer: Any, positions: dict[int, int]) -> int:
        """Copies what is there, and only then notes it."""
        sent = []
        for place, records in consumer.poll(timeout_ms=500).items():
            sent += [self._send(producer, record) for record in records]
            positions[place.partition] = records[-1].offset + 1
        producer.flush()
        for acknowledgement in sent:
            acknowledgement.get()
        if sent:
            consumer.commit(
                {
                    TopicPartition(self._way.source.name, number): OffsetAndMetadata(position, self._way.ids, -1)
                    for number, position in positions.items()
                }
            )
        return len(sent)

    def _send(self, producer: Any, record: Any) -> Any:
        return producer.send(
            self._way.target.name,
            key=record.key,
            value=record.value,
            headers=list(record.headers),
            partition=place(record.key, record.partition, len(self._way.target.ends)),
        )

    def _consumer(self) -> Any:
        return KafkaConsumer(
            **kafka_python_options(self._kafka),
            group_id=self._way.group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_poll_records=BATCH,
        )

    def _positions(self, consumer: Any) -> Positions:
        return {place.partition: self._position(consumer.committed(place, metadata=True)) for place in self._way.places}

    def _position(self, noted: Any) -> int:
        return 0 if noted is None or noted.metadata != self._way.ids else int(noted.offset)


def place(key: bytes | None, partition: int, count: int) -> int:
    """The partition of a copy: its metering point's; where the key is none, one that depends on the old one."""
    try:
        return partition_of((key or b"").decode(), count) if key else partition % count
    except UnicodeDecodeError:
        return partition % count


@contextmanager
def asking(kafka: KafkaSettings) -> Iterator[None]:
    """Kafka's errors as ours."""
    try:
        yield
    except OffsetOutOfRangeError as error:
        raise ConfigError(["readings were removed before they were copied: run this command again"]) from error
    except KafkaError as error:
        raise Transient(
            f"Kafka at {kafka.bootstrap_servers}: {type(error).__name__}; run this command again: it goes on where "
            "it was"
        ) from error
