"""What a receiver's worker will find in Kafka: its topics, and the group under which its positions are reported."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kafka.errors import KafkaError

from operations.progress import patiently
from operations.receivers.stages import Chosen
from runtime.errors import ConfigError, MeterstreamError
from runtime.kafka_admin import admin
from runtime.topic_admin import topic_ids, verify
from runtime.topics import TopicNames
from sinks.probe import Finding


@dataclass(frozen=True)
class Values:
    """What was found. ``topic_id``: of the values topic; None: it could not be asked for."""

    findings: Sequence[Finding]
    topic_id: str | None = None


def values_topic(chosen: Chosen) -> Values:
    """Looks at the topics and the group of a receiver's worker."""
    names = TopicNames.of(chosen.settings)
    wanted = [names.values, names.dead_letters]
    try:
        problems = verify(chosen.settings, wanted)
        with admin(chosen.settings.kafka) as client:
            topic_id = topic_ids(client, [names.values]).get(names.values)
            group = _group(client, names.sink_group(chosen.label))
    except (MeterstreamError, KafkaError) as error:
        lines = error.problems if isinstance(error, ConfigError) else [str(error) or type(error).__name__]
        todo = "look at [kafka], and whether the cluster can be reached from here"
        return Values([Finding("Kafka", line, "problem", todo) for line in lines])
    found = [Finding("Kafka", line, "problem", "meterstream topics create") for line in problems]
    if not problems:
        found.append(Finding("Kafka", f"{' and '.join(wanted)} are there, as the settings say"))
    return Values([*found, group], topic_id)


def _group(client: Any, name: str) -> Finding:
    """Positions are reported for lag tools; nothing depends on it."""
    try:
        offsets = patiently(lambda: client.list_group_offsets([name])).get(name, {})
    except KafkaError as error:
        return Finding("lag", f"group {name}: {type(error).__name__}", "warning", "see `meterstream topics acls`")
    known = [entry for entry in offsets.values() if entry.offset >= 0]
    return Finding("lag", f"group {name}: {'not begun' if not known else f'{len(known)} partitions reported'}")
