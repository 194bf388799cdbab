"""The partitions that this worker owns, and when it owns them no longer."""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from aiokafka.structs import TopicPartition

from runtime.health import Health
from runtime.metrics import StreamsMetrics
from streams.patience import GivenUp, Patience
from streams.pulse import Pulse
from streams.state import PartitionState
from streams.transport import Chunk


class Group(Protocol):
    """What the consumer group says of us now."""

    def generation(self) -> int:
        """The number of its present generation."""

    def assignment(self) -> Collection[TopicPartition]:
        """The partitions that are ours in it."""


class Owned(Protocol):
    """An open partition."""

    state: PartitionState
    position: int

    async def process(self, chunk: Chunk) -> None:
        """Takes a chunk all the way."""

    async def close(self) -> None:
        """Gives the partition up."""


@dataclass(frozen=True)
class Signs:
    """Where the worker shows how it does."""

    pulse: Pulse
    health: Health
    metrics: StreamsMetrics


GRACE = 10.0
"""Seconds that a rebalance waits for work that may be given up; well below REBALANCE_TIMEOUT in streams.app."""

Open = Callable[[int], Awaitable[Owned]]


class Owner:
    """Opens partitions as they are assigned, gives chunks to them, closes them when they are lost.

    One thing is done at a time, under a lock. That a worker without right does harm is prevented by Kafka: each
    partition has one transactional id, and who opens it fences whoever had it. What is checked here besides keeps
    two workers from fencing each other in turn.
    """

    def __init__(self, group: Group, open_partition: Open, patience: Patience, signs: Signs) -> None:
        """Owns nothing yet."""
        self._group = group
        self._open = open_partition
        self._patience = patience
        self._pulse = signs.pulse
        self._health = signs.health
        self._metrics = signs.metrics
        self._stopping = False
        self._lock = asyncio.Lock()
        self._parts: dict[TopicPartition, Owned] = {}
        self._generation: int | None = None
        self._given_up: int | None = None
        self._assigned = asyncio.Event()

    async def run(self, chunks: AsyncIterable[Chunk]) -> None:
        """Takes chunks as they come. Raises what ends the process; nothing of the failed chunk was acknowledged."""
        async for chunk in chunks:
            async with self._lock:
                with suppress(GivenUp), self._pulse.working(f"a chunk of {chunk.partition}"):
                    await self._take(chunk)

    async def open_assigned(self) -> None:
        """Opens what is assigned before its first reading comes, so that contradictions show at the start."""
        while True:
            await self._assigned.wait()
            self._assigned.clear()
            generation = self._group.generation()
            async with self._lock:
                await self._keep_held()
            for partition in sorted(self._group.assignment()):
                async with self._lock:
                    with suppress(GivenUp), self._pulse.working(f"opening {partition}"):
                        await self._opened(partition, generation)
            self._report()

    def compare(self, ends: Mapping[int, int]) -> None:
        """Told now and then where readings end; notes where they wait in vain. Work in hand has its own pulse."""
        positions = {place.partition: part.position for place, part in self._parts.items()}
        waiting = sum(max(0, ends.get(number, 0) - position) for number, position in positions.items())
        self._metrics.lag_records.set(waiting)
        self._pulse.ahead(positions, 0 if self._pulse.at_work else waiting)

    def assigned(self) -> None:
        """A generation has begun."""
        self._health.waiting("opening partitions")
        self._assigned.set()

    async def settle(self) -> None:
        """Before partitions are taken away: the chunk in hand finishes while they are still ours.

        What may be given up (loading a state, waiting for a registry) is, when it takes longer than the group waits.
        """
        impatience = asyncio.get_running_loop().call_later(GRACE, self._patience.end)
        async with self._lock:
            impatience.cancel()
            if not self._stopping:
                self._patience.renew()

    async def stop(self) -> None:
        """Finishes the chunk in hand, gives up what may be given up, takes nothing more, closes everything."""
        self._stopping = True
        self._patience.end()
        await self._lock.acquire()  # and never releases it
        await asyncio.gather(*(self._parts.pop(partition).close() for partition in list(self._parts)))

    async def _take(self, chunk: Chunk) -> None:
        partition = await self._opened(chunk.partition, chunk.generation)
        if partition is None:
            return
        try:
            await partition.process(chunk)
        except GivenUp:
            self._given_up = chunk.generation  # what follows in this generation would leave a gap
            raise
        self._measure()

    async def _opened(self, partition: TopicPartition, generation: int) -> Owned | None:
        """The open partition; None: it is not ours in this generation. Opening it would fence its new owner."""
        await self._keep_held()
        stale = generation != self._generation or generation == self._given_up
        if stale or partition not in self._group.assignment():
            return None
        if partition not in self._parts:
            self._parts[partition] = await self._open(partition.partition)
            self._report()
        return self._parts[partition]

    async def _keep_held(self) -> None:
        """Closes what was not ours without a break: in a generation that we missed, somebody else may have had it."""
        generation = self._group.generation()
        if generation == self._generation:
            return
        unbroken = self._generation is not None and generation == self._generation + 1
        held = set(self._group.assignment()) if unbroken else set()
        for partition in set(self._parts) - held:
            await self._parts.pop(partition).close()
        self._generation = generation

    def _report(self) -> None:
        missing = set(self._group.assignment()) - set(self._parts)
        if missing:
            self._health.waiting(f"opening {len(missing)} partitions")
        else:
            self._health.ready()
        self._measure()

    def _measure(self) -> None:
        states = [part.state for part in self._parts.values()]
        self._metrics.partitions.set(len(states))
        self._metrics.state_series.set(sum(state.series for state in states))
        self._metrics.state_bytes.set(sum(state.size for state in states))
