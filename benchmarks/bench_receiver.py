"""A new receiver: from the start of its sink against an empty database until it shows all that there is.

    make bench-receiver

The values topic holds the month values of its points, and as many of points that are not its own. It counts from the
start of the process until the view shows every row and the lag is 0.
"""

import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import click
import psycopg

from benchmarks import events
from benchmarks.costs import Costs
from benchmarks.kafka_load import load
from benchmarks.results import Figure, report
from benchmarks.stage import Stage, wait_until
from benchmarks.topics import PARTITIONS, prepared
from local.kafka import KafkaBroker
from local.postgres import PostgresServer

WRITTEN = "meterstream_sink_rows_written_total"
LAG = "meterstream_sink_lag_records"
GOAL_SECONDS = 30.0
GOAL_ROWS = 240_000
_RECEIVERS = """
[receivers.postgresql]
database = "postgresql"
dsn = { file = "dsn" }
points = "points.csv"

[receivers.sqlite]
database = "sqlite"
path = "rows.sqlite"
points = "points.csv"
"""


@click.command()
@click.option("--points", default=10_000, show_default=True, help="Of the receiver; the topic holds twice as many.")
@click.option("--months", default=24, show_default=True)
@click.option("--runs", default=3, show_default=True, help="The median of so many is told.")
@click.option("--record", is_flag=True, help="Add what was found to docs/benchmarks.jsonl.")
def main(points: int, months: int, runs: int, record: bool) -> None:
    """Prints how long a new receiver takes, in PostgreSQL and in SQLite."""
    values = list(events.month_values(2 * points, months, PARTITIONS))
    of_all = {"PostgreSQL": _postgresql, "SQLite": _sqlite}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="meterstream-bench-")))
        broker = stack.enter_context(KafkaBroker(folder / "kafka"))
        config = _prepare(folder, broker, values, points)
        found = {
            name: sorted((measure(folder, config, points * months) for _ in range(runs)), key=lambda run: run.value)
            for name, measure in of_all.items()
        }
    report([of_runs[(runs - 1) // 2] for of_runs in found.values()], record=record)


def _prepare(folder: Path, broker: KafkaBroker, values: list[events.Encoded], points: int) -> Path:
    lines = "".join(f"{point},\n" for point in events.points(2 * points)[::2])
    (folder / "points.csv").write_text("metering_point,category\n" + lines, encoding="utf-8")
    (folder / "dsn").touch()
    config = folder / "meterstream.toml"
    load(broker.bootstrap_servers, prepared(config, broker.bootstrap_servers, "bench", _RECEIVERS).values, values)
    return config


def _postgresql(folder: Path, config: Path, rows: int) -> Figure:
    temporary = tempfile.TemporaryDirectory(prefix="meterstream-bench-")
    with temporary as directory, PostgresServer(Path(directory)) as server:
        server.create_database("bench")
        (folder / "dsn").write_text(server.dsn("bench"), encoding="utf-8")

        def shown() -> int:
            with psycopg.connect(server.dsn("bench")) as connection:
                return _count(connection.execute("SELECT count(*) FROM meterstream.meter_values").fetchone())

        return _measured("PostgreSQL", config, rows, shown, {"PostgreSQL": server.pid})


def _sqlite(folder: Path, config: Path, rows: int) -> Figure:
    file = folder / "rows.sqlite"
    for old in folder.glob(f"{file.name}*"):
        old.unlink()

    def shown() -> int:
        connection = sqlite3.connect(file)
        try:
            return _count(connection.execute("SELECT count(*) FROM meter_values").fetchone())
        finally:
            connection.close()

    return _measured("SQLite", config, rows, shown, {})


def _count(row: tuple[int, ...] | None) -> int:
    return row[0] if row else 0


def _measured(name: str, config: Path, rows: int, shown: Callable[[], int], beside: dict[str, int]) -> Figure:
    began = time.perf_counter()
    command = ["sinks", "--config", str(config), "--receiver", name.lower()]
    with Stage(command, config.with_name(f"{name}.log")) as sink:
        costs = Costs({"sink": sink.pid, **beside})

        def through() -> bool:
            sink.check()
            costs.look()
            return sink.metric(WRITTEN) >= rows and sink.metric(LAG) == 0

        wait_until(through, f"{rows:,} rows in {name}", every=0.2)
        seconds = time.perf_counter() - began
        cpu, peak = costs.cpu_per_million(rows), costs.peak_mib()
    if (count := shown()) != rows:
        raise click.ClickException(f"{name}: the view shows {count:,} rows, not {rows:,}")
    goal = GOAL_SECONDS if rows == GOAL_ROWS else None
    return Figure(f"a new receiver: {rows:,} rows into {name}", seconds, "s", goal, cpu, peak)


if __name__ == "__main__":
    main()
