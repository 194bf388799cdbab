"""The rights that each process needs in Kafka, and none beyond: one table, from which ACLs and the handbook come."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from runtime.settings.tree import Settings
from runtime.topics import TopicNames

Operation = Literal["Create", "Delete", "Describe", "DescribeConfigs", "Read", "Write"]
ResourceKind = Literal["cluster", "topic", "group", "transactional-id"]


@dataclass(frozen=True)
class Right:
    """What somebody may do with a resource, or with all whose names begin so. The cluster has no name.

    Reading, writing and deleting include describing; to Kafka, membership and offsets of a group are reading it.
    """

    kind: ResourceKind
    name: str
    operations: tuple[Operation, ...]
    prefixed: bool = False


def rights(settings: Settings) -> dict[str, tuple[Right, ...]]:
    """By role: ``producer``, ``streams``, ``sink-NAME`` of each receiver, ``watcher`` and ``operator``.

    ``watcher`` looks (``meterstream status``, ``observe``, ``topics verify``, dead letters); ``operator`` does all that
    the command can.
    """
    names = TopicNames.of(settings)
    found = {"producer": _producer(names), "streams": _streams(names)}
    for receiver in settings.deliveries():
        found[f"sink-{receiver}"] = _sink(names, receiver)
    return found | {"watcher": _watcher(settings), "operator": _operator(settings)}


def _topic(name: str, *operations: Operation) -> Right:
    """Every process compares its topics with the settings at its start: DescribeConfigs."""
    return Right("topic", name, (*operations, "DescribeConfigs"))


def _producer(names: TopicNames) -> tuple[Right, ...]:
    return (
        _topic(names.readings, "Write"),
        _topic(names.polls, "Read", "Write"),
        _topic(names.dead_letters, "Write"),
        Right("transactional-id", f"{names.generation}.producer.", ("Write",), prefixed=True),
    )


def _streams(names: TopicNames) -> tuple[Right, ...]:
    return (
        _topic(names.readings, "Read"),
        _topic(names.values, "Write"),
        _topic(names.state, "Read", "Write"),
        _topic(names.dead_letters, "Write"),
        Right("group", names.streams_group, ("Read",)),
        Right("transactional-id", f"{names.streams_group}.", ("Write",), prefixed=True),
    )


def _sink(names: TopicNames, receiver: str) -> tuple[Right, ...]:
    return (
        _topic(names.values, "Read"),
        _topic(names.dead_letters, "Write"),
        Right("group", names.sink_group(receiver), ("Read",)),
    )


def _watcher(settings: Settings) -> tuple[Right, ...]:
    prefix, names = f"{settings.topics.prefix}.", TopicNames.of(settings)
    return (
        Right("topic", prefix, ("Describe", "DescribeConfigs"), prefixed=True),
        Right("topic", names.dead_letters, ("Read",)),
        Right("topic", names.put_backs, ("Read",)),
        Right("group", prefix, ("Describe",), prefixed=True),
        Right("cluster", "", ("Describe",)),
    )


def _operator(settings: Settings) -> tuple[Right, ...]:
    prefix = f"{settings.topics.prefix}."
    return (
        Right("topic", prefix, ("Create", "Read", "Write", "Delete", "DescribeConfigs"), prefixed=True),
        Right("group", prefix, ("Read", "Delete"), prefixed=True),
    )


def default_principal(role: str) -> str:
    """Whom a role is given to where nobody is named."""
    return f"User:meterstream-{role}"


def commands(settings: Settings, principals: Mapping[str, str]) -> Iterator[str]:
    """Lines for a shell that give each role its rights, by Kafka's own tool.

    Args:
        settings: the topics and receivers.
        principals: whom, by role; the others get their default.
    """
    add = f"kafka-acls.sh --bootstrap-server {settings.kafka.bootstrap_servers.replace(' ', '')}"
    for role, needed in rights(settings).items():
        yield f"# {role}"
        who = shlex.quote(principals.get(role, default_principal(role)))
        for right in needed:
            operations = " ".join(f"--operation {operation}" for operation in right.operations)
            pattern = " --resource-pattern-type prefixed" if right.prefixed else ""
            name = f" {shlex.quote(right.name)}{pattern}" if right.name else ""
            yield f"{add} --add --allow-principal {who} {operations} --{right.kind}{name}"


def table(settings: Settings) -> str:
    """The same as a table in Markdown, for the handbook."""
    lines = ["| who | what | may |", "|---|---|---|"]
    for role, needed in rights(settings).items():
        for number, right in enumerate(needed):
            name = f"{right.kind} `{right.name}{'*' if right.prefixed else ''}`" if right.name else f"the {right.kind}"
            lines.append(f"| {'' if number else role} | {name} | {', '.join(right.operations)} |")
    return "\n".join(lines) + "\n"
