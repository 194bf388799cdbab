"""Fills a topic as fast as it goes: ready-made batches."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable

from aiokafka import AIOKafkaProducer

from benchmarks.events import Encoded

BATCH_BYTES = 1 << 19
UNDER_WAY = 8


def load(bootstrap_servers: str, topic: str, records: Iterable[Encoded]) -> None:
    """Writes the records, in order per partition, and returns when all are acknowledged."""
    asyncio.run(_load(bootstrap_servers, topic, records))


async def _load(bootstrap_servers: str, topic: str, records: Iterable[Encoded]) -> None:
    lanes: dict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
    for partition, key, value in records:
        lanes[partition].append((key, value))
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, acks="all", max_batch_size=BATCH_BYTES)
    await producer.start()
    try:
        for partition, lane in lanes.items():
            await _fill(producer, topic, partition, lane)
    finally:
        await producer.stop()


async def _fill(producer: AIOKafkaProducer, topic: str, partition: int, lane: list[tuple[bytes, bytes]]) -> None:
    under_way = []
    batch = producer.create_batch()
    for key, value in lane:
        if batch.append(key=key, value=value, timestamp=None) is None:
            under_way.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None)
        if len(under_way) >= UNDER_WAY:
            await under_way.pop(0)
    under_way.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*under_way)
