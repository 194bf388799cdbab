"""The values topic as one worker reads it: its partitions assigned by itself, committed records only."""

import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError
from aiokafka.structs import ConsumerRecord, TopicPartition

from runtime.errors import ConfigError, Fatal, PositionError, Transient
from runtime.kafka import aiokafka_options
from runtime.kafka_admin import admin
from runtime.kafka_reach import explain
from runtime.kafka_refusals import refusal
from runtime.lookout import Aim, Seen, Sight, look_out
from runtime.mends import NEW_EPOCH
from runtime.settings.receiver import BatchSettings
from runtime.settings.tree import Settings
from runtime.share import Share
from runtime.standstill import Standstill
from runtime.topic_admin import require
from runtime.topics import TopicNames
from sinks.batch import Positions
from sinks.loop_thread import LoopThread
from sinks.road import Fetched
from sinks.writer import Topic

log = logging.getLogger(__name__)

T = TypeVar("T")

FETCH_WAIT_MS = 250
"""How long a broker holds a fetch for which it has nothing. It answers at once when something comes."""
POLL_MS = 200
"""How long a turn waits for records; a wish to stop is heard between two."""
METADATA_MS = 5_000
"""How often the client asks which broker leads which partition, besides when one says that it does not."""
ASK = 5.0
"""Seconds that a question may take."""
PATIENCE = 3.0
"""Request time-outs without a record, though some wait, that end the process."""


class KafkaValues:
    """A consumer of the values topic. Used by one thread; the client lives in a loop of its own."""

    def __init__(self, settings: Settings, batch: BatchSettings, share: Share) -> None:
        """Connects to nothing yet."""
        self._settings = settings
        self._names = TopicNames.of(settings)
        self._batch = batch
        self._share = share
        self._loop: LoopThread | None = None
        self._consumer: Any = None
        self._topic_id = ""
        self._seen: Seen | None = None
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
        self._loop = LoopThread("values")
        self._ask(self._start)
        look_out(self._settings.kafka, Aim([topic.name]), self._watch())
        return topic, partitions

    async def _start(self) -> None:
        self._consumer = AIOKafkaConsumer(
            **aiokafka_options(self._settings.kafka),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            metadata_max_age_ms=METADATA_MS,
            fetch_max_bytes=self._batch.fetch_bytes,
            max_partition_fetch_bytes=self._batch.partition_bytes,
        )
        await self._consumer.start()

    def begin(self, positions: Positions) -> Positions:
        """Reads on from some positions.

        Returns:
            The ends of the log now: of what is committed.

        Raises:
            PositionError: a position lies outside the log.
            Transient: the cluster does not answer.
        """
        partitions = [self._partition(number) for number in positions]

        async def bounds() -> tuple[Mapping[TopicPartition, int], Mapping[TopicPartition, int]]:
            self._consumer.assign(partitions)
            self._seek(positions)
            return await self._consumer.beginning_offsets(partitions), await self._consumer.end_offsets(partitions)

        starts, ends = self._ask(bounds)
        for number, position in positions.items():
            self._check(number, position, starts[self._partition(number)], ends[self._partition(number)])
        self._positions = dict(positions)
        self._ends = {number: ends[self._partition(number)] for number in positions}
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
            PositionError: a position lies outside the log, or the topic is another one now.
            Fatal: the cluster does not let us in any more.
        """
        records, positions, ends = self._ask(self._poll)
        self._check_topic()
        self._positions, self._ends = positions, ends
        newest = max((record.timestamp for record in records), default=None)
        return Fetched(records, dict(positions), None if newest is None else newest / 1_000)

    async def _poll(self) -> tuple[list[ConsumerRecord], dict[int, int], dict[int, int]]:
        """Records, the positions behind them, and the ends of what is committed, as far as fetches have told."""
        polled = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=self._batch.rows)
        places = {number: self._partition(number) for number in self._positions}
        positions = {number: await self._consumer.position(place) for number, place in places.items()}
        told = {number: self._consumer.last_stable_offset(place) for number, place in places.items()}
        ends = {number: self._ends[number] if end is None else end for number, end in told.items()}
        return [record for records in polled.values() for record in records], positions, ends

    def _check_topic(self) -> None:
        """Offsets mean nothing in a topic that was made anew, even where it has them."""
        if isinstance(self._seen, Fatal):
            raise self._seen
        if isinstance(self._seen, Sight):
            known = self._seen.ids.get(self._names.values, self._topic_id)
            if known != self._topic_id:
                raise PositionError(f"topic {self._names.values} was made anew while it was read; {NEW_EPOCH}")

    def lag(self, *, ask: bool) -> int:
        """Records between the positions and the end of the log.

        Args:
            ask: ask the cluster for the end of what is committed (which also shows whether it is there); else what
                the last fetches told is good enough.

        Raises:
            Transient: the cluster does not answer.
            Fatal: records have waited for long, and none came.
        """
        if ask:
            ends = self._ask(lambda: self._consumer.end_offsets(list(map(self._partition, self._positions))))
            self._ends = {place.partition: end for place, end in ends.items()}
        lag = sum(max(0, self._ends[number] - position) for number, position in self._positions.items())
        if ask:
            standing = self._standstill.look(self._positions, lag)
            if standing:
                raise Fatal(standing)
        return lag

    def close(self) -> None:
        """Ends the connection."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        if self._consumer is not None:
            with suppress(TimeoutError, KafkaError):
                loop.do(self._consumer.stop(), within=1.0)
            self._consumer = None
        loop.close()

    def _partition(self, number: int) -> TopicPartition:
        return TopicPartition(self._names.values, number)

    def _seek(self, positions: Positions) -> None:
        for number, position in positions.items():
            self._consumer.seek(self._partition(number), position)

    def _watch(self) -> Callable[[Seen], None]:
        loop = self._loop

        def saw(seen: Seen) -> None:
            if self._loop is not loop:
                raise RuntimeError("closed")  # ends the lookout
            self._seen = seen

        return saw

    def _ask(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Has the client do something; Kafka's errors as ours. What a failed call may have taken is read again."""
        if self._loop is None:
            raise Transient("not connected to Kafka")
        with self._checked():
            return self._loop.do(work(), within=ASK)

    @contextmanager
    def _checked(self) -> Iterator[None]:
        try:
            yield
        except (OffsetOutOfRangeError, NoOffsetForPartitionError) as error:
            raise PositionError(
                f"topic {self._names.values}: a position of the receiver is no longer in the log "
                f"({type(error).__name__}); {NEW_EPOCH}"
            ) from error
        except (KafkaError, TimeoutError) as error:
            self._rewind()
            where = f"topic {self._names.values}"
            refused = refusal(error, where)
            if refused is None:
                explain(self._settings.kafka)
            raise Transient(str(refused or f"Kafka: {type(error).__name__} on {where}")) from error

    def _rewind(self) -> None:
        async def rewind() -> None:
            self._seek(self._positions)

        if self._loop is not None and self._positions:
            self._loop.do(rewind(), within=ASK)
