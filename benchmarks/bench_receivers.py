"""Many receivers on one machine: what their processes take, idle and while values are delivered.

    python -m benchmarks.bench_receivers --receivers 50 --values 100000

One supervisor, a worker for each receiver, a database file or a schema for each. The values are spread over points of
which each receiver has its share; every worker reads all of them. Memory is PSS: what processes share is counted once.
"""

import json
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import psutil

from benchmarks import events
from benchmarks.costs import cpu_seconds, memory_mib
from benchmarks.kafka_load import load
from benchmarks.results import Figure, report
from benchmarks.stage import Stage, wait_until
from benchmarks.topics import PARTITIONS, prepared
from local.kafka import KafkaBroker
from local.postgres import PostgresServer
from local.scrape import scrape

CONSUMED = "meterstream_sink_consumed_total"
IDLE_SECONDS = 15.0
POINTS_EACH = 10
GOAL_MIB = 60.0


@click.command()
@click.option("--receivers", default=50, show_default=True)
@click.option("--values", default=100_000, show_default=True, help="Written to the values topic in all.")
@click.option("--database", type=click.Choice(["sqlite", "postgresql", "both"]), default="both", show_default=True)
@click.option("--idle", default=IDLE_SECONDS, show_default=True, help="Seconds for which they idle under measure.")
@click.option("--record", is_flag=True, help="Add what was found to docs/benchmarks.jsonl.")
def main(receivers: int, values: int, database: str, idle: float, record: bool) -> None:
    """Prints what the workers of many receivers take on this machine."""
    figures: list[Figure] = []
    for kind in ("sqlite", "postgresql") if database == "both" else (database,):
        with ExitStack() as stack:
            figures += _measured(stack, kind, (receivers, values), idle)
    report(figures, record=record)


def _measured(stack: ExitStack, kind: str, size: tuple[int, int], idle: float) -> list[Figure]:
    count, values = size
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="meterstream-bench-")))
    broker = stack.enter_context(KafkaBroker(folder / "kafka"))
    server = stack.enter_context(PostgresServer(folder / "postgres")) if kind == "postgresql" else None
    config = folder / "meterstream.toml"
    values_topic = prepared(config, broker.bootstrap_servers, "bench", _receivers(folder, count, server)).values
    began = time.perf_counter()
    stage = stack.enter_context(Stage(["sinks", "--config", str(config), "--all"], folder / "sinks.log"))
    wait_until(lambda: _all_ready(stage, count), f"{count} receivers", within=300.0)
    ready = time.perf_counter() - began
    name = f"{count} receivers, {'SQLite' if kind == 'sqlite' else 'PostgreSQL'}"
    ports = {"Kafka": _port(broker.bootstrap_servers), "database": server.port if server else 0}
    at_rest = _idle(stage, idle)
    found = [
        Figure(f"{name}: from the start until all are ready", ready, "s"),
        *(Figure(f"{name}, idle: {what}", value, unit, goal) for what, value, unit, goal in at_rest),
    ]
    seconds, cpu, peak = _delivered(
        stage, count, lambda: load(broker.bootstrap_servers, values_topic, _spread(values, count))
    )
    found += [
        Figure(f"{name}: {values:,} values, each read by all, until the last has them", seconds, "s", None, cpu),
        Figure(f"{name}, meanwhile: memory in all", peak, "MiB"),
        *(
            Figure(f"{name}: connections of a worker to {where}, at most", most, "")
            for where, most in _connections(stage, ports).items()
        ),
    ]
    return found


def _receivers(folder: Path, count: int, server: PostgresServer | None) -> str:
    names = events.points(count * POINTS_EACH)
    if server is not None:
        server.create_database("bench")
        (folder / "dsn").write_text(server.dsn("bench"), encoding="utf-8")
    sections = []
    for number in range(count):
        lines = "".join(f"{point},\n" for point in names[number * POINTS_EACH : (number + 1) * POINTS_EACH])
        (folder / f"points-{number}.csv").write_text("metering_point,category\n" + lines, encoding="utf-8")
        address = (
            f'database = "sqlite"\npath = "r{number}.sqlite"'
            if server is None
            else f'database = "postgresql"\ndsn = {{ file = "dsn" }}\ndatabase_schema = "r{number}"'
        )
        sections.append(f'[receivers.r{number}]\n{address}\npoints = "points-{number}.csv"\n')
    return "\n".join(sections)


def _spread(values: int, receivers: int) -> Sequence[events.Encoded]:
    return list(events.values(values, receivers * POINTS_EACH, PARTITIONS))


def _workers(stage: Stage) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{stage.port}/receivers", timeout=10) as answer:
        found: list[dict[str, Any]] = json.loads(answer.read())
    return found


def _all_ready(stage: Stage, count: int) -> bool:
    """Whether every worker runs, and says that it can do its work."""
    if not stage.ready():
        return False
    workers = _workers(stage)
    return len(workers) == count and all(_ready(str(worker["address"])) for worker in workers)


def _ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=5) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except OSError:
        return False


def _idle(stage: Stage, seconds: float) -> list[tuple[str, float, str, float | None]]:
    """What is taken while nothing comes: what, how much, its unit and goal."""
    before, began = cpu_seconds(stage.pid), time.perf_counter()
    time.sleep(seconds)
    took = (cpu_seconds(stage.pid) - before) / (time.perf_counter() - began)
    each = [memory_mib(worker["pid"]) for worker in _workers(stage)]
    return [
        ("memory of a worker, at most", max(each), "MiB", GOAL_MIB),
        ("memory in all, with the supervisor's", memory_mib(stage.pid), "MiB", None),
        ("cores in use", took, "", None),
        (
            "threads of a worker, at most",
            max(psutil.Process(one["pid"]).num_threads() for one in _workers(stage)),
            "",
            None,
        ),
    ]


def _connections(stage: Stage, ports: dict[str, int]) -> dict[str, int]:
    """The most connections that one worker holds to each port."""
    most: Counter[str] = Counter()
    for worker in _workers(stage):
        held = Counter(one.raddr.port for one in psutil.Process(worker["pid"]).net_connections("tcp") if one.raddr)
        for name, port in ports.items():
            most[name] = max(most[name], held[port])
    return dict(most)


def _delivered(stage: Stage, count: int, write: Callable[[], int]) -> tuple[float, dict[str, float], float]:
    """Seconds until all have read everything; CPU seconds per million records read; the largest memory in all."""
    before, began, peak = cpu_seconds(stage.pid), time.perf_counter(), 0.0
    values = write()
    addresses = [f"{worker['address']}/metrics" for worker in _workers(stage)]

    def through() -> bool:
        nonlocal peak
        stage.check()
        peak = max(peak, memory_mib(stage.pid))
        return scrape(addresses).total(CONSUMED) >= values * count

    wait_until(through, f"{values:,} values for each of {count} receivers", every=1.0, within=900.0)
    seconds = time.perf_counter() - began
    cpu = (cpu_seconds(stage.pid) - before) / (values * count) * 1_000_000
    return seconds, {"sinks": cpu}, peak


def _port(bootstrap_servers: str) -> int:
    return urlsplit(f"kafka://{bootstrap_servers}").port or 0


if __name__ == "__main__":
    main()
