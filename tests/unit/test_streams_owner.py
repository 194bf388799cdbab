"""Which partitions are kept, opened and left alone over the generations of the group."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any

import pytest
from aiokafka.structs import TopicPartition
from prometheus_client import CollectorRegistry

from runtime.health import Health
from runtime.metrics import StreamsMetrics
from streams.owner import Owner, Signs
from streams.patience import GivenUp, Patience
from streams.pulse import Pulse
from streams.state import PartitionState
from streams.transport import Chunk


class Group:
    """The consumer group, scripted."""

    def __init__(self, generation: int, *partitions: int) -> None:
        self.now(generation, *partitions)

    def now(self, generation: int, *partitions: int) -> None:
        self._generation = generation
        self._assignment = [place(number) for number in partitions]

    def generation(self) -> int:
        return self._generation

    def assignment(self) -> Collection[TopicPartition]:
        return self._assignment


class Part:
    """A partition that writes down what happens to it."""

    def __init__(self, number: int, history: list[str], hindrance: asyncio.Event | None) -> None:
        self.state = PartitionState()
        self.position = 0
        self._number = number
        self._history = history
        self._hindrance = hindrance

    async def process(self, chunk: Chunk) -> None:
        if self._hindrance is not None:
            await self._hindrance.wait()
        if chunk.next_offset < 0:
            raise GivenUp
        self._history.append(f"process {self._number}")

    async def close(self) -> None:
        self._history.append(f"close {self._number}")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class World:
    """An owner with its surroundings."""

    def __init__(self, generation: int, *partitions: int) -> None:
        self.group = Group(generation, *partitions)
        self.history: list[str] = []
        self.hindrance: asyncio.Event | None = None
        self.health = Health()
        self.clock = Clock()
        self.pulse = Pulse(60, self.clock)
        self.patience = Patience(self.pulse, self.health)
        self.registry = CollectorRegistry()
        signs = Signs(self.pulse, self.health, StreamsMetrics(self.registry))
        self.owner = Owner(self.group, self._open, self.patience, signs)

    async def _open(self, number: int) -> Part:
        self.history.append(f"open {number}")
        return Part(number, self.history, self.hindrance)

    async def take(self, *chunks: Chunk) -> None:
        async def come() -> AsyncIterator[Chunk]:
            for one in chunks:
                yield one

        await self.owner.run(come())


def place(number: int) -> TopicPartition:
    return TopicPartition("r", number)


def chunk(partition: int, generation: int, next_offset: int = 1) -> Chunk:
    records: list[Any] = []
    return Chunk(place(partition), records, next_offset, 1, generation)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110  # Health has no event
            await asyncio.sleep(0.001)


async def test_a_partition_is_opened_once_and_kept_while_nothing_changes() -> None:
    world = World(1, 0)
    await world.take(chunk(0, 1), chunk(0, 1))
    assert world.history == ["open 0", "process 0", "process 0"]


async def test_a_partition_kept_over_two_successive_generations_stays_open() -> None:
    world = World(1, 0, 1)
    await world.take(chunk(0, 1), chunk(1, 1))
    world.group.now(2, 0)
    await world.take(chunk(0, 2))
    assert world.history == ["open 0", "process 0", "open 1", "process 1", "close 1", "process 0"]


async def test_after_a_missed_generation_everything_is_opened_anew() -> None:
    """Somebody else may have had the partition meanwhile."""
    world = World(1, 0)
    await world.take(chunk(0, 1))
    world.group.now(3, 0)
    await world.take(chunk(0, 3))
    assert world.history == ["open 0", "process 0", "close 0", "open 0", "process 0"]


async def test_a_chunk_of_an_old_generation_is_left_alone() -> None:
    world = World(2, 0)
    await world.take(chunk(0, 1))
    assert world.history == []


async def test_a_partition_that_is_not_ours_is_not_opened() -> None:
    """Opening it would fence its owner."""
    world = World(1, 0)
    await world.take(chunk(1, 1))
    assert world.history == []


async def test_after_a_chunk_was_given_up_the_rest_of_its_generation_is_left_alone() -> None:
    """It would leave a gap; all of it comes again in the next generation."""
    world = World(1, 0)
    await world.take(chunk(0, 1, -1), chunk(0, 1))
    assert world.history == ["open 0"]
    world.group.now(2, 0)
    await world.take(chunk(0, 2))
    assert world.history == ["open 0", "process 0"]


async def test_assigned_partitions_are_opened_before_a_reading_comes_and_then_the_worker_is_ready() -> None:
    world = World(1, 1, 0)
    opening = asyncio.ensure_future(world.owner.open_assigned())
    world.owner.assigned()
    assert world.health.waiting_for == "opening partitions"
    await until(lambda: world.health.waiting_for is None)
    assert world.history == ["open 0", "open 1"]
    world.group.now(2)
    world.owner.assigned()
    await until(lambda: len(world.history) == 4)
    assert sorted(world.history[2:]) == ["close 0", "close 1"]
    opening.cancel()


async def test_a_revocation_waits_for_the_chunk_in_hand() -> None:
    world = World(1, 0)
    world.hindrance = asyncio.Event()
    taking = asyncio.ensure_future(world.take(chunk(0, 1)))
    await asyncio.sleep(0.01)
    settling = asyncio.ensure_future(world.owner.settle())
    await asyncio.sleep(0.01)
    assert not settling.done()
    world.hindrance.set()
    await settling
    assert world.history == ["open 0", "process 0"]
    await taking


async def test_a_stop_finishes_the_chunk_in_hand_closes_everything_and_takes_nothing_more() -> None:
    world = World(1, 0)
    world.hindrance = asyncio.Event()
    taking = asyncio.ensure_future(world.take(chunk(0, 1), chunk(0, 1)))
    await asyncio.sleep(0.01)
    stopping = asyncio.ensure_future(world.owner.stop())
    await asyncio.sleep(0.01)
    world.hindrance.set()
    await stopping
    assert world.history == ["open 0", "process 0", "close 0"]
    await asyncio.sleep(0.01)
    assert not taking.done()
    taking.cancel()


async def test_what_may_be_given_up_is_at_a_stop() -> None:
    world = World(1, 0)
    await world.owner.stop()
    with pytest.raises(GivenUp):
        world.patience.check()


async def test_what_a_chunk_raises_comes_out() -> None:
    world = World(1, 0)

    class Broken(Part):
        async def process(self, chunk: Chunk) -> None:
            raise RuntimeError("fenced")

    async def opened(number: int) -> Part:
        return Broken(number, [], None)

    world.owner = Owner(
        world.group, opened, world.patience, Signs(Pulse(60), world.health, StreamsMetrics(CollectorRegistry()))
    )
    with pytest.raises(RuntimeError, match="fenced"):
        await world.take(chunk(0, 1))


async def test_the_lag_is_that_of_the_partitions_held() -> None:
    world = World(1, 0)
    await world.take(chunk(0, 1))
    for end in (5, 7, 0):
        world.owner.compare({0: end, 1: 9})
        assert world.registry.get_sample_value("meterstream_streams_lag_records") == end


async def test_readings_ahead_of_open_partitions_that_do_not_come_are_noticed_but_not_during_work() -> None:
    world = World(1, 0)
    await world.take(chunk(0, 1))
    world.owner.compare({0: 5, 1: 9})
    with world.pulse.working("a chunk"):
        world.clock.now += 61
        world.owner.compare({0: 5, 1: 9})
    world.pulse.turned()
    assert world.pulse.stalled is None
    world.owner.compare({0: 5, 1: 9})
    world.clock.now += 61
    world.pulse.turned()
    world.owner.compare({0: 5, 1: 9})
    assert world.pulse.stalled == "no progress for 61 s: 5 records wait, and fetching brings none"
