"""The whole road on one machine: services, settings and processes, started in order and stopped in reverse."""

import json
import os
import secrets
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from local import settings_file, ways
from local.cluster import Cluster, existing_cluster
from local.kafka import java_environment
from local.kafka_cluster import KafkaCluster
from local.network import Network
from local.options import CHANGE_DAYS, Options
from local.ports import free_port
from local.postgres import PostgresServer
from local.process import Service
from local.settings_file import Addresses, SourceFacts
from local.supervisor import Program, State, Supervisor
from runtime import topic_admin
from runtime.settings.load import load
from runtime.settings.tree import Settings

STREAMS_WORKERS = 2
DATABASE_USER = "vitec"
"""Whom the sink is to PostgreSQL: the database's owner, without any other right."""
UTILITY_SECRETS = ("UTILITY_API_KEY", "UTILITY_CLIENT_SECRET")
START_SECONDS = 120.0
WINDOW_MONTHS = 3
DAY_AFTER, MONTH_AFTER = 72 * 3600.0, 1_080 * 3600.0
"""Seconds after its end by which a day, or a month, is published; the simulated world is behind the clock besides."""


class LocalSystem:
    """Kafka, PostgreSQL, the simulated utility, and every process of the product, as in production."""

    def __init__(self, options: Options) -> None:
        """Starts nothing."""
        self.options = options
        self.directory = options.directory.absolute()
        self.services = Supervisor()
        self.stages = Supervisor()
        self.postgres = PostgresServer(self.directory / "postgres")
        self.network = Network()
        doors = ways.kafka_doors(self.network, options.brokers) if options.proxied else []
        existing, own = existing_cluster(), KafkaCluster(self.directory / "kafka", options.brokers, listeners=doors)
        self.kafka = None if existing else own
        self.cluster: Cluster = existing or own
        self.utility_port = free_port()
        self._key = secrets.token_hex(16)
        self._dsn = ""
        self.ports: dict[str, int] = {}

    @property
    def config(self) -> Path:
        """The settings file that every process of this system reads."""
        return self.directory / "meterstream.toml"

    @property
    def ledger(self) -> Path:
        """What the utility has served, in its own words."""
        return self.directory / "utility" / "ledger.jsonl"

    @property
    def utility(self) -> str:
        """The simulated utility's address."""
        return f"http://127.0.0.1:{self.utility_port}"

    @property
    def settings(self) -> Settings:
        """The settings that the processes read."""
        return load(self.config, os.environ)

    def start(self, say: Callable[[str], object] = lambda step: None) -> None:
        """Starts everything, in order; ``say`` is told each step.

        Raises:
            ServiceError: a service did not come up; the message holds its log's end.
            JarError: Kafka's jars cannot be had.
            ConfigError: an existing cluster does not take the topics.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.options.proxied:
            self.network.start()
        say("starting Kafka, PostgreSQL and the simulated utility")
        self._start_services()
        self._write_settings()
        say("creating the topics")
        topic_admin.create(self.settings)
        say("starting the producer, two streams workers, two sinks and the observer")
        self._start_stages()

    def tick(self) -> None:
        """Starts again what has ended. Call it a few times a second."""
        self.services.tick()
        self.stages.tick()

    def stop(self) -> None:
        """Stops everything: the stages first, so that they can finish what they have in hand."""
        self.stages.stop()
        self.services.stop()
        self.network.stop()

    def __enter__(self) -> Self:
        """Whatever is started inside is stopped at the end."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Stops everything."""
        self.stop()

    def states(self) -> list[State]:
        """How every process does."""
        return self.services.states() + self.stages.states()

    def metrics(self, prefix: str = "") -> list[str]:
        """The /metrics addresses of the processes whose name begins so."""
        return [
            f"http://127.0.0.1:{port}/metrics" for name, port in list(self.ports.items()) if name.startswith(prefix)
        ]

    def ask_utility(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The simulated utility's own word: ``/_status``, or ``/_control`` with a body."""
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            self.utility + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
            found: dict[str, Any] = json.loads(answer.read())
            return found

    # ------------------------------------------------------------------ services

    def _start_services(self) -> None:
        with ThreadPoolExecutor() as pool:
            started = [pool.submit(start) for start in (self.start_kafka, self._postgres, self._utility)]
            try:
                for one in started:
                    one.result()
            except BaseException:  # Ctrl-C too: what the other threads wait for is ended, so that they end at once
                self.services.stop()
                raise

    def start_kafka(self) -> None:
        """Starts the brokers alone, and waits until all are in service; nothing where the cluster is another's."""
        if self.kafka is None:
            return
        self.kafka.prepare()
        for broker in self.kafka.brokers:
            self.services.start(Program(broker.service, broker.command(), java_environment()))
        for broker in self.kafka.brokers:
            self._await(broker.service, broker.ready)
        self._await(self.kafka.brokers[0].service, self.kafka.complete)

    def _postgres(self) -> None:
        self.postgres.prepare()
        self.services.start(Program(self.postgres.service, self.postgres.command()))
        self._await(self.postgres.service, self.postgres.ready)
        self.postgres.create_database("receiver")
        self._dsn = self.postgres.create_owner(DATABASE_USER, "receiver")

    def _utility(self) -> None:
        service = Service("utility", self.directory / "utility" / "utility.log")
        service.log.parent.mkdir(parents=True, exist_ok=True)
        environment = os.environ | dict.fromkeys(UTILITY_SECRETS, self._key)
        self.services.start(Program(service, self._utility_command(), environment))
        self._await(service, self._utility_answers)

    def _utility_command(self) -> list[str]:
        options = self.options
        command = [sys.executable, "-m", "local.utility", "--port", str(self.utility_port)]
        command += ["--seed", str(options.seed), "--points", str(options.points), "--tick", str(options.tick)]
        command += ["--history-hours", str(options.hours), "--history-days", str(options.days)]
        command += ["--history-months", str(options.months)]
        command += ["--lag-hours", str(options.lag_hours), "--change-days", str(CHANGE_DAYS)]
        command += ["--ledger", str(self.ledger), "--state", str(self.ledger.with_name("state.json"))]
        command += ["--points-dir", str(self.directory)]
        return command if options.faults else [*command, "--no-faults"]

    def _utility_answers(self) -> bool:
        try:
            self.ask_utility("/_status")
        except OSError:
            return False
        return True

    def _await(self, service: Service, ready: Callable[[], bool]) -> None:
        self.services.process(service.name).wait_ready(ready, START_SECONDS)

    # ------------------------------------------------------------------ the product's processes

    def _sources(self) -> list[SourceFacts]:
        every, window = self.options.poll_every, self.options.window_days
        day, month = (self.options.lag_hours * 3600.0 + after for after in (DAY_AFTER, MONTH_AFTER))
        return [
            SourceFacts("oresundskraft-hours", "hours", "hour", every, window, day),
            SourceFacts("oresundskraft-days", "days", "day", 2 * every, window, day),
            SourceFacts("oresundskraft-months", "months", "month", 2 * every, WINDOW_MONTHS, month, token=True),
        ]

    def _write_settings(self) -> None:
        prefix = "meterstream" if self.kafka else f"meterstream-local-{int(time.time())}"
        utility, dsn = self.utility, self._dsn
        if self.options.proxied:
            utility = ways.utility_address(self.network, self.utility_port)
            dsn = ways.database_address(self.network, dsn, self.postgres.port)
        addresses = Addresses(self.cluster.bootstrap_servers, utility)
        values = {
            "prefix": prefix,
            "partitions": self.options.partitions,
            "replication_factor": self.options.brokers,
            "min_insync_replicas": max(1, self.options.brokers - 1),
            "requests_per_second": self.options.requests_per_second,
            **asdict(self.options.timeouts),
        }
        settings_file.write_secret(self.directory, settings_file.UTILITY_KEY, self._key)
        settings_file.write_secret(self.directory, "vitec.dsn", dsn)
        settings_file.write(self.config, addresses, self._sources(), values)

    def _start_stages(self) -> None:
        self.start_stage("producer", "producer")
        for number in range(1, STREAMS_WORKERS + 1):
            self.start_stage(f"streams-{number}", "streams")
        for receiver in settings_file.RECEIVERS:
            self.start_stage(f"sink-{receiver}", "sinks", "--receiver", receiver)
        self.start_stage("observer", "operations.command", "observe")

    def start_stage(self, name: str, module: str, *arguments: str) -> None:
        """Starts one of the product's processes and keeps it running."""
        port = self.ports[name] = free_port()
        self.stages.start(self.stage_program(name, port, module, *arguments))
        self._write_targets()

    def drop_stage(self, name: str) -> None:
        """Ends one of them in order, for good."""
        self.stages.remove(name)
        self.ports.pop(name, None)
        self._write_targets()

    def _write_targets(self) -> None:
        """Whom `meterstream status` asks; a Prometheus could read it, too."""
        settings_file.write_targets(self.directory, self.ports)

    def stage_program(self, name: str, port: int, module: str, *arguments: str) -> Program:
        """How one of the product's processes is started. ``port``: where it serves its health."""
        return Program(
            Service(name, self.directory / "logs" / f"{name}.log"),
            [sys.executable, "-m", module, "--config", str(self.config), *arguments],
            {**os.environ, **ways.kafka_address(self.network, module), "METERSTREAM__METRICS__PORT": str(port)},
        )
