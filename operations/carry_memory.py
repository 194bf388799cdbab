"""Carries the producer's memory from one epoch to another: what was published there need not be fetched again."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from operations.progress import TopicEnds
from operations.readings_copy import asking
from producer.memory import decode, read_key
from runtime.kafka import kafka_python_options
from runtime.settings.system import KafkaSettings
from schemas.keys import partition_of

Memories = Mapping[bytes, bytes]
"""The newest record per point of a source."""


def remembered(kafka: KafkaSettings, topic: TopicEnds) -> Memories:
    """What a polls topic holds, up to these ends.

    Raises:
        Transient: Kafka does not answer.
    """
    options = kafka_python_options(kafka) | {"group_id": None, "isolation_level": "read_committed"}
    found: dict[bytes, bytes] = {}
    with asking(kafka), closing(KafkaConsumer(**options, enable_auto_commit=False)) as consumer:
        for number, start in topic.starts.items():
            place = TopicPartition(topic.name, number)
            consumer.assign([place])
            consumer.seek(place, start)
            while consumer.position(place) < topic.ends[number]:
                for record in consumer.poll(timeout_ms=500).get(place, ()):
                    _take(found, record)
    return found


def carry(kafka: KafkaSettings, memories: Memories, target: TopicEnds) -> int:
    """Writes memories onto the polls topic of another epoch, where it holds none as new; returns how many.

    They must not claim more than that epoch's readings hold: a part that is remembered is not published again.

    Raises:
        Transient: Kafka does not answer; run again.
    """
    there = remembered(kafka, target)
    options = kafka_python_options(kafka)
    with asking(kafka), closing(KafkaProducer(**options, acks="all", linger_ms=20)) as producer:
        sent = [
            producer.send(target.name, key=key, value=value, partition=number)
            for key, value, number in _newer(memories, there, len(target.ends))
        ]
        producer.flush()
        for acknowledgement in sent:
            acknowledgement.get()
    return len(sent)


def _newer(memories: Memories, there: Memories, partitions: int) -> Iterator[tuple[bytes, bytes, int]]:
    """A record's head says how long the readings partition was; of the other epoch nothing is known yet."""
    for key, value in memories.items():
        names, known = read_key(key), decode(value)
        if names is None or known.new or known.fetched_at <= decode(there.get(key)).fetched_at:
            continue
        yield key, replace(known, readings_next=0).encode(len(known.parts)), partition_of(names[1], partitions)


def _take(found: dict[bytes, bytes], record: Any) -> None:
    if record.value is None:
        found.pop(record.key or b"", None)
    else:
        found[record.key or b""] = record.value
