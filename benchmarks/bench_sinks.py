"""Topic to committed rows in a database: one sink worker beside the least that Python can do with the same clients.

    make bench-sinks
    python -m benchmarks.bench_sinks --database mariadb

The raw limit (PostgreSQL only) reads the same topic with aiokafka in one thread, decodes and sorts, and in another one
COPYs and upserts, without guard, positions, checks of keys, metrics or stopping. Then the worker delivers the same into
an empty database (new rows), and once more after its positions were set back (rows that are known).
"""

import queue
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import click
import psycopg
import uvloop
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from benchmarks import events
from benchmarks.kafka_load import load
from benchmarks.results import Result, median, report
from benchmarks.sink_places import PLACES, Place, PostgreSQLPlace
from benchmarks.stage import Pace, Stage
from benchmarks.topics import PARTITIONS, prepared
from local.kafka import KafkaBroker
from local.postgres import PostgresServer
from sinks.columns import KEY, NAMES, create_table
from sinks.postgresql.binary_copy import FORMS, copy_data
from sinks.postgresql.database import TYPES

BATCH = 10_000


@click.command()
@click.option("--rows", default=200_000, show_default=True)
@click.option("--points", default=2_000, show_default=True)
@click.option("--runs", default=3, show_default=True, help="The median of so many is told.")
@click.option("--database", type=click.Choice([*PLACES]), default="postgresql", show_default=True)
@click.option("--record", is_flag=True, help="Add what was found to docs/benchmarks.jsonl.")
def main(rows: int, points: int, runs: int, database: str, record: bool) -> None:
    """Prints the pace of one sink worker beside its raw limit."""
    with tempfile.TemporaryDirectory(prefix="meterstream-bench-") as directory:
        folder = Path(directory)
        with KafkaBroker(folder / "kafka") as broker, PLACES[database](folder) as place:
            bench = _Bench(folder, broker, place, rows, points)
            raws = [bench.raw(place.server) for _ in range(runs)] if isinstance(place, PostgreSQLPlace) else []
            found = [bench.run(number) for number in range(runs)]
    new, known = (median(paces) for paces in zip(*found, strict=True))
    again = "" if raws else f" into {place.name}"
    report(
        [
            Result(f"sinks: new rows into {place.name}", new, median(raws).per_second if raws else None),
            Result(f"sinks: known rows again{again}", known, None),
        ],
        record=record,
    )


class _Row(NamedTuple):
    key: bytes
    columns: tuple[bytes, ...]


class _Bench:
    def __init__(self, folder: Path, broker: KafkaBroker, place: Place, rows: int, points: int) -> None:
        self._folder, self._broker, self._place, self._rows = folder, broker, place, rows
        lines = "".join(f"{point},\n" for point in events.points(points))
        (folder / "points.csv").write_text("metering_point,category\n" + lines, encoding="utf-8")
        self._config = folder / "meterstream.toml"
        receiver = f'[receivers.bench]\n{place.settings}points = "points.csv"\n'
        self._topic = prepared(self._config, broker.bootstrap_servers, "bench", receiver).values
        load(broker.bootstrap_servers, self._topic, events.values(rows, points, PARTITIONS))

    def run(self, number: int) -> tuple[Pace, Pace]:
        """New and known, into an empty database."""
        with self._place.empty():
            new = self._worker(f"new-{number}", "meterstream_sink_rows_written_total")
            self._place.set_back()
            known = self._worker(f"known-{number}", "meterstream_sink_rows_superseded_total")
        return new, known

    def _worker(self, name: str, counted: str) -> Pace:
        beside = {"Kafka": self._broker.pid, **self._place.pids}
        command = ["sinks", "--config", str(self._config), "--receiver", "bench"]
        with Stage(command, self._folder / f"{name}.log", beside) as stage:
            return stage.pace(counted, self._rows)

    def raw(self, postgres: PostgresServer) -> Pace:
        """The least that Python can do, into an empty database."""
        with self._place.empty():
            began = time.perf_counter()
            ready: queue.Queue[bytes | None] = queue.Queue(2)
            reading = threading.Thread(target=lambda: uvloop.run(self._read(ready)))
            reading.start()
            with psycopg.connect(postgres.dsn("bench"), autocommit=True) as connection:
                _write(connection, ready)
            reading.join()
            return Pace(self._rows, time.perf_counter() - began, {}, 0.0)

    async def _read(self, ready: "queue.Queue[bytes | None]") -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._broker.bootstrap_servers,
            enable_auto_commit=False,
            isolation_level="read_committed",
            fetch_max_bytes=8 << 20,
            max_partition_fetch_bytes=1 << 20,
        )
        await consumer.start()
        places = [TopicPartition(self._topic, number) for number in range(PARTITIONS)]
        consumer.assign(places)
        for place in places:
            consumer.seek(place, 0)
        decode = events.values_codec.columns(FORMS, ())
        left = self._rows
        while left > 0:
            fetched = await consumer.getmany(timeout_ms=1_000, max_records=BATCH)
            polled = [record for records in fetched.values() for record in records]
            left -= len(polled)
            rows = [_Row(record.key, *decode(record.value)) for record in polled]
            if rows:
                ready.put(copy_data(sorted(rows), 0))
        ready.put(None)
        await consumer.stop()


def _write(connection: "psycopg.Connection[Any]", ready: "queue.Queue[bytes | None]") -> None:
    temporary = create_table("rows", TYPES)
    connection.execute(temporary)
    connection.execute("CREATE TEMPORARY TABLE incoming (LIKE rows) ON COMMIT DELETE ROWS")
    replaced = ", ".join(f"{name} = excluded.{name}" for name in NAMES if name not in KEY)
    upsert = f"INSERT INTO rows SELECT * FROM incoming ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET {replaced}"  # noqa: S608 - our own names
    while (data := ready.get()) is not None:
        with connection.transaction(), connection.cursor() as cursor:
            with cursor.copy("COPY incoming FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(data)
            cursor.execute(upsert)


if __name__ == "__main__":
    main()
