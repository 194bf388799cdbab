"""How far everybody is: the ends of the topics, and the positions of those who read them. Asks Kafka only."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from kafka import TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError

from runtime.kafka_admin import admin
from runtime.retry import Backoff
from runtime.settings.tree import Settings
from runtime.topics import TopicNames, specs

TRIES = 12

T = TypeVar("T")


@dataclass(frozen=True)
class TopicEnds:
    """One topic: by partition its first offset and the one after its last.

    ``present``: whether it exists. ``id``: one made anew under its name has another. ``offsets``: those in use; more
    than records where transactions leave markers and compaction leaves gaps. ``under_replicated``: how many partitions
    have a replica that is not in sync.
    """

    name: str
    present: bool
    id: str
    starts: dict[int, int]
    ends: dict[int, int]
    offsets: int
    under_replicated: int = 0


@dataclass(frozen=True)
class Reader:
    """One consumer group on one topic.

    ``positions``: by partition the next offset it will read; None: none yet. ``lags``: how far that is from the end;
    ``lag``: over all partitions. ``beyond_end``: partitions whose position is past the end of the log, which no
    healthy group has (the topic was made anew, or lost data).
    """

    name: str
    group: str
    topic: str
    positions: dict[int, int | None]
    lags: dict[int, int]
    lag: int
    beyond_end: tuple[int, ...]
    members: int | None = None


@dataclass(frozen=True)
class Progress:
    """The state of the configured epoch at one moment."""

    epoch: str
    topics: tuple[TopicEnds, ...]
    streams: Reader
    receivers: tuple[Reader, ...]


def progress(settings: Settings) -> Progress:
    """Asks the cluster.

    Raises:
        Transient: it cannot be reached.
    """
    with admin(settings.kafka) as client:
        return progress_of(client, settings)


def progress_of(client: Any, settings: Settings) -> Progress:
    """The same, by an administrator's connection that stands."""
    names = TopicNames.of(settings)
    groups = {name: names.sink_group(name) for name in settings.deliveries()}
    # Positions first: they can then never be beyond the ends.
    positions = patiently(lambda: client.list_group_offsets([names.streams_group, *groups.values()]))
    members = _members(client, names.streams_group)
    topics = {topic.name: topic for topic in _ends(client, [spec.name for spec in specs(settings)])}
    return Progress(
        epoch=settings.epoch,
        topics=tuple(topics.values()),
        streams=_reader("streams", names.streams_group, topics[names.readings], positions, members),
        receivers=tuple(_reader(name, group, topics[names.values], positions, None) for name, group in groups.items()),
    )


def topic_ends(settings: Settings, topic: str) -> TopicEnds:
    """One topic of the cluster.

    Raises:
        Transient: the cluster cannot be reached.
    """
    with admin(settings.kafka) as client:
        (found,) = _ends(client, [topic])
    return found


def patiently(ask: Callable[[], T]) -> T:
    """A cluster whose first consumer group is asked for makes its offsets topic first: a second or two."""
    for attempt in range(1, TRIES):
        try:
            return ask()
        except (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError):
            time.sleep(Backoff(maximum=1.0).wait(attempt))
    return ask()


def _ends(client: Any, names: list[str]) -> Iterable[TopicEnds]:
    described = {topic["name"]: topic for topic in client.describe_topics(names)}
    partitions = {
        name: [TopicPartition(name, part["partition_index"]) for part in topic["partitions"]]
        for name, topic in described.items()
    }
    everything = [part for parts in partitions.values() for part in parts]
    starts = _offsets(client, everything, OffsetSpec.EARLIEST)
    ends = _offsets(client, everything, OffsetSpec.LATEST)
    for name in names:
        parts = sorted(partitions.get(name, []))
        yield TopicEnds(
            name=name,
            present=bool(parts),
            id=str(described[name]["topic_id"]) if parts else "",
            starts={part.partition: starts[part] for part in parts},
            ends={part.partition: ends[part] for part in parts},
            offsets=sum(ends[part] - starts[part] for part in parts),
            under_replicated=sum(
                len(part["isr_nodes"]) < len(part["replica_nodes"]) for part in described[name]["partitions"]
            )
            if parts
            else 0,
        )


def _offsets(client: Any, parts: list[TopicPartition], spec: OffsetSpec) -> dict[TopicPartition, int]:
    if not parts:
        return {}
    found = client.list_partition_offsets(dict.fromkeys(parts, spec))
    return {part: entry.offset for part, entry in found.items()}


def _members(client: Any, group: str) -> int:
    described = client.describe_groups([group])
    return len(described[group]["members"])


def _reader(
    name: str, group: str, topic: TopicEnds, positions: Mapping[str, Mapping[TopicPartition, Any]], members: int | None
) -> Reader:
    committed = {
        part.partition: entry.offset
        for part, entry in positions.get(group, {}).items()
        if part.topic == topic.name and entry.offset >= 0
    }
    lags = {
        number: max(0, end - max(topic.starts[number], committed.get(number, 0))) for number, end in topic.ends.items()
    }
    return Reader(
        name=name,
        group=group,
        topic=topic.name,
        positions={number: committed.get(number) for number in topic.ends},
        lags=lags,
        lag=sum(lags.values()),
        beyond_end=tuple(number for number, end in topic.ends.items() if committed.get(number, 0) > end),
        members=members,
    )
