"""A sink worker on a real Kafka: topics and values, the process itself, and the dead letters it leaves."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from local.cluster import Cluster
from local.ports import free_port
from runtime.settings.load import load
from runtime.topic_admin import create
from runtime.topics import TopicNames
from schemas.codec import Codec
from schemas.events import DeadLetter, MeterValue
from schemas.registry import EmbeddedRegistry
from tests.receiver_databases import NOT_YET, MariaDBReceiver, PostgreSQLReceiver, ReceiverDatabase, SQLiteReceiver
from tests.sink_rows import PARTITIONS, StoredRecord, record

LETTERS = Codec(DeadLetter, EmbeddedRegistry())
PATIENCE = 60.0


def until(true: Callable[[], Any], within: float = PATIENCE) -> Any:
    """Waits until something holds, and returns it."""
    end = time.monotonic() + within
    while not (found := true()):
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.05)
    return found


class SinkProcess:
    """One worker as a process of its own."""

    def __init__(self, config: Path, log: Path, *options: str) -> None:
        self.port = free_port()
        environment = os.environ | {"METERSTREAM__METRICS__PORT": str(self.port)}
        command = [sys.executable, "-m", "sinks", "--config", str(config), *options]
        self._log = log
        with log.open("ab") as output:
            self._child = subprocess.Popen(command, stdout=output, stderr=output, env=environment)

    def ask(self, path: str) -> tuple[int, str]:
        """Status and text of a page that the process serves; 0 while it serves none."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()
        except OSError:
            return 0, ""

    def ready(self) -> bool:
        return self.ask("readyz")[0] == 200

    def metric(self, name: str) -> float:
        """The sum over a metric's series."""
        lines = [line for line in self.ask("metrics")[1].splitlines() if line.startswith(f"meterstream_sink_{name}")]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    @property
    def pid(self) -> int:
        return self._child.pid

    def signal(self, number: signal.Signals) -> None:
        self._child.send_signal(number)

    def ended(self, within: float = PATIENCE) -> int:
        """Waits for its end; the exit code."""
        return self._child.wait(within)

    @property
    def running(self) -> bool:
        return self._child.poll() is None

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8")

    def close(self) -> None:
        if self.running:
            self._child.kill()
        self._child.wait()


class SinkSystem:
    """Topics of an own prefix on a cluster, one receiver called vitec, and its workers."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path, there: ReceiverDatabase) -> None:
        self.folder = folder
        self.there = there
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._processes: list[SinkProcess] = []
        self._producers: list[Any] = []
        self.give("*")
        self.config = self.configure()
        self.create_topics()

    def configure(self, epoch: str = "1", **kafka: str) -> Path:
        """Writes a settings file for an epoch."""
        receiver = "\n".join(self.there.settings())
        file = self.folder / f"meterstream-{epoch}.toml"
        file.write_text(
            f'epoch = "{epoch}"\n[kafka]\nbootstrap_servers = "{kafka.get("bootstrap", self._bootstrap)}"\n'
            f'[topics]\nprefix = "{self._prefix}"\npartitions = {kafka.get("partitions", PARTITIONS)}\n'
            "replication_factor = 1\nmin_insync_replicas = 1\n"
            f'[log]\nformat = "text"\n[receivers.vitec]\n{receiver}\npoints = "points.csv"\n'
            "[receivers.vitec.batch]\nrows = 500\n"
        )
        return file

    def create_topics(self, epoch: str = "1") -> None:
        settings = load(self.configure(epoch), {})
        create(settings)
        self.names = TopicNames.of(settings)

    def give(self, *points: str) -> None:
        """Writes the receiver's points; ``*``: p0 to p19, and the default point."""
        some = [*(f"p{number}" for number in range(20)), "735999100057526501"] if points == ("*",) else points
        lines = "".join(f"{point},\n" for point in some)
        (self.folder / "points.csv").write_text("metering_point,category\n" + lines)

    def start(self, *options: str, config: Path | None = None) -> SinkProcess:
        process = SinkProcess(
            config or self.config, self.folder / f"{len(self._processes)}.log", "--receiver", "vitec", *options
        )
        self._processes.append(process)
        return process

    def producer(self, **options: Any) -> Any:
        producer = KafkaProducer(bootstrap_servers=[self._bootstrap], linger_ms=5, **options)
        self._producers.append(producer)
        return producer

    def publish(self, values: Iterable[MeterValue], producer: Any = None) -> None:
        """As streams would, acknowledged."""
        self.publish_records([record(value) for value in values], producer)

    def publish_records(self, records: Iterable[StoredRecord], producer: Any = None) -> None:
        sender = producer or KafkaProducer(bootstrap_servers=[self._bootstrap])
        sent = [
            sender.send(self.names.values, key=each.key, value=each.value, partition=each.partition) for each in records
        ]
        sender.flush()
        for future in sent:
            future.get(timeout=PATIENCE)
        if sender is not producer:
            sender.close()

    def admin(self) -> Any:
        return KafkaAdminClient(bootstrap_servers=[self._bootstrap])

    def letters(self) -> list[DeadLetter]:
        """Every dead letter so far."""
        partition = TopicPartition(self.names.dead_letters, 0)
        consumer = KafkaConsumer(bootstrap_servers=[self._bootstrap], isolation_level="read_committed")
        try:
            consumer.assign([partition])
            consumer.seek(partition, 0)
            end, found = consumer.end_offsets([partition])[partition], []
            while consumer.position(partition) < end:
                found += [each.value for some in consumer.poll(500).values() for each in some]
            return [LETTERS.decode(data) for data in found]
        finally:
            consumer.close()

    def rows(self, *columns: str) -> list[tuple[Any, ...]]:
        """What the view shows, sorted; nothing while there is no view."""
        try:
            return sorted(self.there.run(f"SELECT {', '.join(columns)} FROM meter_values"))
        except NOT_YET:
            return []

    def sequences(self) -> list[int]:
        return [sequence for (sequence,) in self.rows("sequence")]

    def delivered(self, sequences: Sequence[int]) -> bool:
        """Whether the view shows rows of exactly these sequences."""
        return self.sequences() == sorted(sequences)

    def close(self) -> None:
        for process in self._processes:
            process.close()
        for producer in self._producers:
            producer.close()


def on_database(request: pytest.FixtureRequest, kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[SinkSystem]:
    """A fixture's system, on the database that its parameter names."""
    there: ReceiverDatabase
    match request.param:
        case "sqlite":
            there = SQLiteReceiver(tmp_path / "vitec.sqlite")
        case "mariadb":
            there = MariaDBReceiver.on(request.getfixturevalue("mariadb"), unique)
        case _:
            there = PostgreSQLReceiver.on(request.getfixturevalue("postgres"), unique)
    system = SinkSystem(kafka.bootstrap_servers, unique, tmp_path, there)
    yield system
    system.close()
