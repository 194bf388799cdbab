"""Builders for tests of the producer: a feed, answers as a utility writes them, a log that keeps what it is given."""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from producer.answer import Asker
from producer.arrivals import Arrivals
from producer.client import Body
from producer.feed import Feed, resolve
from producer.log import Place, Record
from producer.memory import Memory, read_key
from producer.points import Point
from producer.poller import Keeping, Poller
from producer.readings import Asked, ReadingMapper
from producer.records import Records, Topics
from producer.report import Report
from producer.source_circuit import SourceCircuit
from producer.windows import Spans, Window, spans_of
from runtime.metrics import ProducerMetrics
from runtime.settings.dead_letters import DeadLetterSettings
from runtime.settings.source import SourceSettings
from runtime.settings.streams import StreamsSettings
from runtime.settings.tree import Settings
from runtime.topics import TopicNames
from schemas.codec import Codec
from schemas.events import DeadLetter, Granularity, Reading
from schemas.instants import from_datetime
from schemas.registry import EmbeddedRegistry

POINT = "735999100057526501"
NAMES = TopicNames.of(Settings())
PARTITIONS = 4
NOW = from_datetime(datetime(2020, 3, 20, 12, tzinfo=UTC))
"""The wall clock of these tests."""


class Literal:
    """A JSON text that is written as it is, such as a number that Python would spell differently."""

    def __init__(self, text: str) -> None:
        self.text = text


ABSENT = Literal("")
"""The field is not written at all."""


def source(granularity: Granularity = "hour", **changes: Any) -> SourceSettings:
    """Settings of a source, with defaults."""
    given = {"mapping": "oresundskraft", "url": "http://utility.test", "points": "points.csv"} | changes
    return SourceSettings.model_validate(given | {"granularity": granularity})


def feed(granularity: Granularity = "hour", **changes: Any) -> Feed:
    """A resolved source named ``feed``."""
    return resolve("feed", source(granularity, **changes))


def spans(granularity: Granularity = "hour", **changes: Any) -> Spans:
    """The spans of a source with these poll settings."""
    found, problems = spans_of(source(granularity, poll=changes).poll, StreamsSettings(), granularity)
    assert not problems
    return found


def reading_json(**changes: object) -> str:
    """One reading as the utility writes it; ABSENT leaves a field out, a Literal is written as it is."""
    fields: dict[str, object] = {
        "DeliveryCategory": "EL-EXT",
        "Unit": "kWh",
        "Consumption": Literal("26633.000000000000"),
        "ReadingDate": "2020-02-29T00:00:00",
        "ReadingMethod": "Fjärr",
        "ReadingReason": "2",
    } | changes
    written = {
        name: value.text if isinstance(value, Literal) else json.dumps(value, ensure_ascii=False)
        for name, value in fields.items()
        if value is not ABSENT
    }
    return "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in written.items()) + "}"


def message_json(*readings: str, point: str = json.dumps(POINT), customer: str = '"12345"') -> str:
    """One message; point and customer as JSON."""
    return f'{{"CustomerNumber":{customer},"MeteringPoint":{point},"ConsumptionReadings":[{",".join(readings)}]}}'


def mapped(text: str, of: Feed | None = None, point: Point | None = None, fetched_at: int = NOW) -> Reading:
    """A reading's JSON as the producer maps it; raises Poison."""
    asked = Asked(point or Point(POINT), "12345", fetched_at)
    return ReadingMapper(of or feed()).map(text.encode(), asked).reading


class Died(Exception):
    """The process was killed here."""


class KeptLog:
    """A log in memory. ``dies_after``: so many records are written, then the process dies in the middle."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.dies_after: int | None = None

    async def append(self, records: Iterable[Record]) -> Mapping[Place, int]:
        """Writes one record after another."""
        await asyncio.sleep(0)
        ends: dict[Place, int] = {}
        for record in records:
            if self.dies_after is not None and len(self.records) >= self.dies_after:
                raise Died
            self.records.append(record)
            place = (record.topic, record.partition)
            ends[place] = sum((kept.topic, kept.partition) == place for kept in self.records)
        if self.dies_after is not None and len(self.records) >= self.dies_after:
            raise Died  # written, but the acknowledgement never came
        return ends

    async def write(self, record: Record) -> None:
        """Makes what is remembered last."""
        await self.append([record])

    def readings(self) -> list[Reading]:
        """What was published."""
        codec = Codec(Reading, EmbeddedRegistry())
        return [codec.decode(record.value) for record in self.records if record.topic == NAMES.readings]

    def letters(self) -> list[DeadLetter]:
        """The dead letters."""
        codec = Codec(DeadLetter, EmbeddedRegistry())
        return [codec.decode(record.value) for record in self.records if record.topic == NAMES.dead_letters]

    def recalled(self, most_parts: int) -> Memory:
        """What a new process remembers: the newest record of each point."""
        memory = Memory(most_parts)
        for record in self.records:
            if record.topic == NAMES.polls:
                names = read_key(record.key)
                assert names is not None
                memory.restore(names[1], record.value)
        return memory


class ScriptedClient:
    """A utility that answers with what stands in ``bodies`` by point, and in ``pages`` where one is asked for."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.pages: dict[str, bytes] = {}
        self.charset: str | None = None
        self.windows: list[Window] = []
        self.sent_at = NOW

    def say(self, *messages: str, point: str = POINT) -> None:
        """What it answers about a point from now on."""
        self.bodies[point] = "".join(messages).encode()

    async def get(self, point: Point, window: Window, page: str | None = None) -> Body:
        """Answers at once."""
        await asyncio.sleep(0)
        self.windows.append(window)
        self.sent_at += 1_000_000
        if page is not None:
            return Body(self.pages[page], self.charset, self.sent_at)
        return Body(self.bodies[point.metering_point], self.charset, self.sent_at)


class PollingRoom:
    """A poller of one feed, the utility it asks and the log it writes to; ``restart`` is a new process."""

    def __init__(self, of: Feed | None = None, limits: DeadLetterSettings | None = None, **poll: Any) -> None:
        self.feed = of or feed()
        self.spans = spans(self.feed.settings.granularity, **poll)
        self.client = ScriptedClient()
        self.log = KeptLog()
        self.registry = CollectorRegistry()
        self.metrics = ProducerMetrics(self.registry)
        self.now = NOW
        self.limits = limits or DeadLetterSettings()
        self.memory = Memory(self.spans.most_parts)
        self.poller = self._poller()

    def _poller(self) -> Poller:
        asker = Asker(self.feed, self.client, self.metrics)
        records = Records(Topics(NAMES, PARTITIONS), EmbeddedRegistry())
        self.report = Report("feed", self.metrics, Arrivals(self.feed, [Point(POINT)]))
        self.circuit = SourceCircuit(self.limits, "feed", self.metrics.stopped.labels("feed"))
        keeping = Keeping(self.memory, self.log, self.log, records, self.circuit)
        return Poller(self.feed, self.spans, asker, keeping, self.report, lambda: self.now)

    def restart(self) -> None:
        """A new process: remembers what the topic says."""
        self.log.dies_after = None
        self.memory = self.log.recalled(self.spans.most_parts)
        self.poller = self._poller()

    async def poll(self, point: Point | None = None) -> bool:
        """One poll of a point, a second later than the last one."""
        self.now += 1_000_000
        return await self.poller.poll(point or Point(POINT))

    def count(self, name: str, **labels: str) -> float:
        """The value of a metric of this feed."""
        return self.registry.get_sample_value(f"meterstream_producer_{name}", {"source": "feed"} | labels) or 0.0


def winners(readings: Sequence[Reading]) -> dict[int, int | None]:
    """What streams ends with: by date, the value of the newest version (no two of a test have the same)."""
    newest: dict[int, Reading] = {}
    for reading in readings:
        if reading.reading_at not in newest or newest[reading.reading_at].fetched_at <= reading.fetched_at:
            newest[reading.reading_at] = reading
    return {at: reading.consumption for at, reading in newest.items()}


def points_file(folder: Path, *rows: str, header: str = "metering_point,category,kind") -> Path:
    """A points file."""
    file = folder / "points.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return file
