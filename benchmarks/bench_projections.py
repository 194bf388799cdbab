"""What it costs that a layout's rows stand in a table of the customer's own, too: one writer, without Kafka.

    python -m benchmarks.bench_projections --database mariadb

The same rows three times: with the layout as a view alone; with the table, batch by batch as the live feed brings them;
and all of them point by point, as after a change of the points.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import click
from msgspec import structs
from rich.console import Console
from rich.table import Table

from benchmarks import events
from benchmarks.costs import cpu_seconds
from benchmarks.sink_places import PLACES
from benchmarks.topics import PARTITIONS
from runtime.settings.load import load
from runtime.settings.receiver import StageSettings
from sinks.batch import Batch, Row
from sinks.build import database_of
from sinks.database import Database
from sinks.decoding import Decoder
from sinks.layouts import Layout
from sinks.layouts.layout import LayoutFile
from sinks.layouts.zone import zone_of
from sinks.points.points import Point, Points
from sinks.projections.writer import ProjectingWriter
from sinks.put_back import PutBackRecord
from sinks.sql_writer import SqlWriter
from sinks.writer import Receiver, Topic

BATCH = 10_000
TOPIC = Topic("values", "bench", PARTITIONS)
START = dict.fromkeys(range(PARTITIONS), 0)
LAYOUT = LayoutFile.model_validate(
    {
        "view": "ours",
        "match": ["item", "begins", "ends"],
        "columns": [
            {"name": "item", "from": "receiver_key"},
            {"name": "begins", "from": "period_start"},
            {"name": "ends", "from": "period_end"},
            {"name": "energy", "from": "consumption", "decimals": 3, "remainder": "hold"},
            {"name": "status", "from": "status"},
        ],
    }
)
TYPES = {
    "postgresql": ("public.ours_of_long", "varchar(80)", "timestamp", "numeric(18,3)"),
    "mariadb": ("ours_of_long", "varchar(80)", "datetime", "decimal(18,3)"),
    "sqlite": ("ours_of_long", "TEXT", "TEXT", "TEXT"),
}
"""By database: the customer's table, and its types of texts, times and numbers."""


@click.command()
@click.option("--rows", default=200_000, show_default=True)
@click.option("--points", default=2_000, show_default=True)
@click.option("--database", type=click.Choice([*TYPES]), default="postgresql", show_default=True)
def main(rows: int, points: int, database: str) -> None:
    """Prints rows per second without and with a table of the customer's own."""
    table = Table(title=f"{rows:,} rows into {database}, {BATCH:,} a batch; CPU seconds per million rows")
    for column in ("", "rows/s", "worker", "server"):
        table.add_column(column)
    with (
        tempfile.TemporaryDirectory(prefix="meterstream-bench-") as directory,
        PLACES[database](Path(directory)) as place,
    ):
        bench = _Bench(_stage(Path(directory), place.settings), [*place.pids.values()], rows, points)
        found: dict[str, Cost] = {}
        with place.empty():
            found["new rows, a view alone"] = bench.new(into=False)
        with place.empty():
            found["new rows, a table besides"] = bench.new(into=True)
            found["all again, point by point"] = bench.again()
            found["corrections, a table besides"] = bench.corrections()
    for what, cost in found.items():
        cpu = (seconds / rows * 1_000_000 for seconds in (cost.worker, cost.server))
        table.add_row(what, f"{rows / cost.seconds:,.0f}", *(f"{seconds:,.1f}" for seconds in cpu))
    Console().print(table)


def _stage(folder: Path, settings: str) -> StageSettings:
    (folder / "points.csv").write_text("metering_point,category\n1,\n", "utf-8")
    config = folder / "meterstream.toml"
    config.write_text(f'[receivers.bench]\n{settings}points = "points.csv"\n', "utf-8")
    return load(config, {}, ("receivers",)).receivers["bench"]


class Cost(NamedTuple):
    """Seconds: on the clock, and of the CPU."""

    seconds: float = 0.0
    worker: float = 0.0
    server: float = 0.0

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))

    def plus(self, other: "Cost") -> "Cost":
        """Both."""
        return Cost(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class _Bench:
    def __init__(self, stage: StageSettings, pids: Sequence[int], rows: int, points: int) -> None:
        self._stage = stage
        self._pids = pids
        self._points = Points(Point(name, receiver_key=f"item {name}") for name in events.points(points))
        self._rows = rows
        self._of_points = points

    def new(self, into: bool) -> Cost:
        """Of rows that are new."""
        with closing(self._database()) as database:
            database.connect()
            with database.transaction():
                database.execute(_create(self._stage.database))
        return self._write(self._writer(into), 0)

    def corrections(self) -> Cost:
        """The same when every row is replaced."""
        return self._write(self._writer(into=True), self._rows)

    def again(self) -> Cost:
        """The same when the points have changed, and with them every row."""
        writer = self._writer(into=True)
        before = self._spent()
        writer.take_points(Points(Point(one.metering_point, receiver_key=one.metering_point) for one in self._points))
        _settle(writer)
        cost = self._spent() - before
        writer.take_points(self._points)
        _settle(writer)
        writer.close()
        return cost

    def _write(self, writer: ProjectingWriter, sequence: int) -> Cost:
        writer.take_points(self._points)
        rows = self._decoded(writer, sequence)
        cost, before = Cost(), writer.look()
        while some := list(islice(rows, BATCH)):
            after = dict(before) | {0: before[0] + 1}
            spent = self._spent()
            writer.write(Batch(some, before, after), lambda refused: [])
            cost = cost.plus(self._spent() - spent)
            before = after
        writer.close()
        return cost

    def _spent(self) -> Cost:
        return Cost(time.perf_counter(), time.process_time(), sum(map(cpu_seconds, self._pids)))

    def _decoded(self, writer: ProjectingWriter, later: int) -> Iterator[Row]:
        decoder = Decoder(events.values_codec, writer.forms, self._points, PARTITIONS)
        for offset, (partition, key, value) in enumerate(events.values(self._rows, self._of_points, PARTITIONS)):
            record = PutBackRecord("", "values", partition, offset, key, _later(value, later))
            yield from decoder.decode([record]).rows

    def _writer(self, into: bool) -> ProjectingWriter:
        table, *_ = TYPES[self._stage.database]
        layout = Layout("ours", LAYOUT, LAYOUT.policy, zone_of("+01:00"), table if into else None)
        writer = ProjectingWriter(SqlWriter(self._database(), Receiver("bench", "1", layouts=(layout,))))
        writer.open(TOPIC, range(PARTITIONS))
        return writer

    def _database(self) -> Database:
        return database_of("bench", self._stage, {})


def _settle(writer: ProjectingWriter) -> None:
    while writer.waiting:
        writer.look()


def _later(value: bytes, later: int) -> bytes:
    """A version that is newer by so many sequences."""
    if not later:
        return value
    decoded = events.values_codec.decode(value)
    return events.values_codec.encode(structs.replace(decoded, sequence=decoded.sequence + later))


def _create(database: str) -> str:
    table, text, time_, number = TYPES[database]
    return (
        f"CREATE TABLE {table} (item {text} NOT NULL, begins {time_} NOT NULL, ends {time_} NOT NULL, "
        f"energy {number}, status {text}, theirs integer, UNIQUE (item, begins, ends))"
    )


if __name__ == "__main__":
    main()
