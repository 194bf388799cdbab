"""The producer's claim alone: what is remembered of points, in transactions, for as many polls as are in hand.

A process of its own; prints what :func:`benchmarks.child.pace` reads:

    python -m benchmarks.producer_claim CONFIG RECORDS
"""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import uvloop

from benchmarks.child import tell
from benchmarks.events import points
from producer.claim import Claim
from producer.log import Record
from producer.memory import Remembered
from producer.records import Records, Topics
from runtime.settings.load import load
from runtime.settings.tree import Settings
from runtime.topics import TopicNames
from schemas.registry import EmbeddedRegistry

IN_HAND = 128
PARTS = 15
"""Days of a window."""


async def _write(claim: Claim, records: Iterator[Record]) -> None:
    for record in records:
        await claim.write(record)


async def _run(settings: Settings, count: int) -> None:
    names = TopicNames.of(settings)
    claim = Claim(settings.kafka, names.producer("bench", "1-of-1"))
    records = Records(Topics(names, settings.topics.partitions), EmbeddedRegistry())
    kept = Remembered(parts={20260101 + day: bytes(8) for day in range(PARTS)}).encode(PARTS)
    written = iter([records.memory("bench", point, kept) for point in points(count)])
    await claim.start()
    with tell(count):
        await asyncio.gather(*(_write(claim, written) for _ in range(IN_HAND)))
    await claim.stop()


if __name__ == "__main__":
    config, count = sys.argv[1:]
    uvloop.run(_run(load(Path(config), {}), int(count)))
