"""The claim to a source's points: Kafka lets one process at a time remember what it has published of them.

A process that polls beside another one would mix up versions: it may ask, be frozen or held up on the way, and be
answered after the other has asked, with newer content under an older version. So what is remembered is written in
transactions under an id of the source and shard; whoever claims them later shuts out whoever did before. Since nothing
is published before its memory was erased, what the one that is shut out may still publish was fetched before the
other's first poll, and loses against it.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from aiokafka.errors import IllegalOperation, InvalidProducerEpoch, KafkaError, KafkaTimeoutError, ProducerFenced

from producer.log import Place, Record
from runtime import publish
from runtime.errors import Fatal, MeterstreamError, Superseded, Transient
from runtime.kafka import aiokafka_options
from runtime.kafka_refusals import refusal
from runtime.settings.system import KafkaSettings
from runtime.transactional_producer import TransactionalProducer

_MOST = 1_000
"""Records of one transaction: those of as many points."""
_BATCH = 256 * 1024
"""Bytes."""
_RETRY = 0.5
_START_WITHIN = 60.0
"""Seconds: a cluster whose first transaction this is makes a topic for them first."""
_FENCED = (ProducerFenced, InvalidProducerEpoch, IllegalOperation)
"""How aiokafka says that another producer has taken this one's transactional id."""


class Remembering(Protocol):
    """Where what is remembered of points is made to last."""

    async def write(self, record: Record) -> None:
        """Returns when the record is there for good.

        Raises:
            Superseded: another process has claimed the points.
            ConfigError: the cluster refuses it: a right, or its size.
            Fatal: it refuses it for good for another reason.
        """


@dataclass(frozen=True, slots=True)
class _Order:
    record: Record
    done: "asyncio.Future[None]"


class Claim:
    """The claim to one source's points. What several polls have to remember goes into one transaction."""

    def __init__(self, settings: KafkaSettings, transactional_id: str) -> None:
        """Connects to nothing yet; to be made inside the event loop."""
        self._id = transactional_id
        self._request_timeout = settings.request_timeout
        self._waiting: deque[_Order] = deque()
        self._under_way: list[_Order] = []
        self._task: asyncio.Task[None] | None = None
        self._since = 0.0
        self._lost: MeterstreamError | None = None
        self._producer = TransactionalProducer(
            **aiokafka_options(settings), transactional_id=transactional_id, max_batch_size=_BATCH
        )

    async def start(self) -> None:
        """Connects, and shuts out whoever claimed the points before.

        Raises:
            Transient: the cluster cannot be reached.
            ConfigError: it refuses this user the right.
        """
        try:
            async with asyncio.timeout(max(_START_WITHIN, self._request_timeout)):
                await self._producer.start()
        except (KafkaError, TimeoutError, OSError) as error:
            refused = refusal(error, f"transactional id {self._id}")
            if refused is not None:
                raise refused from error
            raise Transient(f"Kafka does not take {self._id}: {type(error).__name__}") from error

    async def stop(self) -> None:
        """Disconnects."""
        await self._producer.stop()

    def waiting_since(self) -> float | None:
        """Since when (event loop's clock) the transaction under way has waited; None: there is none."""
        return self._since if self._under_way else None

    async def write(self, record: Record) -> None:
        """See :class:`Remembering`."""
        if self._lost is not None:
            raise self._lost
        order = _Order(record, asyncio.get_running_loop().create_future())
        self._waiting.append(order)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
            self._task.add_done_callback(self._ended)
        await order.done

    async def _drain(self) -> None:
        """One transaction after another, until nothing waits."""
        while self._waiting:
            self._since = asyncio.get_running_loop().time()
            self._under_way = [self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))]
            await self._commit([order.record for order in self._under_way])
            for order in self._under_way:
                if not order.done.done():
                    order.done.set_result(None)
            self._under_way = []

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Whoever waits for what failed learns it, and whoever comes later."""
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        where = f"topic {self._under_way[0].record.topic}"
        known = error if isinstance(error, Fatal) else refusal(error, where)
        self._lost = known or Fatal(f"{where}: Kafka refuses what is remembered: {error!r}")
        for order in (*self._under_way, *self._waiting):
            if not order.done.done():
                order.done.set_exception(self._lost)
        self._under_way = []
        self._waiting.clear()

    async def _commit(self, records: list[Record]) -> None:
        """Writes the records in one transaction, however long the cluster is away."""
        lanes: dict[Place, list[publish.Record]] = defaultdict(list)
        for record in records:
            lanes[record.topic, record.partition].append((record.key, record.value))
        while True:
            try:
                async with self._producer.transaction():
                    sent = [await publish.send(self._producer, *place, lane) for place, lane in lanes.items()]
                    await asyncio.gather(*chain.from_iterable(sent))
            except _FENCED as error:
                raise Superseded(
                    f"another producer polls the same points (it has claimed {self._id}); run one for each shard"
                ) from error
            except KafkaError as error:  # the transaction was aborted; nothing of it is there
                if not error.retriable and not isinstance(error, KafkaTimeoutError):
                    raise
                await asyncio.sleep(_RETRY)
            else:
                return


class Claims:
    """The claims of a process: one for each of its sources."""

    def __init__(self, settings: KafkaSettings, ids: Mapping[str, str]) -> None:
        """``ids``: the transactional id by source. Connects to nothing yet."""
        self._claims = {source: Claim(settings, name) for source, name in ids.items()}

    def of(self, source: str) -> Claim:
        """The claim to a source's points."""
        return self._claims[source]

    async def start(self) -> None:
        """Connects, and shuts out whoever claimed the points before.

        Raises:
            Transient: the cluster cannot be reached; then all are disconnected again.
        """
        try:
            for claim in self._claims.values():
                await claim.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Disconnects."""
        for claim in self._claims.values():
            await claim.stop()

    def waiting_since(self) -> float | None:
        """Since when (event loop's clock) the oldest transaction under way has waited; None: there is none."""
        times = [since for claim in self._claims.values() if (since := claim.waiting_since()) is not None]
        return min(times, default=None)
