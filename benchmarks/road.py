"""The whole road under measure: the real processes, a real broker and PostgreSQL; a utility that costs nothing."""

import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from subprocess import Popen
from typing import Self

from benchmarks import events
from benchmarks.costs import Costs
from benchmarks.prepared_utility import World, served
from benchmarks.stage import Stage, wait_until
from benchmarks.topics import prepared
from local.kafka import KafkaBroker
from local.ports import free_port
from local.postgres import PostgresServer

START_SECONDS = 60.0
_SETTINGS = """
[sources.utility]
mapping = "oresundskraft"
url = "http://127.0.0.1:{port}"
granularity = "hour"
points = "points.csv"
limits = {{ requests_per_second = {requests}, concurrency = 16 }}
poll = {{ every = {every}, first_load = {first_load} }}

[receivers.bench]
database = "postgresql"
dsn = {{ file = "dsn" }}
points = "points.csv"
"""


@dataclass(frozen=True)
class Asking:
    """How the utility is asked: calls per second at most, seconds between two polls of a point, days of its first load.

    More than 31 days are asked for in several calls, as by default.
    """

    requests: float = 100_000.0
    every: float = 300.0
    first_load: int = 45


class Road:
    """From HTTP to the rows of one receiver, for as long as the context lasts; the producer is started last."""

    def __init__(self, world: World, asking: Asking, workers: int = 1) -> None:
        """Starts nothing. ``workers``: of streams."""
        self._world, self._asking, self._workers = world, asking, workers
        self._stack = ExitStack()
        self._folder = Path()
        self.port = free_port()
        self.stages: dict[str, Stage] = {}

    def __enter__(self) -> Self:
        """Starts all; streams and sink are ready before the producer asks."""
        with ExitStack() as stack:
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="meterstream-bench-")))
            broker = stack.enter_context(KafkaBroker(self._folder / "kafka"))
            self._postgres = stack.enter_context(PostgresServer(self._folder / "postgres"))
            utility = stack.enter_context(self._utility())
            stack.callback(utility.terminate)
            config = self._prepare(broker)
            self._start(stack, config)
            pids = {"utility": utility.pid, "Kafka": broker.pid, "PostgreSQL": self._postgres.pid}
            self.costs = Costs(pids | {name: stage.pid for name, stage in self.stages.items()})
            wait_until(lambda: served(self.port) > 0, "the producer asks", START_SECONDS)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stops all, in reverse."""
        self._stack.close()

    @property
    def dsn(self) -> str:
        """The receiver's database."""
        return self._postgres.dsn("bench")

    @property
    def began(self) -> float:
        """When the utility was asked first, in seconds since 1970."""
        return served(self.port)

    def total(self, kind: str, metric: str) -> float:
        """A metric's total over the processes whose names begin so; all must still run."""
        for stage in self.stages.values():
            stage.check()
        return sum(stage.metric(metric) for name, stage in self.stages.items() if name.startswith(kind))

    def complaints(self) -> str:
        """What the processes have logged that is no plain information."""
        lines = [f"{name}: {line}" for name, stage in self.stages.items() for line in stage.complaints()]
        return "\n".join(lines) or "no process has warned of anything"

    def _utility(self) -> "Popen[bytes]":
        return Popen([sys.executable, "-m", "benchmarks.prepared_utility", str(self.port), *self._world.arguments])

    def _prepare(self, broker: KafkaBroker) -> Path:
        lines = "".join(f"{point},\n" for point in events.points(self._world.points))
        (self._folder / "points.csv").write_text("metering_point,category\n" + lines, encoding="utf-8")
        self._postgres.create_database("bench")
        (self._folder / "dsn").write_text(self.dsn, encoding="utf-8")
        settings = _SETTINGS.format(port=self.port, **asdict(self._asking))
        config = self._folder / "meterstream.toml"
        prepared(config, broker.bootstrap_servers, "bench", settings)
        return config

    def _start(self, stack: ExitStack, config: Path) -> None:
        streams = ["streams"] if self._workers == 1 else [f"streams-{one}" for one in range(1, self._workers + 1)]
        commands = {name: ["streams"] for name in streams} | {"sink": ["sinks", "--receiver", "bench"]}

        def start(name: str, module: str, *arguments: str) -> None:
            command = [module, "--config", str(config), *arguments]
            self.stages[name] = stack.enter_context(Stage(command, config.with_name(f"{name}.log")))

        for name, command in commands.items():
            start(name, *command)
        wait_until(lambda: all(stage.ready() for stage in self.stages.values()), "streams and sink", START_SECONDS)
        start("producer", "producer")
