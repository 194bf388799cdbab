"""The producer at work: waits for Kafka, recalls, polls every source, and drains when asked to stop."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from producer.claim import Claims
from producer.event_loop import run_to_end
from producer.line import Line
from producer.log import KafkaLog
from producer.memory import Memory
from producer.patience import patiently
from producer.points import Shard
from producer.recall import Owned, recall
from producer.records import Records, Topics
from producer.works import Means, Works
from runtime.errors import Transient
from runtime.kafka_reach import explain
from runtime.metrics import ProducerMetrics
from runtime.process import Process
from runtime.registry import schema_registry
from runtime.topic_admin import require
from runtime.topics import TopicNames

log = logging.getLogger(__name__)

DRAIN = 8.0
"""Seconds that polls in hand may take to finish at a stop; what is not finished is polled again after the start."""
_FAREWELL = 2.0
_TURN = 1.0
_TELL_EVERY = 5
_ACKNOWLEDGED_WITHIN, _EXPLAINED_WITHIN = 5.0, 2.0

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """What this process is to do."""

    lines: Sequence[Line]
    full_sweep: bool = False
    shard: Shard = field(default_factory=Shard)


def run(process: Process, plan: Plan) -> None:
    """Polls until a stop is requested; raises what ended it otherwise."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # while Kafka is away it says so 40 times a second
    run_to_end(_Producer(process, plan).run())


class _Producer:
    """One run of the process."""

    def __init__(self, process: Process, plan: Plan) -> None:
        self._process = process
        self._settings = process.settings
        self._plan = plan
        self._stopping = asyncio.Event()
        self._metrics = ProducerMetrics(process.registry)
        self._memories = {line.feed.name: Memory(line.spans.most_parts) for line in plan.lines}
        self._works: Works | None = None
        self._log: KafkaLog | None = None
        self._claims: Claims | None = None
        self._silent = False

    async def run(self) -> None:
        """The life of the process."""
        self._process.stop.call(partial(asyncio.get_running_loop().call_soon_threadsafe, self._stopping.set))
        async with asyncio.TaskGroup() as group:
            beating = group.create_task(self._beat())
            await self._live()
            beating.cancel()

    async def _live(self) -> None:
        """Waits for what it needs, then polls."""
        topics = Topics(TopicNames.of(self._settings), self._settings.topics.partitions)
        needed = (topics.names.readings, topics.names.polls, topics.names.dead_letters)
        await self._patiently(lambda: asyncio.to_thread(require, self._settings, needed))
        records = await self._patiently(lambda: asyncio.to_thread(self._records, topics))
        claims = await self._patiently(partial(self._claimed, topics.names))
        await self._patiently(partial(self._recall, topics))
        kafka = await self._patiently(self._connected)
        self._log = kafka
        try:
            await self._poll(kafka, claims, records)
        finally:
            await self._close(kafka, claims)

    async def _poll(self, kafka: KafkaLog, claims: Claims, records: Records) -> None:
        works = Works(Means(self._process, self._metrics, self._memories, claims, kafka, records))
        async with AsyncExitStack() as stack:
            for line in self._plan.lines:
                await works.add(line, stack)
                if self._plan.shard.number == 1:
                    works.add_canary(line)
            self._works = works
            log.info("polling", extra={"sources": len(works.polling), "points": self._count_points()})
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(work.run()) for work in (*works.polling, *works.canaries)]
                group.create_task(self._finish(works, tasks))

    async def _finish(self, works: Works, tasks: Sequence["asyncio.Task[None]"]) -> None:
        """At a stop: begins nothing more, lets what is in hand finish, and gives up what does not in time."""
        await self._stopping.wait()
        works.finish()
        _, pending = await asyncio.wait(tasks, timeout=DRAIN)
        for task in pending:
            task.cancel()

    def _records(self, topics: Topics) -> Records:
        return Records(topics, schema_registry(self._settings.registry, self._process.environment))

    async def _claimed(self, names: TopicNames) -> Claims:
        sources = [line.feed.name for line in self._plan.lines]
        shard = f"{self._plan.shard.number}-of-{self._plan.shard.count}"
        claims = Claims(self._settings.kafka, {name: names.producer(name, shard) for name in sources})
        await claims.start()
        self._claims = claims
        return claims

    async def _connected(self) -> KafkaLog:
        kafka = KafkaLog(self._settings.kafka)
        try:
            await kafka.start()
        except BaseException:
            await kafka.stop()
            raise
        return kafka

    async def _recall(self, topics: Topics) -> None:
        owned = {
            line.feed.name: Owned(
                {point.metering_point: point for point in line.points}, self._memories[line.feed.name]
            )
            for line in self._plan.lines
        }
        count = await recall(self._settings.kafka, topics, owned)
        if self._plan.full_sweep:
            for memory in self._memories.values():
                memory.forget_full_sweeps()
        log.info("recalled", extra={"records": count, "points": sum(map(len, self._memories.values()))})

    async def _patiently(self, call: Callable[[], Coroutine[object, object, T]]) -> T:
        return await patiently(call, self._stopping, self._process.health)

    async def _beat(self) -> None:
        """Says once a second how the process is."""
        turn = 0
        while True:
            self._process.health.beat()
            if self._log is not None and self._claims is not None:
                reason = self._waiting_for(self._log, self._claims)
                self._process.health.ready() if reason is None else self._process.health.waiting(reason)
            if turn % _TELL_EVERY == 0:
                if self._works is not None:
                    self._works.tell()
                if self._silent:
                    await self._ask_why()
            turn += 1
            await asyncio.sleep(_TURN)

    async def _ask_why(self) -> None:
        """Raises Fatal where Kafka is silent because it does not let us in any more; else it is waited for."""
        impatient = self._settings.kafka.model_copy(update={"request_timeout": _EXPLAINED_WITHIN})
        with suppress(Transient):
            await asyncio.to_thread(explain, impatient)

    def _waiting_for(self, kafka: KafkaLog, claims: Claims) -> str | None:
        """Why the process cannot do all of its work; None: it can. That Kafka is silent is logged when it changes."""
        waiting = [since for since in (kafka.waiting_since(), claims.waiting_since()) if since is not None]
        silent = bool(waiting) and asyncio.get_running_loop().time() - min(waiting) > _ACKNOWLEDGED_WITHIN
        if silent != self._silent:
            self._silent = silent
            log.warning("Kafka does not acknowledge; waiting") if silent else log.info("Kafka acknowledges again")
        if silent:
            return "Kafka does not acknowledge"
        return None if self._works is None else self._works.reason

    def _count_points(self) -> int:
        return sum(len(line.points) for line in self._plan.lines)

    @staticmethod
    async def _close(kafka: KafkaLog, claims: Claims) -> None:
        """Disconnects; does not wait for a cluster that is away."""
        try:
            async with asyncio.timeout(_FAREWELL):
                await asyncio.gather(kafka.stop(), claims.stop())
        except TimeoutError:
            log.warning("Kafka is away: what was not acknowledged is polled again after the next start")
