"""The producer on a real Kafka: a small scripted utility, the process itself, and what it wrote."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from local.ports import free_port
from runtime.settings.load import load
from runtime.settings.tree import Settings
from runtime.topic_admin import create
from runtime.topics import TopicNames
from schemas.codec import Codec
from schemas.events import DeadLetter, Reading
from schemas.registry import EmbeddedRegistry

PARTITIONS = 4
READINGS = Codec(Reading, EmbeddedRegistry())
LETTERS = Codec(DeadLetter, EmbeddedRegistry())


class ScriptedUtility:
    """Answers with ``say(point)`` and ``status``; counts requests by point."""

    def __init__(self, say: Callable[[str], str]) -> None:
        self.say = say
        self.status = 200
        self.delay = 0.0
        self.requests: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                point = self.path.split("/")[4]
                outer.requests.append(point)
                time.sleep(outer.delay)
                body = outer.say(point).encode()
                self.send_response(outer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "ScriptedUtility":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class ProducerSystem:
    """One set of topics, one settings file, and producers that are started with it."""

    def __init__(self, folder: Path, servers: str, prefix: str, url: str, points: list[str]) -> None:
        self.folder = folder
        self.servers = servers
        self.url = url
        self.config = folder / "meterstream.toml"
        self.port = free_port()
        (folder / "points.csv").write_text("metering_point\n" + "\n".join(points) + "\n", encoding="utf-8")
        self.config.write_text(
            f"""
[kafka]
bootstrap_servers = "{servers}"
request_timeout = 5
[topics]
prefix = "{prefix}"
partitions = {PARTITIONS}
replication_factor = 1
min_insync_replicas = 1
[log]
format = "text"
[metrics]
port = {self.port}
[canary]
every = 0
[sources.feed]
mapping = "oresundskraft"
url = "{url}"
granularity = "hour"
points = "points.csv"
limits = {{ requests_per_second = 10000, concurrency = 8 }}
poll = {{ every = 0.2, retry_initial = 0.05, retry_maximum = 0.2, unauthorised_retry = 0.3 }}
""",
            encoding="utf-8",
        )

    @property
    def settings(self) -> Settings:
        """As the processes read them."""
        return load(self.config, {})

    @property
    def names(self) -> TopicNames:
        """Of the topics."""
        return TopicNames.of(self.settings)

    def create_topics(self) -> None:
        """Makes them."""
        create(self.settings)

    @property
    def log(self) -> str:
        """What all producers have logged."""
        return (self.folder / "producer.log").read_text(encoding="utf-8")

    @contextmanager
    def producer(self, *arguments: str) -> "Iterator[subprocess.Popen[bytes]]":
        """Runs ``python -m producer``; kills it at the end if it still runs."""
        command = [sys.executable, "-m", "producer", "--config", str(self.config), *arguments]
        with (self.folder / "producer.log").open("ab") as log:
            process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, env=os.environ)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def records(self, topic: str) -> list[tuple[bytes | None, bytes | None]]:
        """Keys and values of a whole topic, in the order of each partition."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.servers, isolation_level="read_committed", enable_auto_commit=False
        )
        try:
            count = 1 if topic == self.names.dead_letters else PARTITIONS
            places = [TopicPartition(topic, number) for number in range(count)]
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            ends = consumer.end_offsets(places)
            found: list[tuple[bytes | None, bytes | None]] = []
            while any(consumer.position(place) < ends[place] for place in places):
                for batch in consumer.poll(200).values():
                    found += [(record.key, record.value) for record in batch]
            return found
        finally:
            consumer.close()

    def readings(self) -> list[Reading]:
        """What was published."""
        return [READINGS.decode(value) for _, value in self.records(self.names.readings)]

    def letters(self) -> list[DeadLetter]:
        """The dead letters."""
        return [LETTERS.decode(value) for _, value in self.records(self.names.dead_letters)]

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of the process's health server; 0 where it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""


def eventually(true: Callable[[], Any], within: float = 30.0) -> Any:
    """Waits until something is true, and returns it."""
    end = time.monotonic() + within
    while not (result := true()):
        assert time.monotonic() < end, f"not within {within:g} s"
        time.sleep(0.05)
    return result


def stopped(process: "subprocess.Popen[bytes]") -> int:
    """Asks a process to stop; returns its exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(20)


def spoken(point: str, values: dict[str, object]) -> str:
    """An answer about a point: values by reading date."""
    always = {"DeliveryCategory": "EL-EXT", "Unit": "kWh", "ReadingMethod": "Fjärr"}
    readings = [always | {"Consumption": value, "ReadingDate": date} for date, value in values.items()]
    return json.dumps({"CustomerNumber": "1", "MeteringPoint": point, "ConsumptionReadings": readings})
