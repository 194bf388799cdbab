"""Whether all that has been published has arrived: positions against the ends of the logs."""

import time
from collections.abc import Callable, Mapping

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from local.settings_file import RECEIVERS
from runtime.kafka import kafka_python_options
from runtime.settings.tree import Settings
from runtime.topics import TopicNames

STEADY_SECONDS = 2.0
"""The logs must not have grown for so long: a producer may hold an answer that it has not published yet."""

Offsets = Mapping[TopicPartition, int]


class Drain:
    """Asks Kafka whether streams and every sink stand at the end of their topic."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        """Connects to the cluster."""
        options = kafka_python_options(settings.kafka)
        names = TopicNames.of(settings)
        self._admin = KafkaAdminClient(**options)
        self._consumer = KafkaConsumer(**options)
        self._clock = clock
        self._followers = {names.streams_group: names.readings}
        self._followers |= {names.sink_group(receiver): names.values for receiver in RECEIVERS}
        self._ends: dict[str, Offsets] = {}
        self._steady_since = clock()

    def done(self) -> bool:
        """Whether everybody has stood at the end of a log that has not grown for a while."""
        ends = {topic: self._end(topic) for topic in set(self._followers.values())}
        if ends != self._ends:
            self._ends, self._steady_since = ends, self._clock()
            return False
        steady = self._clock() - self._steady_since >= STEADY_SECONDS
        return steady and not any(self._behind(group, ends[topic]) for group, topic in self._followers.items())

    def close(self) -> None:
        """Disconnects."""
        self._admin.close()
        self._consumer.close()

    def _end(self, topic: str) -> Offsets:
        partitions = [TopicPartition(topic, number) for number in self._consumer.partitions_for_topic(topic) or ()]
        ends: Offsets = self._consumer.end_offsets(partitions)
        return ends

    def _behind(self, group: str, ends: Offsets) -> bool:
        positions = self._admin.list_group_offsets(group)[group]
        return any(end > 0 and _offset(positions.get(partition)) < end for partition, end in ends.items())


def _offset(position: object) -> int:
    return int(getattr(position, "offset", -1))
