"""How large things are: records on the topics, state and memory in the processes, rows in the databases.

    make bench-sizes

No paces: bytes, from which `meterstream plan` and docs/capacity.md reckon. Memory is what Python's allocator gives out;
a process's resident memory is a tenth or so above it.
"""

import asyncio
import gc
import re
import tempfile
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import click
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from benchmarks import events
from benchmarks.results import Figure, report
from benchmarks.topics import PARTITIONS
from local.postgres import PostgresServer
from producer.memory import Memory, Remembered
from producer.points import Shard, load_points
from producer.schedule import Schedule
from schemas.events import Granularity
from schemas.exact import ONE
from schemas.instants import DAY, HOUR
from schemas.keys import series_key
from sinks.batch import Row
from sinks.database import Database
from sinks.postgresql.database import Address, PostgreSQL
from sinks.sqlite.database import SQLite
from streams import buckets
from streams.buckets import WIDTH
from streams.opening import BATCH_BYTES
from streams.rules.entry import Entry, Terms
from streams.state import PartitionState, bucket_key

ROWS = 10_000
"""Per database transaction."""
ROWS_OF_POINT = 500
TABLE = "rows_of_bench"
SAMPLE = Path(__file__).resolve().parents[1] / "docs" / "sample-message.json"
STEP: dict[Granularity, int] = {"month": 30 * DAY, "day": DAY, "hour": HOUR, "quarter": HOUR // 4}
KEPT: dict[Granularity, int] = {"month": 36, "day": 400, "hour": 45 * 24, "quarter": 45 * 96}
"""Readings of a series that the default history keeps."""
PARTS = 55
"""Days that the producer remembers of a point of hours."""
TERMS = Terms("kWh", "Fjärr", None, "volume", "hour", "measured", "kWh", ONE, None, None)
NO_RECORD: Any = None
REST = (False, "", "", 0, 0)
"""A database looks at a row's columns alone."""


@click.command()
@click.option("--rows", default=500_000, show_default=True, help="Rows in each database.")
@click.option("--points", default=20_000, show_default=True, help="Metering points that the producer knows.")
@click.option("--kept", default=200_000, show_default=True, help="Readings that the state keeps.")
@click.option("--record", is_flag=True, help="Add what was found to docs/benchmarks.jsonl.")
def main(rows: int, points: int, kept: int, record: bool) -> None:
    """Prints bytes per reading, row and metering point."""
    figures = [
        Figure("size: a reading in an answer", _in_answers(), "bytes"),
        Figure("size: a Reading on its topic", _on_topic(events.readings(kept, 2_000, PARTITIONS)), "bytes"),
        Figure("size: a MeterValue on its topic", _on_topic(events.values(kept, 2_000, PARTITIONS)), "bytes"),
        *(figure for granularity in STEP for figure in _state(granularity, kept)),
        *_producer(points),
        *_databases(rows),
    ]
    report(figures, record=record)


def _in_answers() -> float:
    """Bytes per reading of the published message, without white space."""
    text = re.sub(r"\s*\n\s*|(?<=:) ", "", SAMPLE.read_text("utf-8"))
    readings = text[text.index("[") + 1 : text.rindex("]")]
    return len(readings.encode()) / readings.count("ReadingDate")


def _on_topic(records: Iterable[events.Encoded]) -> float:
    """Bytes per record, with what Kafka adds, in full batches without compression."""
    full: float = 0
    count = number = 0
    batch = _batch()
    for _, key, value in records:
        if batch.append(number, 0, key, value, []) is None:
            full += batch.size()
            batch, number = _batch(), 0
            batch.append(number, 0, key, value, [])
        number += 1
        count += 1
    full += batch.size()
    return full / count


def _batch() -> Any:
    return DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=1,
        producer_id=1,
        producer_epoch=1,
        base_sequence=1,
        batch_size=BATCH_BYTES,
    )


def _state(granularity: Granularity, kept: int) -> Iterator[Figure]:
    """What streams keeps of a series, per reading: on the state topic, and in the worker's memory."""
    series = max(1, kept // KEPT[granularity])

    def filled() -> PartitionState:
        state, random = PartitionState(), Random(events.SEED)
        for point in events.points(series):
            key = series_key("oresundskraft-hours", point, "EL-EXT")
            for number, bucket in groupby(_entries(granularity, random), lambda e: e.reading_at // WIDTH[granularity]):
                state.load(bucket_key(key, granularity, number), buckets.encode(list(bucket)))
        return state

    state, memory = _weighed(filled)
    readings = series * KEPT[granularity]
    yield Figure(f"size: a reading of {granularity}s in the state, on its topic", state.size / readings, "bytes")
    yield Figure(f"size: a reading of {granularity}s in the state, in memory", memory / readings, "bytes")


def _entries(granularity: Granularity, random: Random) -> Iterator[Entry]:
    """One series: hours and quarters come a day at a time, the others one by one."""
    step = STEP[granularity]
    day = fetched = 0
    for number in range(KEPT[granularity]):
        at = events.START + (number + 1) * step
        if at // DAY != day:
            day, fetched = at // DAY, (at // DAY + 1) * DAY + random.randrange(HOUR)
        yield Entry(at, random.randrange(10**6) * ONE // 1_000, step, 0, TERMS, fetched, fetched)


def _producer(count: int) -> Iterator[Figure]:
    """What the producer holds of a metering point of hours that was polled."""
    with tempfile.TemporaryDirectory(prefix="meterstream-bench-") as directory:
        file = Path(directory) / "points.csv"
        file.write_text("metering_point\n" + "\n".join(name[1:] for name in events.points(count)), encoding="utf-8")
        parts = {20260101 + number: number.to_bytes(8, "big") for number in range(PARTS)}
        remembered = Remembered(fetched_at=events.FETCHED, fingerprint=b"12345678", parts=parts)

        async def known() -> object:
            memory = Memory(PARTS)
            points = load_points(file, Shard())
            for point in points:
                memory.put(point.metering_point, remembered)
            answers = {point.metering_point: (number.to_bytes(16, "big"), 336) for number, point in enumerate(points)}
            return points, memory, Schedule(range(count)), answers

        _, size = _weighed(lambda: asyncio.run(known()))
    size -= count * len(remembered.encode(PARTS))
    yield Figure("size: a metering point in the producer, but for its memory record", size / count, "bytes")


def _databases(rows: int) -> Iterator[Figure]:
    """Bytes per row with its index and the free space that inserting leaves."""
    with (
        tempfile.TemporaryDirectory(prefix="meterstream-bench-") as directory,
        PostgresServer(Path(directory)) as server,
    ):
        server.create_database("bench")
        postgresql = PostgreSQL(Address("bench", server.dsn("bench"), "meterstream", timeout=60))
        _fill(postgresql, rows)
        with postgresql.transaction():
            ((size,),) = postgresql.execute(f"SELECT pg_total_relation_size('{TABLE}')")
            ((index,),) = postgresql.execute(f"SELECT pg_indexes_size('{TABLE}')")
        postgresql.close()
        yield Figure("size: a row in PostgreSQL", size / rows, "bytes")
        yield Figure("size: a row in PostgreSQL's index", index / rows, "bytes")
        file = Path(directory) / "rows.sqlite"
        sqlite = SQLite("bench", file, timeout=60)
        _fill(sqlite, rows)
        sqlite.close()
        yield Figure("size: a row in SQLite", file.stat().st_size / rows, "bytes")


def _fill(database: Database, rows: int) -> None:
    database.connect()
    with database.transaction():
        database.execute(database.create_table(TABLE))
    encoded = events.values(rows, max(1, rows // ROWS_OF_POINT), PARTITIONS)
    decode = events.values_codec.columns(database.forms, ())
    while batch := list(islice(encoded, ROWS)):
        in_order = sorted((key, *decode(value)) for _, key, value in batch)
        with database.transaction():
            database.put(TABLE, [Row(NO_RECORD, columns, key, *REST) for key, columns in in_order], events.FETCHED)


T = TypeVar("T")


def _weighed(make: Callable[[], T]) -> tuple[T, int]:
    """What was made, and the bytes that it holds."""
    make()  # what is remembered for ever, such as parsed dates, is not counted
    gc.collect()
    tracemalloc.start()
    try:
        made = make()
        gc.collect()
        return made, tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


if __name__ == "__main__":
    main()
