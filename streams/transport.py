"""Faust's transport with one change: what travels is a chunk of one partition's records, not a message.

Faust costs about 70 µs of event-loop turns per message; per chunk that is nothing. Faust still gives membership,
assignment, back-pressure and the consumer's own thread. Names private to Faust and aiokafka are used here, and only
here: both are pinned exactly, and the fault tests guard an upgrade.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import uvloop
from aiokafka.structs import ConsumerRecord, TopicPartition
from faust.serializers.codecs import Codec
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams.pulse import Pulse

POLL = 0.02
"""Seconds until the next look where there is nothing to fetch from yet."""
FETCH_WAIT_MS = 100
"""How long a broker holds a fetch that finds nothing. One fetch is under way to a broker at a time, and it asks about
no partition whose records are still to be taken: those wait behind it, with Faust's 1.5 s half of the time."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive records of one partition; never empty."""

    partition: TopicPartition
    records: list[ConsumerRecord]
    next_offset: int
    """Where the consumer stands behind this chunk."""
    end_offset: int
    """The end of the log, as the broker told with the records."""
    generation: int
    """The consumer group's generation in which the chunk was fetched."""

    @property
    def first_offset(self) -> int:
        """The offset of the first record."""
        return int(self.records[0].offset)


class PassThrough(Codec):
    """A serializer for values that are Python objects already."""

    def _loads(self, s: Any) -> Any:
        return s

    def _dumps(self, s: Any) -> Any:
        return s


class ChunkThread(driver.AIOKafkaConsumerThread):
    """The thread in which aiokafka's consumer lives. Between two awaits nothing it sees can change."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: Collection[TP],
        timeout: float | None = None,  # noqa: ASYNC109  # Faust's signature
        max_records: int | None = None,
    ) -> Any:
        """Fetches chunks, each with its generation, taken in this thread so that all belong together.

        The stock method returns records of a changed assignment, and its caller drops them. Here they are put back:
        a record that was dropped would be missing until the next rebalance.
        """
        generation = self.app.consumer_generation_id
        subscription = consumer._subscription.subscription
        assignment = subscription.assignment if subscription else None
        before = _positions(assignment, active_partitions)
        if not before:
            await asyncio.sleep(POLL)
            return {}
        # A partition without a position yet is left out, and looked at again soon.
        patience = timeout if len(before) == len(active_partitions) else POLL
        # What is there is taken one partition at a time, all of it: ``max_records`` counts what is taken at once.
        ready = next((partition for partition in consumer._fetcher._records if partition in before), None)
        if ready is None:
            fetched = await super()._fetch_records(consumer, set(before), patience, max_records)
        else:
            fetched = await super()._fetch_records(consumer, {ready}, 0, max_records)
        now = subscription.assignment
        if now is not assignment or not self.consumer.flow_active or generation != self.app.consumer_generation_id:
            for partition, records in fetched.items():
                consumer._fetcher.seek_to(partition, before[partition] if now is assignment else records[0].offset)
            return {}
        return {
            partition: _chunk(partition, records, assignment.state_value(partition), generation)
            for partition, records in fetched.items()
        }


class ChunkConsumer(driver.Consumer):
    """Faust's consumer, yielding chunks."""

    def _new_consumer_thread(self) -> ChunkThread:
        return ChunkThread(self, loop=self.loop, beacon=self.beacon, thread_loop=uvloop.new_event_loop())

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109  # Faust's signature
        """Yields one message per chunk. What a rebalance overtakes is left: all of it is read again after it."""
        transport = self.transport
        if isinstance(transport, ChunkTransport):
            transport.pulse.turned()
        for partition, chunk in (await self._fetched(timeout)).items():
            if self.should_stop or not self.flow_active or chunk.generation != self.app.consumer_generation_id:
                return
            # Faust silently drops what begins below its own read offset; Partition.process looks at offsets itself.
            self._read_offset[partition] = None
            yield partition, _message(chunk, partition)

    async def _fetched(self, patience: float) -> Mapping[TP, Any]:
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]  # as Faust itself does: any event serves
        active = set(self._get_active_partitions())  # a copy: the other thread must not see ours change
        if not active:
            await asyncio.sleep(POLL)  # the stock method sleeps a second while all buffers are full
            return {}
        # With some buffers full, do not wait long for the others.
        return await self._getmany(active, 0.05 if self._buffered_partitions else patience)


class ChunkTransport(driver.Transport):
    """The transport to give to a Faust app as ``app.transport``."""

    Consumer = ChunkConsumer

    def __init__(self, pulse: Pulse, *args: Any, **kwargs: Any) -> None:
        """``pulse`` is told of each turn of the fetch loop; the rest is Faust's."""
        super().__init__(*args, **kwargs)
        self.pulse = pulse


def _positions(assignment: Any, active: Collection[TP]) -> dict[TP, int]:
    """The fetch position of each active partition that has one."""
    if assignment is None:
        return {}
    states = ((partition, assignment.state_value(partition)) for partition in active)
    return {
        partition: state._position for partition, state in states if state is not None and state._position is not None
    }


def _chunk(partition: TopicPartition, records: list[ConsumerRecord], state: Any, generation: int) -> Chunk:
    return Chunk(partition, records, state._position, max(state.highwater or 0, state._position), generation)


def _message(chunk: Chunk, partition: TP) -> ConsumerMessage:
    last = chunk.records[-1]
    return ConsumerMessage(
        topic=partition.topic,
        partition=partition.partition,
        offset=last.offset,
        timestamp=last.timestamp / 1000,
        timestamp_type=last.timestamp_type,
        headers=None,
        key=None,
        value=chunk,  # type: ignore[arg-type]  # an object instead of bytes: PassThrough hands it on
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        tp=partition,
        generation_id=chunk.generation,
    )
