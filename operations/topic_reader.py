"""Reads a topic to its present end, in the order of its log: every committed record, or the newest within bounds."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord, TopicPartition

from runtime.errors import Transient
from runtime.kafka import aiokafka_options
from runtime.kafka_admin import admin
from runtime.settings.system import KafkaSettings
from sinks.loop_thread import LoopThread

POLL_MS = 200
AT_ONCE = 5_000
"""Records that are taken from the client at once."""


@dataclass(frozen=True)
class Bounds:
    """How much is read: the newest offsets of each partition, and for how many seconds; None: all of it."""

    offsets: int | None = 20_000
    seconds: float | None = 10.0


WHOLE = Bounds(None, None)


class _Stretch(NamedTuple):
    """Of one partition: where the log begins, where reading begins, and the first offset that is not wanted."""

    start: int
    first: int
    end: int


class TopicReader:
    """One topic, as it is when it is read.

    ``complete``: whether the last reading was of all of it. ``ends``: by partition where it was to end.
    """

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        """Connects to nothing yet."""
        self._kafka = kafka
        self._topic = topic
        self.complete = False
        self.ends: Mapping[int, int] = {}

    def records(
        self, bounds: Bounds = WHOLE, begin: Mapping[int, int] | None = None, end: Mapping[int, int] | None = None
    ) -> Iterator[ConsumerRecord]:
        """aiokafka's records; none where the topic is missing.

        Args:
            bounds: how much.
            begin: by partition the first offset that is wanted; a partition that it does not name is not read.
            end: by partition the first offset that is not wanted; where it says nothing, the present end.

        Raises:
            Transient: Kafka cannot be reached, or does not go on.
            ConfigError: this user lacks a right.
        """
        with admin(self._kafka) as client:
            found = client.describe_topics([self._topic])
        numbers = [part["partition_index"] for topic in found for part in topic["partitions"]]
        parts = [TopicPartition(self._topic, number) for number in numbers if begin is None or number in begin]
        with self._asking(), self._consumer() as (loop, consumer):
            within = self._kafka.request_timeout
            stretches = loop.do(_stretches(consumer, parts, bounds, begin or {}, end or {}), within)
            self.ends = {part.partition: each.end for part, each in stretches.items()}
            deadline = time.monotonic() + (within if bounds.seconds is None else bounds.seconds)
            behind = any(each.first < each.end for each in stretches.values())
            while behind:
                if time.monotonic() > deadline:
                    if bounds.seconds is None:
                        raise Transient(f"topic {self._topic}: nothing more came for {within:g} s; try again")
                    break
                some, behind = loop.do(_poll(consumer, stretches), within)
                if some and bounds.seconds is None:
                    deadline = time.monotonic() + within
                yield from some
            self.complete = not behind and all(each.first == each.start for each in stretches.values())

    @contextmanager
    def _consumer(self) -> Iterator[tuple[LoopThread, Any]]:
        within = self._kafka.request_timeout
        with closing(LoopThread("reader")) as loop:
            consumer = loop.do(_started(self._kafka), within)
            try:
                yield loop, consumer
            finally:
                with suppress(TimeoutError, KafkaError):
                    loop.do(consumer.stop(), within=1.0)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except (KafkaError, TimeoutError) as error:
            raise Transient(
                f"Kafka at {self._kafka.bootstrap_servers} does not answer ({type(error).__name__})"
            ) from error


async def _started(kafka: KafkaSettings) -> Any:
    consumer = AIOKafkaConsumer(
        **aiokafka_options(kafka),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
    )
    await consumer.start()
    return consumer


async def _stretches(
    consumer: Any, parts: Sequence[TopicPartition], bounds: Bounds, begin: Mapping[int, int], end: Mapping[int, int]
) -> Mapping[TopicPartition, _Stretch]:
    """Where in each partition is to be read; the consumer stands at the beginning of it."""
    consumer.assign(parts)
    if not parts:
        return {}
    starts, ends = await consumer.beginning_offsets(parts), await consumer.end_offsets(parts)
    found: dict[TopicPartition, _Stretch] = {}
    for part in parts:
        newest = 0 if bounds.offsets is None else ends[part] - bounds.offsets
        first = max(starts[part], newest, begin.get(part.partition, 0))
        found[part] = _Stretch(starts[part], first, min(ends[part], end.get(part.partition, ends[part])))
        consumer.seek(part, first)
    return found


async def _poll(consumer: Any, stretches: Mapping[TopicPartition, _Stretch]) -> tuple[Sequence[ConsumerRecord], bool]:
    """Some records, and whether there are more. What lies behind a stretch is not asked for again."""
    left = [part for part, each in stretches.items() if await consumer.position(part) < each.end]
    polled = await consumer.getmany(*left, timeout_ms=POLL_MS, max_records=AT_ONCE)
    wanted: list[ConsumerRecord] = []
    for part, records in polled.items():
        end = stretches[part].end
        wanted += records if records[-1].offset < end else [record for record in records if record.offset < end]
    return wanted, any([await consumer.position(part) < stretches[part].end for part in left])
