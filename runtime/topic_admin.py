"""Creates and verifies the topics of one epoch. Never alters or deletes one: that is an operator's decision."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    AuthorizationError,
    RetriableError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from runtime.errors import ConfigError
from runtime.kafka_admin import admin
from runtime.kafka_refusals import GRANT
from runtime.mends import NEW_EPOCH
from runtime.settings.tree import Settings
from runtime.topics import TopicSpec, specs

CREATE = "meterstream topics create"
VERIFY = "meterstream topics verify"

AT_LEAST = frozenset({"max.message.bytes", "min.compaction.lag.ms"})
"""Configurations of which more than asked for does no harm."""

_REFUSED = {"InvalidReplicationFactorError": "set topics.replication_factor to the number of brokers at most"}
"""What to do about the errors by which a cluster refuses a topic."""


@dataclass(frozen=True)
class Created:
    """What :func:`create` did."""

    created: tuple[str, ...]
    present: tuple[str, ...]


@dataclass(frozen=True)
class _Found:
    """A topic as the cluster has it."""

    partitions: int
    replication_factor: int
    configs: Mapping[str, str]


def create(settings: Settings) -> Created:
    """Creates the topics that are missing, as the settings say; leaves those that exist as they are.

    May be called again and by several at once. What exists in another shape is for :func:`verify` to tell.

    Raises:
        ConfigError: the cluster refuses a topic; says why and what to do.
        Transient: the cluster cannot be reached.
    """
    wanted = specs(settings)
    with admin(settings.kafka) as client:
        present = _existing(client, [spec.name for spec in wanted])
        missing = [spec for spec in wanted if spec.name not in present]
        if missing:
            _create(client, missing)
            client.wait_for_topics([spec.name for spec in missing])
    return Created(
        created=tuple(spec.name for spec in missing),
        present=tuple(spec.name for spec in wanted if spec.name in present),
    )


def verify(settings: Settings, names: Collection[str] | None = None) -> list[str]:
    """Compares the cluster's topics with the settings.

    Args:
        settings: what must be.
        names: only these topics; None: every topic of the epoch.

    Returns:
        One line per difference: the topic, what it is, what it must be, how to mend it. Empty: all is well.

    Raises:
        Transient: the cluster cannot be reached.
    """
    wanted = [spec for spec in specs(settings) if names is None or spec.name in names]
    with admin(settings.kafka) as client:
        found = _describe(client, [spec.name for spec in wanted])
    servers = settings.kafka.bootstrap_servers
    return [problem for spec in wanted for problem in _problems(spec, found.get(spec.name), servers)]


def require(settings: Settings, names: Collection[str]) -> None:
    """For the start of a process: the topics that it uses are there and as they must be.

    Raises:
        ConfigError: they are not; every difference is named.
        Transient: the cluster cannot be reached.
    """
    if problems := verify(settings, names):
        raise ConfigError(problems)


def topic_ids(client: Any, names: Collection[str]) -> dict[str, str]:
    """The ids of those topics that exist: a topic that is made anew under its old name gets another.

    Raises:
        KafkaError: the cluster does not tell; within :func:`runtime.kafka_admin.admin` it becomes one of ours.
    """
    return {topic["name"]: str(topic["topic_id"]) for topic in _known(client, list(names))}


def made_anew(settings: Settings, old: Mapping[str, str | None]) -> bool:
    """Creates topics that were deleted; whether each is there again, as another one. To be asked until it is so.

    Of several brokers one that lags may still show the old topic, or not yet the new one.

    Args:
        settings: what must be.
        old: by the topics' names the ids that they had.

    Raises:
        ConfigError: the cluster refuses a topic.
        Transient: the cluster cannot be reached.
    """
    create(settings)
    with admin(settings.kafka) as client:
        ids = topic_ids(client, old)
    return all(ids.get(name) not in (None, before) for name, before in old.items())


def _existing(client: Any, names: Sequence[str]) -> set[str]:
    return {topic["name"] for topic in _known(client, names)}


def _known(client: Any, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The metadata of those topics that exist."""
    found = client.describe_topics(names)
    hidden = [topic["name"] for topic in found if issubclass(for_code(topic["error_code"]), AuthorizationError)]
    if hidden:
        raise ConfigError([f"topic {name} may not be seen by this user: {GRANT}" for name in hidden])
    for topic in found:
        error = for_code(topic["error_code"])
        if error is UnknownTopicOrPartitionError:
            continue
        if topic["error_code"] and not topic["partitions"]:
            raise error(f"metadata of {topic['name']}")
        yield topic


def _create(client: Any, missing: Sequence[TopicSpec]) -> None:
    wanted = {
        spec.name: {
            "num_partitions": spec.partitions,
            "replication_factor": spec.replication_factor,
            "configs": spec.configs,
        }
        for spec in missing
    }
    problems = []
    for topic in client.create_topics(wanted, raise_errors=False)["topics"]:
        error = for_code(topic["error_code"])
        if issubclass(error, RetriableError):
            raise error(f"creating {topic['name']}")
        if topic["error_code"] and error is not TopicAlreadyExistsError:
            advice = _REFUSED.get(error.__name__, f"ask the cluster's operator, then: {CREATE}")
            said = str(topic["error_message"] or error.__name__).rstrip(".")
            problems.append(f"topic {topic['name']} cannot be created: {said}; {advice}")
    if problems:
        raise ConfigError(problems)


def _describe(client: Any, names: Sequence[str]) -> dict[str, _Found]:
    topics = {topic["name"]: topic["partitions"] for topic in _known(client, names)}
    if not topics:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
    configs = client.describe_configs(resources, config_filter="all")["topic"]
    return {
        name: _Found(
            partitions=len(partitions),
            replication_factor=min(len(partition["replica_nodes"]) for partition in partitions),
            configs={key: entry["value"] for key, entry in configs.get(name, {}).items()},
        )
        for name, partitions in topics.items()
    }


def _problems(spec: TopicSpec, found: _Found | None, servers: str) -> Iterator[str]:
    if found is None:
        yield f"topic {spec.name} is missing: {CREATE}"
        return
    if found.partitions != spec.partitions:
        yield (
            f"topic {spec.name} has {found.partitions} partitions, the settings say {spec.partitions}. The number is "
            f"fixed for an epoch: set topics.partitions = {found.partitions}, or {NEW_EPOCH}"
        )
    if found.replication_factor < spec.replication_factor:
        yield (
            f"topic {spec.name} has {found.replication_factor} replicas, the settings say {spec.replication_factor}: "
            f"kafka-reassign-partitions.sh --bootstrap-server {servers} …, or set topics.replication_factor"
        )
    yield from _config_problems(spec, found, servers)


def _config_problems(spec: TopicSpec, found: _Found, servers: str) -> Iterator[str]:
    if not found.configs:
        yield f"topic {spec.name}: its configuration may not be read by this user: {GRANT}"
        return
    alter = f"kafka-configs.sh --bootstrap-server {servers} --alter --entity-type topics --entity-name {spec.name}"
    for key, must in sorted(spec.configs.items()):
        value = found.configs.get(key, "unknown to the cluster")
        if not _meets(key, value, must):
            yield f"topic {spec.name} has {key} = {value}, it must be {must}: {alter} --add-config {key}={must}"


def _meets(key: str, value: str, must: str) -> bool:
    if key in AT_LEAST and value.isdecimal():
        return int(value) >= int(must)
    return value == must
