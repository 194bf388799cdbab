"""Reads a topic to its present end, in the order of its log: every committed record, or the newest within bounds."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from runtime.errors import Transient
from runtime.kafka import kafka_python_options
from runtime.kafka_reach import reach
from runtime.settings.system import KafkaSettings

POLL_MS = 200


@dataclass(frozen=True)
class Bounds:
    """How much is read: the newest offsets of each partition, and for how many seconds; None: all of it."""

    offsets: int | None = 20_000
    seconds: float | None = 10.0


WHOLE = Bounds(None, None)


class TopicReader:
    """One topic, as it is when it is read. ``complete``: whether the last reading was of all of it."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        """Connects to nothing yet."""
        self._kafka = kafka
        self._topic = topic
        self.complete = False

    def records(
        self, bounds: Bounds = WHOLE, begin: Mapping[int, int] | None = None, end: Mapping[int, int] | None = None
    ) -> Iterator[Any]:
        """kafka-python's records; none where the topic is missing.

        Args:
            bounds: how much.
            begin: by partition the first offset that is wanted; a partition that it does not name is not read.
            end: by partition the first offset that is not wanted; where it says nothing, the present end.

        Raises:
            Transient: Kafka cannot be reached, or does not go on.
        """
        reach(self._kafka)
        options = kafka_python_options(self._kafka) | {"isolation_level": "read_committed", "group_id": None}
        with self._asking(), closing(KafkaConsumer(**options)) as consumer:
            numbers = consumer.partitions_for_topic(self._topic) or set()
            parts = [TopicPartition(self._topic, number) for number in numbers if begin is None or number in begin]
            consumer.assign(parts)
            ends = consumer.end_offsets(parts)
            wanted = {part: min(last, (end or {}).get(part.partition, last)) for part, last in ends.items()}
            for record in self._read(consumer, wanted, bounds, begin or {}):
                if end is None or record.offset < end.get(record.partition, record.offset + 1):
                    yield record

    def _read(
        self, consumer: Any, ends: Mapping[TopicPartition, int], bounds: Bounds, begin: Mapping[int, int]
    ) -> Iterator[Any]:
        parts = list(ends)
        starts = consumer.beginning_offsets(parts)
        newest = {part: 0 if bounds.offsets is None else ends[part] - bounds.offsets for part in parts}
        first = {part: max(starts[part], newest[part], begin.get(part.partition, 0)) for part in parts}
        for part, offset in first.items():
            consumer.seek(part, offset)
        patience = self._kafka.request_timeout if bounds.seconds is None else bounds.seconds
        deadline = time.monotonic() + patience
        while behind := any(consumer.position(part) < ends[part] for part in parts):
            if time.monotonic() > deadline:
                if bounds.seconds is None:
                    raise Transient(f"topic {self._topic}: nothing more came for {patience:g} s; try again")
                break
            for records in consumer.poll(timeout_ms=POLL_MS).values():
                yield from records
                if bounds.seconds is None:
                    deadline = time.monotonic() + patience
        self.complete = not behind and first == starts

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except KafkaError as error:
            raise Transient(
                f"Kafka at {self._kafka.bootstrap_servers} does not answer ({type(error).__name__})"
            ) from error
