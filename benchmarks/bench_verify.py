"""The proof of a delivery: a whole table read back, and compared with the feed, row by row and field by field.

    make bench-verify
    python -m benchmarks.bench_verify --rows 1000000 --layouts vitec

A receiver's test stage in PostgreSQL holds months of its points; the values topic besides as many of others. Then
``receivers verify`` and ``receivers sign-off`` run, each as a process: from its start to its end.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from benchmarks import events
from benchmarks.kafka_load import load
from benchmarks.results import Result, report
from benchmarks.stage import Pace, Stage, wait_until
from benchmarks.topics import PARTITIONS, prepared
from local.kafka import KafkaBroker
from local.postgres import PostgresServer

MONTHS = 24
WRITTEN, LAG = "meterstream_sink_rows_written_total", "meterstream_sink_lag_records"
_RECEIVER = """
[receivers.bench]
database = "postgresql"
dsn = {{ file = "dsn" }}
points = "points.csv"
layouts = [{layouts}]

[receivers.bench.test]
database = "postgresql"
dsn = {{ file = "dsn" }}
database_schema = "meterstream_test"
"""


@click.command()
@click.option("--rows", default=240_000, show_default=True, help="Of the receiver; the topic holds twice as many.")
@click.option("--layouts", default="vitec,plain", show_default=True, help="Their names, with commas.")
@click.option("--runs", default=3, show_default=True, help="The median of so many is told.")
@click.option("--record", is_flag=True, help="Add what was found to docs/benchmarks.jsonl.")
def main(rows: int, layouts: str, runs: int, record: bool) -> None:
    """Prints how many rows a second are proven, at what CPU and memory."""
    points, names = rows // MONTHS, layouts.split(",")
    rows = points * MONTHS
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="meterstream-bench-")))
        config = _delivered(stack, folder, points, names)
        commands = {"verify": ["bench", "--stage", "test"], "sign-off": ["bench", "--directory", str(folder)]}
        results = []
        for command, options in commands.items():
            found = [_timed(["--config", str(config), "receivers", command, *options], rows) for _ in range(runs)]
            median = sorted(found, key=lambda pace: pace.seconds)[(runs - 1) // 2]
            results.append(Result(f"proof: {command}, {rows:,} rows with layouts {', '.join(names)}", median))
    for result in results:
        click.echo(f"{result.what}: {result.pace.seconds:.1f} s")
    report(results, record=record)


def _delivered(stack: ExitStack, folder: Path, points: int, layouts: Sequence[str]) -> Path:
    """Services with a receiver that has everything; its settings."""
    broker = stack.enter_context(KafkaBroker(folder / "kafka"))
    (folder / "postgres").mkdir()
    server = stack.enter_context(PostgresServer(folder / "postgres"))
    server.create_database("bench")
    (folder / "dsn").write_text(server.dsn("bench"), encoding="utf-8")
    own = enumerate(events.points(2 * points)[::2])
    lines = "".join(f"{point},,KEY-{number}\n" for number, point in own)
    (folder / "points.csv").write_text("metering_point,category,receiver_key\n" + lines, encoding="utf-8")
    config, names = folder / "meterstream.toml", ", ".join(f'"{name}"' for name in layouts)
    topic = prepared(config, broker.bootstrap_servers, "bench", _RECEIVER.format(layouts=names)).values
    load(broker.bootstrap_servers, topic, events.month_values(2 * points, MONTHS, PARTITIONS))
    with Stage(["sinks", "--config", str(config), "--receiver", "bench", "--stage", "test"], folder / "log") as sink:

        def through() -> bool:
            sink.check()
            return sink.metric(WRITTEN) >= points * MONTHS and sink.metric(LAG) == 0

        wait_until(through, "the delivery", every=0.5)
    return config


def _timed(words: Sequence[str], rows: int) -> Pace:
    """One command of ``meterstream``, which must find the receiver equal to the feed."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "operations.command", *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise click.ClickException(f"{' '.join(words)}: ended with {child.returncode}")
    cpu = {"worker": used.ru_utime + used.ru_stime}
    return Pace(rows, time.perf_counter() - began, cpu, used.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
