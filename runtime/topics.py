"""The topics: their names, and the shape that the product needs of them."""

from dataclasses import dataclass, field

from runtime.settings.tree import Settings

DAY_MS = 86_400_000
MAX_MESSAGE_BYTES = 4 << 20
"""The same for every topic, whatever the cluster's default: a record that one topic took fits into the others."""


@dataclass(frozen=True)
class TopicNames:
    """The names of one epoch's topics and consumer groups; ``generation`` is what they begin with."""

    generation: str
    readings: str
    values: str
    state: str
    polls: str
    dead_letters: str
    put_backs: str
    streams_group: str

    @classmethod
    def of(cls, settings: Settings) -> "TopicNames":
        """The names that some settings lead to."""
        generation = f"{settings.topics.prefix}.{settings.epoch}"
        return cls(
            generation=generation,
            readings=f"{generation}.readings",
            values=f"{generation}.values",
            state=f"{generation}.state",
            polls=f"{generation}.polls",
            dead_letters=f"{settings.topics.prefix}.dead-letters",
            put_backs=f"{settings.topics.prefix}.dead-letters-audit",
            streams_group=f"{generation}.streams",
        )

    def producer(self, source: str, shard: str) -> str:
        """The transactional id under which a producer claims the points of a source and shard (``1-of-3``)."""
        return f"{self.generation}.producer.{source}.{shard}"

    def sink_group(self, receiver: str) -> str:
        """The group under which a receiver's positions are reported to Kafka, for lag tools."""
        return f"{self.generation}.sink.{receiver}"


@dataclass(frozen=True)
class TopicSpec:
    """A topic as it must be; ``configs`` are Kafka's own names and values."""

    name: str
    partitions: int
    replication_factor: int
    configs: dict[str, str] = field(default_factory=dict)


def specs(settings: Settings) -> list[TopicSpec]:
    """Every topic of the configured epoch, as it must be."""
    names, topics = TopicNames.of(settings), settings.topics
    forever = "-1"
    compacted = {"cleanup_policy": "compact"}
    common = {
        "min.insync.replicas": str(topics.min_insync_replicas),
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "unclean.leader.election.enable": "false",  # else a broker that lags may become leader: acknowledged data lost
    }

    def spec(name: str, partitions: int, **configs: str) -> TopicSpec:
        renamed = {key.replace("_", "."): value for key, value in configs.items()}
        return TopicSpec(name, partitions, topics.replication_factor, common | renamed)

    def retention(days: int | None) -> str:
        return forever if days is None else str(days * DAY_MS)

    return [
        spec(
            names.readings,
            topics.partitions,
            cleanup_policy="delete",
            retention_ms=retention(topics.readings_retention_days),
            retention_bytes=forever,
            message_timestamp_type="LogAppendTime",
        ),
        spec(names.values, topics.partitions, **compacted, min_compaction_lag_ms=str(7 * DAY_MS)),
        spec(names.state, topics.partitions, **compacted),
        spec(names.polls, topics.partitions, **compacted),
        spec(
            names.dead_letters,
            1,
            cleanup_policy="delete",
            retention_ms=retention(topics.dead_letters_retention_days),
            retention_bytes=forever,
        ),
        spec(names.put_backs, 1, cleanup_policy="delete", retention_ms=forever, retention_bytes=forever),
    ]
