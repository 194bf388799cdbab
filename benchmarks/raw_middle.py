"""The least that the middle of the road can be: read a topic, write each record to another, exactly once per chunk.

No rules, no state, no decoding. A process of its own, as a streams worker is:

    python -m benchmarks.raw_middle BOOTSTRAP FROM TO COUNT

Prints records per second from the first chunk on.
"""

import asyncio
import sys
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import TopicPartition

from runtime.publish import send
from streams.opening import BATCH_BYTES

CHUNK = 5_000


async def _run(bootstrap_servers: str, source: str, target: str, count: int) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=1 << 20,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers,
        acks="all",
        transactional_id=f"raw-{target}",
        max_batch_size=BATCH_BYTES,
        linger_ms=0,
    )
    await asyncio.gather(consumer.start(), producer.start())
    places = [TopicPartition(source, number) for number in sorted(await producer.partitions_for(source))]
    consumer.assign(places)
    for place in places:
        consumer.seek(place, 0)
    done, first, began = 0, 0, 0.0
    while done < count:
        for place, records in (await consumer.getmany(timeout_ms=1_000, max_records=CHUNK)).items():
            async with producer.transaction():
                copies = [(record.key, record.value) for record in records]
                sent = await send(producer, target, place.partition, copies)
                await producer.send_offsets_to_transaction({place: records[-1].offset + 1}, f"raw-{target}")
                await asyncio.gather(*sent)
            done += len(records)
            if not began:
                began, first = time.perf_counter(), done
    print((done - first) / (time.perf_counter() - began))
    await asyncio.gather(consumer.stop(), producer.stop())


if __name__ == "__main__":
    bootstrap, source, target, count = sys.argv[1:]
    asyncio.run(_run(bootstrap, source, target, int(count)))
