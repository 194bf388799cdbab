"""What an administrator's mistake, or a lost disk, does to topics. Goes to the brokers directly, past the proxies."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import GroupIdNotFoundError

from local.chaos.operator import NotMet, persistent, until
from operations.progress import progress
from runtime.kafka import kafka_python_options
from runtime.kafka_admin import admin, configure_topic
from runtime.settings.tree import Settings
from runtime.topic_admin import made_anew, topic_ids
from runtime.topics import TopicNames

Offsets = Mapping[TopicPartition, int]

ANSWER_SECONDS = 30.0
DONE = ("OK", GroupIdNotFoundError.__name__)


@persistent
def configure(settings: Settings, topic: str, configs: Mapping[str, str | None]) -> None:
    """Sets configurations of a topic; those with None go back to what they are by themselves."""
    with admin(settings.kafka) as client:
        configure_topic(client, topic, configs)


@persistent
def bounds(settings: Settings, topic: str) -> tuple[Offsets, Offsets]:
    """By partition: the first offset of a topic, and the one after its last."""
    with admin(settings.kafka) as client:
        (found,) = client.describe_topics([topic])
        places = [TopicPartition(topic, one["partition_index"]) for one in found["partitions"]]
        return _offsets(client, places, OffsetSpec.EARLIEST), _offsets(client, places, OffsetSpec.LATEST)


def _offsets(client: Any, places: Sequence[TopicPartition], spec: OffsetSpec) -> Offsets:
    found = client.list_partition_offsets(dict.fromkeys(places, spec))
    return {place: entry.offset for place, entry in found.items()}


@persistent
def truncate(settings: Settings, offsets: Offsets) -> None:
    """Removes all that stands before these offsets."""
    with admin(settings.kafka) as client:
        client.delete_records(dict(offsets))


@contextmanager
def gone(settings: Settings, topics: Sequence[str]) -> Iterator[None]:
    """While inside, the topics do not exist; afterwards they are there again, empty."""
    with admin(settings.kafka) as client:
        old = topic_ids(client, topics)
        client.delete_topics(list(topics))
        until(lambda: not topic_ids(client, topics), "the topics are deleted")
    try:
        yield
    finally:
        there = persistent(lambda: made_anew(settings, {name: old.get(name) for name in topics}))
        until(there, "the topics are there again")


@persistent
def repeat_newest(settings: Settings, topic: str) -> None:
    """Writes the newest record of each partition once more: a reading that comes twice is one reading."""
    options = kafka_python_options(settings.kafka)
    begin, end = bounds(settings, topic)
    with closing(KafkaConsumer(**options, group_id=None)) as consumer, closing(KafkaProducer(**options)) as producer:
        for place in (place for place in end if begin[place] < end[place]):
            consumer.assign([place])
            consumer.seek(place, end[place] - 1)
            newest = consumer.poll(timeout_ms=int(ANSWER_SECONDS * 1000))[place][0]
            sent = producer.send(topic, key=newest.key, value=newest.value, partition=place.partition)
            sent.get(ANSWER_SECONDS)


@persistent
def unread(settings: Settings) -> dict[TopicPartition, int]:
    """By partition that has readings which streams has not read: the next one."""
    streams = progress(settings).streams
    return {
        TopicPartition(streams.topic, number): streams.positions[number] or 0
        for number, lag in streams.lags.items()
        if lag
    }


@persistent
def positions(settings: Settings) -> Offsets:
    """The offsets of the group of streams."""
    streams = progress(settings).streams
    return {TopicPartition(streams.topic, number): offset or 0 for number, offset in streams.positions.items()}


@persistent
def without_members(settings: Settings) -> None:
    """Waits until Kafka takes no worker of streams for alive any more: only then can its group be changed."""
    until(lambda: not progress(settings).streams.members, "the group of streams has no members")


@persistent
def move_group(settings: Settings, offsets: Offsets) -> None:
    """Sets offsets of the group of streams, which has no members."""
    with admin(settings.kafka) as client:
        moved = {place: OffsetAndMetadata(offset, "", -1) for place, offset in offsets.items()}
        client.alter_group_offsets(TopicNames.of(settings).streams_group, moved)


@persistent
def delete_group(settings: Settings) -> None:
    """Has the offsets of streams expire."""
    group = TopicNames.of(settings).streams_group
    with admin(settings.kafka) as client:
        said = client.delete_groups([group])[group]
    if said not in DONE:
        raise NotMet(f"deleting {group}: {said}")
