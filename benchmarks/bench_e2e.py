"""A million readings from HTTP to committed rows in one receiver, everything on one machine: how long, and who works?

    make bench-e2e

The real producer, streams workers and sink, a real broker and PostgreSQL (fsync on); only the utility is the least
that can answer. It counts from the first request to the last committed row. Then the rows are held against what was
served: how many each point has, their sum, and the sum of each times its hour.
"""

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import click
import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks import events
from benchmarks.costs import Costs
from benchmarks.prepared_utility import World, served
from benchmarks.results import MILLION, Figure, report
from benchmarks.stage import WITHIN, Stage, wait_until
from benchmarks.topics import prepared
from local.kafka import KafkaBroker
from local.ports import free_port
from local.postgres import PostgresServer
from schemas import instants
from schemas.instants import HOUR

LOOK_SECONDS = 0.5
GOAL_SECONDS = 90.0
DONE = {
    "producer": "meterstream_producer_published_total",
    "streams": "meterstream_streams_consumed_total",
    "sink": "meterstream_sink_rows_written_total",
}
"""What each stage counts, by the beginning of its processes' names."""
_SETTINGS = """
[sources.utility]
mapping = "oresundskraft"
url = "http://127.0.0.1:{port}"
granularity = "hour"
points = "points.csv"
limits = {{ requests_per_second = 100000, concurrency = 16 }}

[receivers.bench]
database = "postgresql"
dsn = {{ file = "dsn" }}
points = "points.csv"
"""
_ROWS = """
SELECT metering_point, count(*), sum(consumption), sum(consumption * hour) FROM (
    SELECT metering_point, consumption, (extract(epoch FROM reading_at) * 1000000 - %s)::bigint / %s AS hour
    FROM meterstream.meter_values
) AS rows GROUP BY metering_point
"""


@dataclass(frozen=True)
class Run:
    """Seconds until each stage had done all, since the first request; and what that cost, by process."""

    finished: Mapping[str, float]
    cpu_per_million: Mapping[str, float]
    peak_mib: Mapping[str, float]

    @property
    def seconds(self) -> float:
        """Until the last row was committed."""
        return self.finished["sink"]


@click.command()
@click.option("--points", default=2_000, show_default=True)
@click.option("--hours", default=500, show_default=True, help="Readings of each point.")
@click.option("--workers", default=1, show_default=True, help="Streams workers.")
@click.option("--runs", default=1, show_default=True, help="The median of so many is told. One takes a minute or two.")
@click.option("--record", is_flag=True, help="Add what was found to docs/benchmarks.jsonl.")
def main(points: int, hours: int, workers: int, runs: int, record: bool) -> None:
    """Prints how long so many readings take from end to end, what each stage took of it, and what it cost."""
    world = World(points, hours, instants.now() // HOUR * HOUR)
    found = sorted((_run(world, workers) for _ in range(runs)), key=lambda run: run.seconds)
    run = found[(runs - 1) // 2]
    table = Table("stage", "done after", "readings per second")
    for name, seconds in run.finished.items():
        table.add_row(name, f"{seconds:.1f} s", f"{world.readings / seconds:,.0f}")
    Console(width=100).print(table)
    what = f"end to end: {world.readings:,} readings from HTTP to rows in PostgreSQL"
    goal = GOAL_SECONDS if world.readings == MILLION else None
    report([Figure(what, run.seconds, "s", goal, run.cpu_per_million, run.peak_mib)], record=record)


def _run(world: World, workers: int) -> Run:
    with tempfile.TemporaryDirectory(prefix="meterstream-bench-") as directory:
        folder = Path(directory)
        with KafkaBroker(folder / "kafka") as broker, PostgresServer(folder / "postgres") as postgres:
            port = free_port()
            config = _prepare(folder, broker, postgres, world, port)
            with _utility(world, port) as utility, ExitStack() as stack:
                stages = _start(stack, config, workers)
                pids = {"utility": utility.pid, "Kafka": broker.pid, "PostgreSQL": postgres.pid}
                pids |= {name: stage.pid for name, stage in stages.items()}
                run = _watch(stages, world, port, Costs(pids))
            _compare(world, postgres)
    return run


def _prepare(folder: Path, broker: KafkaBroker, postgres: PostgresServer, world: World, port: int) -> Path:
    lines = "".join(f"{point},\n" for point in events.points(world.points))
    (folder / "points.csv").write_text("metering_point,category\n" + lines, encoding="utf-8")
    postgres.create_database("bench")
    (folder / "dsn").write_text(postgres.dsn("bench"), encoding="utf-8")
    config = folder / "meterstream.toml"
    prepared(config, broker.bootstrap_servers, "bench", _SETTINGS.format(port=port))
    return config


@contextmanager
def _utility(world: World, port: int) -> Iterator["Popen[bytes]"]:
    numbers = (str(number) for number in (port, world.points, world.hours, world.end))
    with Popen([sys.executable, "-m", "benchmarks.prepared_utility", *numbers]) as process:
        try:
            wait_until(lambda: _served(port) is not None, "the utility answers", 30)
            yield process
        finally:
            process.terminate()


def _served(port: int) -> tuple[float, int] | None:
    try:
        return served(port)
    except OSError:
        return None


def _start(stack: ExitStack, config: Path, workers: int) -> dict[str, Stage]:
    """The producer last: streams and sink are ready when it asks first."""
    streams = ["streams"] if workers == 1 else [f"streams-{number}" for number in range(1, workers + 1)]
    commands = {name: ["streams"] for name in streams} | {"sink": ["sinks", "--receiver", "bench"]}

    def started(name: str, module: str, *arguments: str) -> Stage:
        command = [module, "--config", str(config), *arguments]
        return stack.enter_context(Stage(command, config.with_name(f"{name}.log")))

    stages = {name: started(name, *command) for name, command in commands.items()}
    for name, stage in stages.items():
        wait_until(stage.ready, f"{name} is ready", 60)
    return {"producer": started("producer", "producer"), **stages}


def _watch(stages: Mapping[str, Stage], world: World, port: int, costs: Costs) -> Run:
    """Until every stage has done all readings."""
    wait_until(lambda: served(port)[0] > 0, "the producer asks", 60)
    began = served(port)[0]
    finished: dict[str, float] = {}
    while len(finished) < len(DONE):
        for stage in stages.values():
            stage.check()
        for kind, metric in DONE.items():
            done = sum(stage.metric(metric) for name, stage in stages.items() if name.startswith(kind))
            if kind not in finished and done >= world.readings:
                finished[kind] = time.time() - began
        costs.look()
        if time.time() - began > WITHIN:
            raise click.ClickException(f"not done within {WITHIN:g} s; so far: {sorted(finished)}")
        time.sleep(LOOK_SECONDS)
    return Run(finished, costs.cpu_per_million(world.readings), costs.peak_mib())


def _compare(world: World, postgres: PostgresServer) -> None:
    """Raises where the rows are not what was served."""
    with psycopg.connect(postgres.dsn("bench")) as connection:
        found = {point: tuple(rest) for point, *rest in connection.execute(_ROWS, (world.start, HOUR))}
    differing = 0
    for number, name in enumerate(events.points(world.points)):
        plain, placed = world.totals(number)
        count, total, weighted = found.pop(name, (0, 0, 0))
        differing += (count, total * 1_000, weighted * 1_000) != (world.hours, plain, placed)
    if differing or found:
        raise click.ClickException(f"{differing} points differ from what was served, {len(found)} are unknown")
    click.echo(f"{world.readings:,} rows in PostgreSQL, equal to what was served: count, sum and place per point")


if __name__ == "__main__":
    main()
