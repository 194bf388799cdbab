"""Fills a topic as fast as it goes: ready-made batches."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable

from aiokafka import AIOKafkaProducer

from benchmarks.events import Encoded
from runtime.publish import Record, send
from streams.opening import BATCH_BYTES


def load(bootstrap_servers: str, topic: str, records: Iterable[Encoded]) -> int:
    """Writes the records, in order per partition, and returns their number when all are acknowledged."""
    return asyncio.run(_load(bootstrap_servers, topic, records))


async def _load(bootstrap_servers: str, topic: str, records: Iterable[Encoded]) -> int:
    lanes: dict[int, list[Record]] = defaultdict(list)
    for partition, key, value in records:
        lanes[partition].append((key, value))
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, acks="all", max_batch_size=BATCH_BYTES)
    await producer.start()
    try:
        for partition, lane in lanes.items():
            await asyncio.gather(*await send(producer, topic, partition, lane))
    finally:
        await producer.stop()
    return sum(map(len, lanes.values()))
