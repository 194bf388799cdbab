"""Ready-made batches: order, cuts, and records that are too large."""

import asyncio
from typing import Any

import pytest

from runtime.errors import Fatal
from runtime.publish import MAX_RECORD, Record, send


class Batch:
    """As aiokafka's builder: takes at least one record, and refuses what does not fit besides."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.records: list[Record] = []

    def append(self, *, key: bytes, value: bytes | None, timestamp: None) -> object | None:
        if len(self.records) == self.room:
            return None
        self.records.append((key, value))
        return object()

    def record_count(self) -> int:
        return len(self.records)


class Producer:
    def __init__(self) -> None:
        self.sent: list[tuple[str, int, list[Record]]] = []

    def create_batch(self) -> Batch:
        return Batch(2)

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> "asyncio.Future[Any]":
        self.sent.append((topic, partition, batch.records))
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
async def test_every_record_is_sent_once_in_order(count: int) -> None:
    producer = Producer()
    records: list[Record] = [(b"%d" % i, b"v" if i % 2 else None) for i in range(count)]
    acknowledgements = await send(producer, "t", 3, records)
    assert [record for _, _, batch in producer.sent for record in batch] == records
    assert {(topic, partition) for topic, partition, _ in producer.sent} <= {("t", 3)}
    assert len(acknowledgements) == len(producer.sent) == (count + 1) // 2


async def test_a_record_larger_than_the_broker_takes_is_named_before_anything_hangs() -> None:
    with pytest.raises(Fatal, match="4193281 bytes for t is larger than"):
        await send(Producer(), "t", 0, [(b"k", bytes(MAX_RECORD))])


async def test_the_largest_record_goes() -> None:
    assert await send(Producer(), "t", 0, [(b"k", bytes(MAX_RECORD - 1))])
