"""Recall: reads the polls topic into the memories of the sources, at the start of a process."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from producer.memory import Memory, read_key
from producer.points import Point
from producer.records import Topics
from runtime.errors import PositionError, Transient
from runtime.kafka import aiokafka_options
from runtime.mends import NEW_EPOCH
from runtime.settings.system import KafkaSettings
from schemas.keys import partition_of

_FETCH = 1_000


@dataclass(frozen=True)
class Owned:
    """The points of one source that this process polls, and where they are remembered."""

    points: Mapping[str, Point]
    memory: Memory


async def recall(kafka: KafkaSettings, topics: Topics, sources: Mapping[str, Owned]) -> int:
    """Fills the memories with the newest record of each of their points.

    Returns:
        How many records the topic held.

    Raises:
        Transient: the cluster cannot be reached.
        PositionError: the readings topic is shorter than it was when its points were remembered.
    """
    consumer = AIOKafkaConsumer(
        **aiokafka_options(kafka), enable_auto_commit=False, isolation_level="read_committed", auto_offset_reset="none"
    )
    try:
        await consumer.start()
        polls = [TopicPartition(topics.names.polls, partition) for partition in range(topics.partitions)]
        readings = [TopicPartition(topics.names.readings, partition) for partition in range(topics.partitions)]
        count = await _read(consumer, polls, sources)
        _compare(await consumer.end_offsets(readings), topics, sources)
    except (KafkaError, OSError) as error:
        raise Transient(f"topic {topics.names.polls} cannot be read: {type(error).__name__}") from error
    finally:
        await consumer.stop()
    return count


async def _read(consumer: AIOKafkaConsumer, polls: list[TopicPartition], sources: Mapping[str, Owned]) -> int:
    """Reads from the beginning to the present end; in log order, so the newest record of a point stays."""
    consumer.assign(polls)
    begin, end = await asyncio.gather(consumer.beginning_offsets(polls), consumer.end_offsets(polls))
    for place in polls:
        consumer.seek(place, begin[place])
    count = 0
    left = {place for place in polls if begin[place] < end[place]}
    while left:
        batches = await consumer.getmany(*left, timeout_ms=500, max_records=_FETCH)
        for records in batches.values():
            count += len(records)
            for record in records:
                _take(record.key, record.value, sources)
        for place in list(left):
            if await consumer.position(place) >= end[place]:
                left.discard(place)
    return count


def _take(key: bytes | None, value: bytes | None, sources: Mapping[str, Owned]) -> None:
    names = read_key(key)
    if names is None:
        return
    source, point = names
    owned = sources.get(source)
    if owned is not None and point in owned.points:
        owned.memory.restore(point, value)


def _compare(ends: Mapping[TopicPartition, int], topics: Topics, sources: Mapping[str, Owned]) -> None:
    """What is remembered as published must still be there."""
    lengths = {place.partition: end for place, end in ends.items()}
    for source, owned in sources.items():
        for point, known in owned.memory.lengths():
            if known > lengths[partition_of(point, topics.partitions)]:
                raise PositionError(
                    f"topic {topics.names.readings} is shorter than it was when points of source {source} were "
                    f"published: it was lost or made anew; {NEW_EPOCH}"
                )
