"""The markers at the end of the state topic: what the state was built with, and from how many readings."""

from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import RetriableError

from operations.progress import TopicEnds
from runtime.errors import Transient
from runtime.kafka import kafka_python_options
from runtime.settings.system import KafkaSettings
from streams.marker import MARKER_KEY, Marker

TAIL = 100
"""Offsets looked at first: each transaction ends with its marker."""
STEP = 10
"""How many times as much is looked at next, where none was found."""


def newest_markers(settings: KafkaSettings, topic: TopicEnds) -> dict[int, Marker]:
    """The marker of each partition that has a readable one; reads the ends of the partitions, as far as is needed.

    Raises:
        Transient: Kafka does not answer.
    """
    options = kafka_python_options(settings) | {"isolation_level": "read_committed", "group_id": None}
    try:
        consumer = KafkaConsumer(**options, enable_auto_commit=False)
        try:
            found = {number: _newest(consumer, topic, number) for number in topic.ends}
        finally:
            consumer.close(autocommit=False)
    except RetriableError as error:
        raise Transient(f"Kafka at {settings.bootstrap_servers} does not answer") from error
    return {number: marker for number, marker in found.items() if marker is not None}


def _newest(consumer: Any, topic: TopicEnds, number: int) -> Marker | None:
    start, end = topic.starts[number], topic.ends[number]
    width, first, marker = TAIL, end, None
    while marker is None and first > start:
        first = max(start, end - width)
        marker = _last_between(consumer, TopicPartition(topic.name, number), first, end)
        width *= STEP
    return marker


def _last_between(consumer: Any, partition: TopicPartition, first: int, end: int) -> Marker | None:
    consumer.assign([partition])
    stable = min(end, consumer.end_offsets([partition])[partition])  # what is committed
    consumer.seek(partition, first)
    marker = None
    while consumer.position(partition) < stable:
        for record in consumer.poll(timeout_ms=500).get(partition, ()):
            if record.key == MARKER_KEY:
                marker = _readable(record.value)
    return marker


def _readable(data: bytes | None) -> Marker | None:
    try:
        return Marker.decode(data or b"")
    except ValueError:
        return None  # what is no marker says nothing; that it is none is a reason to rebuild
