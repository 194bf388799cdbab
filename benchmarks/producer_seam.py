"""The producer from an answer's bytes to acknowledged readings: its own parts, on real Kafka, without HTTP.

In place of the HTTP client stands a function that gives prepared bodies; everything behind it is the product's, as
``producer.run`` puts it together: reading, mapping, memory, its claim, batches. A process of its own; prints what
:func:`benchmarks.child.pace` reads:

    python -m benchmarks.producer_seam CONFIG SOURCE
"""

import asyncio
import sys
from pathlib import Path

import uvloop
from prometheus_client import CollectorRegistry

from benchmarks.answers import answer, readings_of_an_answer
from benchmarks.child import tell
from producer.answer import Asker
from producer.build import line_of
from producer.claim import Claims
from producer.client import Body
from producer.line import Line
from producer.log import KafkaLog
from producer.memory import Memory
from producer.points import Point
from producer.poller import Keeping, Poller
from producer.records import Records, Topics
from producer.report import Report
from producer.source_circuit import SourceCircuit
from producer.windows import Window
from producer.work import IN_HAND, Pace, SourceWork
from runtime.logs import Pseudonyms
from runtime.metrics import ProducerMetrics
from runtime.settings.load import load
from runtime.settings.tree import Settings
from runtime.topics import TopicNames
from schemas import instants
from schemas.registry import EmbeddedRegistry


class PreparedPages:
    """Has every answer at hand."""

    def __init__(self, line: Line) -> None:
        granularity = line.feed.settings.granularity
        self._bodies = {point: answer(point, granularity) for point in (each.metering_point for each in line.points)}

    async def get(self, point: Point, window: Window, page: str | None = None) -> Body:
        """Gives the answer, in a turn of the loop, as every real client does."""
        await asyncio.sleep(0)
        return Body(self._bodies[point.metering_point], "utf-8", instants.now())


class FirstPolls:
    """Polls each point once and says when all have been."""

    def __init__(self, poller: Poller, points: int) -> None:
        self._poller = poller
        self._left = points
        self.done = asyncio.Event()

    async def poll(self, point: Point) -> bool:
        """As the poller; a point whose load goes on is polled once more at once."""
        more = await self._poller.poll(point)
        self._left -= not more
        if not self._left:
            self.done.set()
        return more


async def _run(settings: Settings, line: Line) -> None:
    names, metrics = TopicNames.of(settings), ProducerMetrics(CollectorRegistry())
    feed, name = line.feed, line.feed.name
    claims = Claims(settings.kafka, {name: names.producer(name, "1-of-1")})
    kafka = KafkaLog(settings.kafka)
    await asyncio.gather(claims.start(), kafka.start())
    records = Records(Topics(names, settings.topics.partitions), EmbeddedRegistry())
    circuit = SourceCircuit(settings.dead_letters, name, metrics.stopped.labels(name))
    keeping = Keeping(Memory(line.spans.most_parts), claims.of(name), kafka, records, circuit)
    report = Report(name, metrics)
    polls = FirstPolls(
        Poller(feed, line.spans, Asker(feed, PreparedPages(line), metrics), keeping, report), len(line.points)
    )
    pace = Pace(3_600.0, feed.settings.poll, feed.settings.limits.concurrency * IN_HAND, circuit)
    work = SourceWork(line.points, polls, pace, report, Pseudonyms(settings.log))
    with tell(len(line.points) * readings_of_an_answer(feed.settings.granularity)):
        working = asyncio.create_task(work.run())
        await asyncio.wait((working, asyncio.create_task(polls.done.wait())), return_when=asyncio.FIRST_COMPLETED)
    work.finish()
    await working
    await asyncio.gather(claims.stop(), kafka.stop())


if __name__ == "__main__":
    config, source = sys.argv[1:]
    settings = load(Path(config), {})
    uvloop.run(_run(settings, line_of(settings, source)))
