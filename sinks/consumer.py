"""The values topic as one worker reads it: its partitions assigned by itself, committed records only."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, LogTruncationError, NoOffsetForPartitionError, OffsetOutOfRangeError

from runtime.errors import ConfigError, Fatal, PositionError, Transient
from runtime.kafka_admin import admin
from runtime.kafka_reach import explain
from runtime.kafka_refusals import refusal
from runtime.mends import NEW_EPOCH
from runtime.settings.receiver import BatchSettings
from runtime.settings.tree import Settings
from runtime.share import Share
from runtime.standstill import Standstill
from runtime.topic_admin import require
from runtime.topics import TopicNames
from sinks.batch import Positions
from sinks.clients import connected
from sinks.road import Fetched
from sinks.writer import Topic

log = logging.getLogger(__name__)

FETCH_WAIT_MS = 250
"""How long a broker holds a fetch for which it has nothing. It answers at once when something comes."""
POLL_MS = 200
"""How long a turn waits for records; a wish to stop is heard between two."""
METADATA_MS = 5_000
"""How often the cluster is asked about its topics: the sooner is seen that one was made anew."""
ASK_MS = 5_000
"""How long a question about offsets may take."""
PATIENCE = 3.0
"""Request time-outs without a record, though some wait, that end the process."""


class KafkaValues:
    """A consumer of the values topic. Used by one thread."""

    def __init__(self, settings: Settings, batch: BatchSettings, share: Share) -> None:
        """Connects to nothing yet."""
        self._settings = settings
        self._names = TopicNames.of(settings)
        self._batch = batch
        self._share = share
        self._consumer: Any = None
        self._cluster: Any = None
        self._topic_id = ""
        self._positions: dict[int, int] = {}
        self._ends: Mapping[int, int] = {}
        self._standstill = Standstill(PATIENCE * settings.kafka.request_timeout)

    def connect(self) -> tuple[Topic, list[int]]:
        """Connects; the topic, and the partitions of this worker's share.

        Raises:
            Transient: the cluster cannot be reached.
            ConfigError: a topic is missing or otherwise than the settings say, or the share is empty.
        """
        require(self._settings, [self._names.values, self._names.dead_letters])
        with admin(self._settings.kafka) as client:
            (found,) = client.describe_topics([self._names.values])
        topic = Topic(self._names.values, str(found["topic_id"]), len(found["partitions"]))
        partitions = self._share.partitions(topic.partitions)
        if not partitions:
            raise ConfigError([f"--share {self._share}: topic {topic.name} has {topic.partitions} partitions"])
        self.close()
        self._topic_id = topic.id
        self._consumer, self._cluster = connected(
            KafkaConsumer,
            self._settings.kafka,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            metadata_max_age_ms=METADATA_MS,
            fetch_max_bytes=self._batch.fetch_bytes,
            max_partition_fetch_bytes=self._batch.partition_bytes,
            max_poll_records=self._batch.rows,
        )
        return topic, partitions

    def begin(self, positions: Positions) -> Positions:
        """Reads on from some positions.

        Returns:
            The ends of the log now: of what is committed.

        Raises:
            PositionError: a position lies outside the log.
            Transient: the cluster does not answer.
        """
        partitions = [self._partition(number) for number in positions]
        with self._asking():
            self._consumer.assign(partitions)
            starts = self._consumer.beginning_offsets(partitions, timeout_ms=ASK_MS)
            ends = self._consumer.end_offsets(partitions, timeout_ms=ASK_MS)
        for number, position in positions.items():
            self._check(number, position, starts[self._partition(number)], ends[self._partition(number)])
        self._positions = dict(positions)
        self._ends = {number: ends[self._partition(number)] for number in positions}
        self._rewind()
        return self._ends

    def _check(self, number: int, position: int, start: int, end: int) -> None:
        where = f"topic {self._names.values}, partition {number}: the receiver's position {position}"
        if position > end:
            raise PositionError(
                f"{where} lies beyond the end of the log ({end}): records were lost, or the topic was made anew; "
                f"{NEW_EPOCH}"
            )
        if position < start:  # compaction never moves the start: whatever stood before it was removed by other means
            raise PositionError(
                f"{where} lies before the beginning of the log ({start}): unread records were removed; {NEW_EPOCH}"
            )

    def fetch(self) -> Fetched:
        """What is there now, up to the batch size; waits a moment where there is nothing.

        A lone record comes at once; under a backlog as much as fits. Positions move past the markers of
        transactions, so that they reach the end of the log.

        Raises:
            Transient: the cluster has trouble; nothing was taken.
            PositionError: a position lies outside the log.
        """
        with self._asking():
            polled = self._consumer.poll(timeout_ms=POLL_MS)
            positions = {number: self._position(number) for number in self._positions}
        self._check_topic()
        self._positions = positions
        return Fetched([record for records in polled.values() for record in records], dict(positions))

    def _check_topic(self) -> None:
        """Offsets mean nothing in a topic that was made anew, even where it has them."""
        known = self._cluster.topic_id(self._names.values)
        if known is not None and str(known) != self._topic_id:
            raise PositionError(f"topic {self._names.values} was made anew while it was read; {NEW_EPOCH}")

    def _position(self, number: int) -> int:
        position = self._consumer.position(self._partition(number), timeout_ms=ASK_MS)
        return int(position) if position is not None else self._positions[number]

    def lag(self, *, ask: bool) -> int:
        """Records between the positions and the end of the log.

        Args:
            ask: ask the cluster for the end of what is committed (which also shows whether it is there); else what
                the last fetches told is good enough.

        Raises:
            Transient: the cluster does not answer.
            Fatal: records have waited for long, and none came.
        """
        partitions = {number: self._partition(number) for number in self._positions}
        if ask:
            with self._asking():
                ends = self._consumer.end_offsets(list(partitions.values()), timeout_ms=ASK_MS)
            self._ends = {number: ends[partition] for number, partition in partitions.items()}
        else:
            known = {number: self._consumer.highwater(partition) for number, partition in partitions.items()}
            self._ends = {number: self._ends[number] if end is None else end for number, end in known.items()}
        lag = sum(max(0, self._ends[number] - position) for number, position in self._positions.items())
        if ask:
            standing = self._standstill.look(self._positions, lag)
            if standing:
                raise Fatal(standing)
        return lag

    def close(self) -> None:
        """Ends the connection."""
        if self._consumer is not None:
            self._consumer.close(autocommit=False, timeout_ms=1_000)
            self._consumer = None

    def _partition(self, number: int) -> TopicPartition:
        return TopicPartition(self._names.values, number)

    def _rewind(self) -> None:
        for number, position in self._positions.items():
            self._consumer.seek(self._partition(number), position)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Kafka's errors as ours. What a failed call may have taken from the log is read again."""
        try:
            yield
        except (OffsetOutOfRangeError, NoOffsetForPartitionError, LogTruncationError) as error:
            raise PositionError(
                f"topic {self._names.values}: a position of the receiver is no longer in the log "
                f"({type(error).__name__}); {NEW_EPOCH}"
            ) from error
        except KafkaError as error:
            if self._positions:
                self._rewind()
            where = f"topic {self._names.values}"
            refused = refusal(error, where)
            if refused is None:
                explain(self._settings.kafka)
            raise Transient(str(refused or f"Kafka: {type(error).__name__} on {where}")) from error
