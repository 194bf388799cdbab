"""Streams on a real Kafka: topics of its own, readings in, workers as processes, and what must come out."""

import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import msgspec
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.errors import RetriableError

from runtime.settings.streams import StreamsSettings
from runtime.settings.system import KafkaSettings, TopicSettings
from runtime.settings.tree import Settings
from runtime.topic_admin import create
from runtime.topics import TopicNames
from schemas import exact
from schemas.codec import Codec, Undecodable
from schemas.events import DeadLetter, MeterValue, Reading
from schemas.instants import HOUR
from schemas.keys import partition_of
from schemas.reasons import Reason
from schemas.registry import EmbeddedRegistry, UnknownSchemaId
from streams.configured import rules
from streams.fold import Fold, Stamp
from streams.marker import MARKER_KEY
from streams.state import PartitionState
from tests.freezing import freeze

START = 1_704_067_200_000_000
READINGS = Codec(Reading, EmbeddedRegistry())
VALUES = Codec(MeterValue, EmbeddedRegistry())
LETTERS = Codec(DeadLetter, EmbeddedRegistry())
SESSION = 6.0
"""Seconds after which a killed worker's partitions are given to others: the least that a broker allows."""


def hour(point: str, number: int, value: int | None, fetched: int = 1, kind: str = "register") -> Reading:
    """The reading of a point's hour number so and so, a whole number of kWh."""
    at = START + number * HOUR
    return Reading(
        source="hours",
        customer_number="7",
        metering_point=point,
        delivery_category="EL-EXT",
        unit="kWh",
        consumption=None if value is None else value * exact.ONE,
        reading_at=at,
        reading_date="as sent",
        reading_method="Fjärr",
        reading_reason="2",
        fetched_at=START + fetched,
        series_kind="register" if kind == "register" else "volume",
        granularity="hour",
        period_start=at - HOUR,
        period_end=at,
        quality="missing" if value is None else "measured",
        consumption_unit="kWh",
        factor=exact.ONE,
        rolls_over_at=None,
        max_per_period=None,
    )


def until(true: Callable[[], Any], within: float = 120.0, what: str = "the condition") -> Any:
    """Waits until something is true, and returns it."""
    end = time.monotonic() + within
    while not (result := true()):
        assert time.monotonic() < end, f"not within {within:g} s: {what}"
        time.sleep(0.05)
    return result


class WorkerProcess:
    """``python -m streams``, with its log."""

    def __init__(self, config: Path, log: Path, cwd: Path) -> None:
        self.log = log
        with log.open("ab") as out:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "streams", "--config", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=cwd,
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs."""
        return self._child.poll()

    def signal(self, number: signal.Signals) -> None:
        self._child.send_signal(number)

    def freeze(self) -> None:
        """SIGSTOP; returns when every thread stands still."""
        freeze(self.pid)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        self._child.kill()
        self._child.wait()

    def ended(self, within: float = 120.0) -> int:
        """Waits for its end; returns the exit code."""
        return self._child.wait(within)

    def stop(self, within: float = 60.0) -> int:
        """SIGTERM; returns the exit code."""
        self.signal(signal.SIGTERM)
        return self.ended(within)

    def answer(self, path: str) -> str:
        """What it answers over HTTP; empty before it serves, or while it is not ready."""
        served = re.search(r"address=(http://[^/]+)", self.said())
        if served is None:
            return ""
        try:
            with urllib.request.urlopen(served[1] + path, timeout=5) as answer:
                return str(answer.read(), "utf-8")
        except urllib.error.HTTPError:
            return ""

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@dataclass(frozen=True)
class Outcome:
    """What readers that see only what was committed find, by partition and in order, without what a clock decides."""

    values: dict[int, list[tuple[bytes, MeterValue]]]
    letters: list[tuple[str, int | None, int | None]]
    """(reason, partition, offset), sorted"""


class StreamsSystem:
    """The topics of one epoch, and the workers on them."""

    def __init__(
        self,
        bootstrap_servers: str,
        prefix: str,
        directory: Path,
        partitions: int = 2,
        chunk_records: int = 1_000,
        epoch: str = "1",
    ) -> None:
        self.partitions = partitions
        self.settings = Settings(
            epoch=epoch,
            kafka=KafkaSettings(bootstrap_servers=bootstrap_servers, session_timeout=SESSION),
            topics=TopicSettings(prefix=prefix, partitions=partitions, replication_factor=1, min_insync_replicas=1),
            streams=StreamsSettings(chunk_records=chunk_records),
        )
        self.names = TopicNames.of(self.settings)
        self.workers: list[WorkerProcess] = []
        self._directory = directory
        self.cwd = directory / "cwd"
        self.cwd.mkdir(parents=True)
        self.config = directory / "meterstream.toml"
        self._write_config()
        servers = bootstrap_servers.split(",")
        self.admin = KafkaAdminClient(bootstrap_servers=servers)
        self._consumer = KafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
        self._stable = KafkaConsumer(
            bootstrap_servers=servers, enable_auto_commit=False, isolation_level="read_committed"
        )
        self._producer = KafkaProducer(bootstrap_servers=servers, linger_ms=20, max_request_size=2 << 20)
        create(self.settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.kill()
        self._producer.close()
        self._consumer.close()
        self._stable.close()
        self.admin.close()

    def _write_config(self) -> None:
        settings = self.settings
        self.config.write_text(
            f'epoch = "{settings.epoch}"\n'
            f'[kafka]\nbootstrap_servers = "{settings.kafka.bootstrap_servers}"\nsession_timeout = {SESSION}\n'
            f'[topics]\nprefix = "{settings.topics.prefix}"\npartitions = {self.partitions}\n'
            "replication_factor = 1\nmin_insync_replicas = 1\n"
            f'[log]\nformat = "text"\n[streams]\nchunk_records = {settings.streams.chunk_records}\n',
            encoding="utf-8",
        )

    def worker(self) -> WorkerProcess:
        """Starts one more worker."""
        log = self._directory / f"worker-{len(self.workers)}.log"
        self.workers.append(WorkerProcess(self.config, log, self.cwd))
        return self.workers[-1]

    def feed(self, readings: Iterable[Reading]) -> None:
        """Publishes readings as the producer does."""
        for reading in readings:
            self.feed_one(reading)
        self.flush()

    def feed_one(self, reading: Reading) -> None:
        """Publishes one, some time before the next `flush`."""
        self.put(READINGS.encode(reading), reading.metering_point)

    def put(self, value: bytes | None, point: str, key: bytes | None = b"", partition: int | None = None) -> None:
        """Puts any record where a point's readings lie, or elsewhere."""
        self._producer.send(
            self.names.readings,
            value=value,
            key=point.encode() if key == b"" else key,
            partition=partition_of(point, self.partitions) if partition is None else partition,
            headers=[("trace", b"7")],
        )

    def flush(self) -> None:
        self._producer.flush()

    def places(self, topic: str) -> list[TopicPartition]:
        return [TopicPartition(topic, number) for number in range(self.partitions)]

    def ends(self, topic: str) -> dict[TopicPartition, int]:
        found: dict[TopicPartition, int] = self._consumer.end_offsets(self.places(topic))
        return found

    def committed(self) -> dict[TopicPartition, int]:
        """The group's offsets; without a partition for which there is none."""
        try:
            offsets = self.admin.list_group_offsets([self.names.streams_group])[self.names.streams_group]
        except RetriableError:  # no coordinator yet
            return {}
        return {place: offset.offset for place, offset in offsets.items() if offset.offset >= 0}

    def all_read(self) -> bool:
        """Whether every reading is behind the group's offset."""
        committed = self.committed()
        return all(committed.get(place, 0) >= end for place, end in self.ends(self.names.readings).items())

    def drain(self, within: float = 180.0) -> None:
        """Waits until every reading has been processed."""
        until(self.all_read, within, "all readings processed")

    def transaction_is_open(self) -> bool:
        """Whether values stand on the topic that are not committed."""
        stable = self._stable.end_offsets(self.places(self.names.values))
        return any(end > stable[place] for place, end in self.ends(self.names.values).items())

    def records(self, topic: str, partitions: int | None = None) -> list[Any]:
        """Every committed record of a topic, partition after partition."""
        count = self.partitions if partitions is None else partitions
        consumer = KafkaConsumer(
            bootstrap_servers=self.settings.kafka.bootstrap_servers.split(","),
            enable_auto_commit=False,
            isolation_level="read_committed",
        )
        found = []
        try:
            for number in range(count):
                place = TopicPartition(topic, number)
                consumer.assign([place])
                consumer.seek_to_beginning(place)
                end = consumer.end_offsets([place])[place]
                while consumer.position(place) < end:
                    for batch in consumer.poll(500).values():
                        found += batch
        finally:
            consumer.close()
        return found

    def outcome(self) -> Outcome:
        """What came out."""
        values: dict[int, list[tuple[bytes, MeterValue]]] = {number: [] for number in range(self.partitions)}
        for record in self.records(self.names.values):
            values[record.partition].append((record.key, _timeless(VALUES.decode(record.value))))
        return Outcome(values, sorted((letter.reason, letter.partition, letter.offset) for letter in self.letters()))

    def letters(self) -> list[DeadLetter]:
        """The dead letters."""
        return [LETTERS.decode(record.value) for record in self.records(self.names.dead_letters, 1)]

    def delete_read(self) -> None:
        """Deletes every reading up to the end, as retention would."""
        self.admin.delete_records(self.ends(self.names.readings))

    def exists(self, topic: str) -> bool:
        """Whether the cluster has a topic."""
        return topic in self.admin.list_topics()

    def remake(self, topic: str) -> None:
        """Deletes a topic and creates it again, empty."""
        self.admin.delete_topics([topic])
        until(lambda: not self.exists(topic), what="deletion")
        create(self.settings)

    def spoil(self, topic: str) -> None:
        """Writes a record onto the first partition of a topic that does not belong there."""
        self._producer.send(topic, value=b"foreign", key=b"foreign", partition=0)
        self.flush()

    def forget_one_key(self) -> None:
        """Deletes a key of the state of the first partition, as a log that lost its end would."""
        key = next(record.key for record in self.records(self.names.state, 1) if record.key != MARKER_KEY)
        self._producer.send(self.names.state, value=None, key=key, partition=0)
        self.flush()

    def move_group(self, offset: int) -> None:
        """Sets the group's offsets, as an operator would. No worker may run."""
        moved = {place: OffsetAndMetadata(offset, "", -1) for place in self.places(self.names.readings)}
        self.admin.alter_group_offsets(self.names.streams_group, moved)

    def expected(self) -> Outcome:
        """What must come out: one fold, in this process, over everything that lies on the readings topic."""
        stamp = Stamp(self.settings.epoch, 0)
        folds = [Fold(PartitionState(), rules(self.settings.streams), stamp) for _ in range(self.partitions)]
        letters: list[tuple[str, int | None, int | None]] = []
        for record in self.records(self.names.readings):
            reason = self._refusal(record)
            if reason is None:
                folds[record.partition].add(record.offset, READINGS.decode(record.value))
            else:
                letters.append((reason, record.partition, record.offset))
        return Outcome({number: fold.finish().values for number, fold in enumerate(folds)}, sorted(letters))

    def _refusal(self, record: Any) -> Reason | None:
        """Why a record of the readings topic must become a dead letter."""
        try:
            point = READINGS.decode(record.value).metering_point
        except Undecodable:
            return Reason.UNDECODABLE_RECORD
        except UnknownSchemaId:
            return Reason.UNKNOWN_SCHEMA
        right = record.key == point.encode() and record.partition == partition_of(point, self.partitions)
        return None if right else Reason.WRONG_KEY


def _timeless(value: MeterValue) -> MeterValue:
    return msgspec.structs.replace(value, published_at=0)
