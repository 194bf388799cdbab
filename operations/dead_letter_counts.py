"""How many dead letters there are, by stage and reason. Reads the newest part of the topic, within bounds."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import RetriableError

from runtime.errors import Transient
from runtime.kafka import kafka_python_options
from runtime.registry import schema_registry
from runtime.settings.tree import Settings
from runtime.topics import TopicNames
from schemas.codec import Codec, Undecodable
from schemas.events import DeadLetter
from schemas.registry import UnknownSchemaId


@dataclass(frozen=True)
class Bounds:
    """How much is read: the newest offsets of each partition, and for how many seconds."""

    offsets: int = 20_000
    seconds: float = 10.0


@dataclass(frozen=True)
class ReasonCount:
    """Of one stage and reason: how many different dead letters, and how many sightings of them."""

    stage: str
    reason: str
    letters: int
    sightings: int


@dataclass(frozen=True)
class DeadLetterCounts:
    """What was read. ``complete``: it was the whole topic. ``unreadable``: records that are no dead letters."""

    counts: tuple[ReasonCount, ...]
    unreadable: int
    complete: bool


def dead_letter_counts(settings: Settings, environment: Mapping[str, str], bounds: Bounds) -> DeadLetterCounts:
    """Reads and counts.

    Raises:
        Transient: Kafka or the schema registry cannot be reached.
    """
    topic = TopicNames.of(settings).dead_letters
    codec = Codec(DeadLetter, schema_registry(settings.registry, environment))
    options = kafka_python_options(settings.kafka) | {"isolation_level": "read_committed", "group_id": None}
    try:
        consumer = KafkaConsumer(**options)
        try:
            return _counted(consumer, topic, codec, bounds)
        finally:
            consumer.close(autocommit=False)
    except RetriableError as error:
        raise Transient(f"Kafka at {settings.kafka.bootstrap_servers} does not answer") from error


def _counted(consumer: Any, topic: str, codec: Codec[DeadLetter], bounds: Bounds) -> DeadLetterCounts:
    parts = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    if not parts:
        return DeadLetterCounts((), 0, complete=True)
    consumer.assign(parts)
    starts, ends = consumer.beginning_offsets(parts), consumer.end_offsets(parts)
    begin = {part: max(starts[part], ends[part] - bounds.offsets) for part in parts}
    for part, offset in begin.items():
        consumer.seek(part, offset)
    sightings: Counter[tuple[str, str, str]] = Counter()
    unreadable = 0
    deadline = time.monotonic() + bounds.seconds
    while behind := any(consumer.position(part) < ends[part] for part in parts):
        if time.monotonic() > deadline:
            break
        for records in consumer.poll(timeout_ms=200).values():
            for record in records:
                try:
                    letter = codec.decode(record.value)
                except (Undecodable, UnknownSchemaId):
                    unreadable += 1
                else:
                    sightings[letter.stage, letter.reason, letter.id] += 1
    return DeadLetterCounts(_folded(sightings), unreadable, complete=not behind and begin == starts)


def _folded(sightings: Counter[tuple[str, str, str]]) -> tuple[ReasonCount, ...]:
    letters: Counter[tuple[str, str]] = Counter()
    seen: Counter[tuple[str, str]] = Counter()
    for (stage, reason, _), count in sightings.items():
        letters[stage, reason] += 1
        seen[stage, reason] += count
    return tuple(ReasonCount(*key, letters[key], seen[key]) for key in sorted(letters))
