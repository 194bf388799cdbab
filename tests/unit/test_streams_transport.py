"""The chunk transport: what a rebalance overtakes is put back, never dropped.

Kafka's transactions catch whatever slips through here, so that no fault test would see these guards missing: hence
these tests on scripted insides of aiokafka.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.structs import ConsumerRecord, TopicPartition
from faust.types import TP

from streams.transport import Chunk, ChunkThread, PassThrough

PLACE = TP("r", 0)


class Assignment:
    """aiokafka's assignment of some partitions, each with a position, or none yet."""

    def __init__(self, *positions: int | None) -> None:
        self.states = {
            TP("r", number): SimpleNamespace(_position=position, highwater=10)
            for number, position in enumerate(positions)
        }

    def state_value(self, partition: TopicPartition) -> Any:
        return self.states.get(partition)


class Fetcher:
    """aiokafka's fetcher: has records 5 to 7 of partition 0; something may happen while it fetches."""

    def __init__(self, assignment: Assignment, meanwhile: Callable[[], None]) -> None:
        self._closed = False
        self._subscriptions = SimpleNamespace(fetch_context=self._context)
        self._meanwhile = meanwhile
        self._assignment = assignment
        self._records: dict[TopicPartition, object] = {}
        self.asked: set[TopicPartition] = set()
        self.patience: float | None = None
        self.put_back: list[tuple[TopicPartition, int]] = []

    @contextmanager
    def _context(self) -> Iterator[None]:
        yield

    async def fetched_records(self, partitions: set[TopicPartition], **limits: Any) -> dict[TP, list[ConsumerRecord]]:
        self.asked, self.patience = partitions, limits["timeout"]
        self._assignment.states[PLACE]._position = 8
        self._meanwhile()
        return {PLACE: [record(offset) for offset in (5, 6, 7)]}

    def seek_to(self, partition: TopicPartition, offset: int) -> None:
        self.put_back.append((partition, offset))


def record(offset: int) -> ConsumerRecord:
    return ConsumerRecord("r", 0, offset, 0, 1, b"k", b"v", None, 1, 1, ())


def unstarted() -> Any:
    """A thread's object without its thread, consumer and app."""
    return ChunkThread.__new__(ChunkThread)


class World:
    """A consumer thread that has not started, on a scripted consumer."""

    def __init__(self, *positions: int | None) -> None:
        self.assignment = Assignment(*positions)
        self.subscription = SimpleNamespace(assignment=self.assignment)
        self.fetcher = Fetcher(self.assignment, self._happens)
        self.happening: str | None = None
        self.thread = unstarted()
        self.thread.app = SimpleNamespace(consumer_generation_id=3)
        self.thread.consumer = SimpleNamespace(flow_active=True)

    def _happens(self) -> None:
        match self.happening:
            case "a new generation":
                self.thread.app.consumer_generation_id = 4
            case "the flow stops":
                self.thread.consumer.flow_active = False
            case "a new assignment":
                self.subscription.assignment = Assignment(8)

    async def fetch(self, *active: TP) -> dict[TP, Chunk]:
        consumer = SimpleNamespace(
            _subscription=SimpleNamespace(subscription=self.subscription), _fetcher=self.fetcher, _closed=False
        )
        fetched: dict[TP, Chunk] = await self.thread._fetch_records(consumer, active, 1.0, 100)
        return fetched


async def test_records_of_a_partition_come_as_one_chunk_with_its_surroundings() -> None:
    fetched = await World(5).fetch(PLACE)
    chunk = fetched[PLACE]
    assert [record.offset for record in chunk.records] == [5, 6, 7]
    assert (chunk.first_offset, chunk.next_offset, chunk.end_offset, chunk.generation) == (5, 8, 10, 3)


@pytest.mark.parametrize("happening", ["a new generation", "the flow stops", "a new assignment"])
async def test_what_a_rebalance_overtakes_is_put_back(happening: str) -> None:
    world = World(5)
    world.happening = happening
    assert await world.fetch(PLACE) == {}
    assert world.fetcher.put_back == [(PLACE, 5)]


async def test_a_partition_without_a_position_is_not_asked_for() -> None:
    world = World(5, None)
    await world.fetch(PLACE, TP("r", 1))
    assert world.fetcher.asked == {PLACE}
    idle = World(None)
    assert await idle.fetch(PLACE) == {}
    assert idle.fetcher.asked == set()


async def test_what_has_come_is_taken_one_partition_at_a_time_so_that_chunks_are_large() -> None:
    """Kafka's client counts what it gives at once over all partitions: the first would leave a crumb to the next."""
    world = World(5, 5)
    world.fetcher._records = {TP("r", 2): object(), PLACE: object(), TP("r", 1): object()}
    await world.fetch(PLACE, TP("r", 1))
    assert (world.fetcher.asked, world.fetcher.patience) == ({PLACE}, 0)


async def test_while_nothing_has_come_all_partitions_are_waited_for() -> None:
    world = World(5, 5)
    await world.fetch(PLACE, TP("r", 1))
    assert (world.fetcher.asked, world.fetcher.patience) == ({PLACE, TP("r", 1)}, 1.0)


def test_a_chunk_passes_faust_untouched() -> None:
    chunk = Chunk(TopicPartition("r", 0), [record(1)], 2, 2, 1)
    codec: Any = PassThrough()
    assert codec.loads(chunk) is chunk
