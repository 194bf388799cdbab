"""The log that the producer writes to: records in ready-made batches, each acknowledged by every in-sync replica.

One batch per partition is under way at a time, which keeps the order; meanwhile the next one gathers. So a lone
record leaves at once, and under load a batch holds the records of many points.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from runtime.errors import Fatal, Transient
from runtime.kafka import aiokafka_options
from runtime.kafka_refusals import refusal
from runtime.settings.system import KafkaSettings

MAX_BATCH = 900 * 1024
"""Bytes; below a topic's default limit of a record batch."""
_RETRY = 0.5

Place = tuple[str, int]
"""Topic and partition."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record to write."""

    topic: str
    partition: int
    key: bytes
    value: bytes


class Log(Protocol):
    """Where the producer writes."""

    async def append(self, records: Iterable[Record]) -> Mapping[Place, int]:
        """Writes the records, in order per partition, and returns when all are acknowledged.

        Returns:
            For each partition the offset after the last of them.

        Raises:
            ConfigError: the cluster refuses them: a right, or their size.
            Fatal: it refuses them for good for another reason.
        """


@dataclass(slots=True)
class _Order:
    """The records of one append for one partition; ``done`` gets the offset after the last."""

    records: deque[Record]
    done: "asyncio.Future[int]"


@dataclass(slots=True)
class _Lane:
    """What waits for one partition."""

    orders: deque[_Order] = field(default_factory=deque)
    completing: "list[tuple[_Order, int]]" = field(default_factory=list)
    task: "asyncio.Task[None] | None" = None
    since: float = 0.0


class KafkaLog:
    """A :class:`Log` on an idempotent aiokafka producer, which retries for ever without doubling or reordering."""

    def __init__(self, settings: KafkaSettings) -> None:
        """Connects to nothing yet; to be made inside the event loop."""
        self._lanes: dict[Place, _Lane] = {}
        self._producer = AIOKafkaProducer(
            **aiokafka_options(settings),
            acks="all",
            enable_idempotence=True,
            max_batch_size=MAX_BATCH,
            max_request_size=MAX_BATCH + (64 << 10),
            retry_backoff_ms=100,
        )

    async def start(self) -> None:
        """Connects.

        Raises:
            Transient: the cluster cannot be reached.
        """
        try:
            await self._producer.start()
        except (KafkaConnectionError, KafkaTimeoutError, OSError) as error:
            raise Transient(f"Kafka cannot be reached: {type(error).__name__}") from error

    async def stop(self) -> None:
        """Writes what is under way, and disconnects."""
        await self._producer.stop()

    def waiting_since(self) -> float | None:
        """Since when (event loop's clock) the oldest batch under way has waited; None: there is none."""
        busy = (lane.since for lane in self._lanes.values() if lane.task is not None and not lane.task.done())
        return min(busy, default=None)

    async def append(self, records: Iterable[Record]) -> Mapping[Place, int]:
        """See :class:`Log`."""
        loop = asyncio.get_running_loop()
        orders: dict[Place, _Order] = {}
        for record in records:
            place = (record.topic, record.partition)
            order = orders.get(place)
            if order is None:
                order = orders[place] = _Order(deque(), loop.create_future())
            order.records.append(record)
        for place, order in orders.items():
            self._enqueue(place, order)
        ends = await asyncio.gather(*(order.done for order in orders.values()))
        return dict(zip(orders, ends, strict=True))

    def _enqueue(self, place: Place, order: _Order) -> None:
        lane = self._lanes.setdefault(place, _Lane())
        lane.orders.append(order)
        if lane.task is None or lane.task.done():
            lane.task = asyncio.create_task(self._drain(place, lane))
            lane.task.add_done_callback(partial(self._ended, place, lane))

    async def _drain(self, place: Place, lane: _Lane) -> None:
        """Sends one batch after another until nothing waits."""
        loop = asyncio.get_running_loop()
        while lane.orders:
            lane.since = loop.time()
            builder = self._fill(lane)
            metadata = await self._send(builder, place)
            for order, count in lane.completing:
                if not order.done.done():
                    order.done.set_result(metadata.offset + count)
            lane.completing.clear()

    def _fill(self, lane: _Lane) -> Any:
        """A batch of what waits; notes the orders that it completes, with the number of records up to their last."""
        builder = self._producer.create_batch()
        while lane.orders:
            order = lane.orders[0]
            while order.records:
                record = order.records[0]
                if builder.append(key=record.key, value=record.value, timestamp=None) is None:
                    return builder
                order.records.popleft()
            lane.completing.append((order, builder.record_count()))
            lane.orders.popleft()
        return builder

    @staticmethod
    def _ended(place: Place, lane: _Lane, task: "asyncio.Task[None]") -> None:
        """Whoever waits for a lane that failed learns it."""
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        where = f"topic {place[0]}"
        fatal = refusal(error, where) or Fatal(f"{where}: Kafka refuses a batch: {error!r}")
        for order in [*(order for order, _ in lane.completing), *lane.orders]:
            if not order.done.done():
                order.done.set_exception(fatal)
        lane.orders.clear()
        lane.completing.clear()

    async def _send(self, builder: Any, place: Place) -> Any:
        """Hands the batch over, however long the cluster is away, and waits for its acknowledgement."""
        topic, partition = place
        while True:
            try:
                future = await self._producer.send_batch(builder, topic, partition=partition)
            except KafkaError as error:  # nothing was taken over yet: the same batch may be given again
                if not error.retriable and not isinstance(error, KafkaTimeoutError):
                    raise
                await asyncio.sleep(_RETRY)
            else:
                return await future
