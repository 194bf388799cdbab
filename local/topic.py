"""Reads a whole topic, as any other consumer would."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from runtime.kafka import kafka_python_options
from runtime.settings.tree import Settings


def records(settings: Settings, topic: str) -> Iterator[Any]:
    """Every committed record of a topic, from its beginning to its present end; in order within a partition."""
    with closing(KafkaConsumer(**kafka_python_options(settings.kafka), isolation_level="read_committed")) as consumer:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            for found in consumer.poll(timeout_ms=500).values():
                yield from found
