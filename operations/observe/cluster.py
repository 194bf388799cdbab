"""What the cluster tells of its topics, groups, brokers and disks."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kafka.errors import KafkaError

from operations.progress import Progress, Reader, progress_of
from runtime.kafka_admin import admin
from runtime.settings.tree import Settings


@dataclass(frozen=True)
class Disk:
    """Bytes of the volume that holds a broker's logs; of several the one with the smallest share left."""

    total: int
    usable: int


@dataclass(frozen=True)
class Cluster:
    """One look.

    Attributes:
        progress: the topics' ends, and who reads them.
        brokers: how many are in service.
        disks: by broker; without those that do not tell (before Kafka 3.3, or without the right to ask).
        topic_bytes: by topic, on the disks of all brokers; empty where some broker does not tell.
    """

    progress: Progress
    brokers: int
    disks: Mapping[int, Disk] = field(default_factory=dict)
    topic_bytes: Mapping[str, int] = field(default_factory=dict)

    @property
    def lags(self) -> dict[str, int]:
        """By consumer group that has a position."""
        readers: tuple[Reader, ...] = (self.progress.streams, *self.progress.receivers)
        begun = (reader for reader in readers if any(at is not None for at in reader.positions.values()))
        return {reader.group: reader.lag for reader in begun}


def look(settings: Settings) -> Cluster:
    """Asks the cluster.

    Raises:
        Transient: it cannot be reached.
        ConfigError: this user may not ask about topics or groups.
    """
    with admin(settings.kafka) as client:
        progress = progress_of(client, settings)
        brokers = [
            broker["broker_id"] for broker in client.describe_cluster()["brokers"] if not broker.get("is_fenced")
        ]
        told = {broker: _log_dirs(client, broker) for broker in brokers}
    names = [topic.name for topic in progress.topics if topic.present]
    whole = all(told.values())
    return Cluster(
        progress,
        len(brokers),
        {broker: disk for broker, dirs in told.items() if (disk := disk_of(dirs)) is not None},
        topic_bytes(names, (each for dirs in told.values() for each in dirs)) if whole else {},
    )


def _log_dirs(client: Any, broker: int) -> list[dict[str, Any]]:
    """A broker's log directories; none, where it does not tell: a broker that is just going, or a right that lacks."""
    try:
        (answer,) = client.describe_log_dirs(brokers=[broker])
    except KafkaError:
        return []
    return [one for one in answer["log_dirs"] if not one["error_code"]]


def disk_of(dirs: Iterable[Mapping[str, Any]]) -> Disk | None:
    """A broker's, from its log directories; None: it does not tell."""
    disks = [Disk(one["total_bytes"], one["usable_bytes"]) for one in dirs if one.get("total_bytes", -1) > 0]
    return min(disks, key=lambda disk: disk.usable / disk.total, default=None)


def topic_bytes(names: Iterable[str], dirs: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Of these topics, over the log directories of all brokers."""
    found = Counter(dict.fromkeys(names, 0))
    for one in dirs:
        for topic in one["topics"]:
            if topic["name"] in found:
                found[topic["name"]] += sum(part["partition_size"] for part in topic["partitions"])
    return dict(found)
