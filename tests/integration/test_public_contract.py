"""A consumer that knows nothing of meterstream but its documents ends with the same table as a sink."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from local.cluster import Cluster
from schemas.keys import partition_of
from schemas.registry import versions
from tests.receiver_databases import SQLiteReceiver
from tests.sink_rows import AT, PARTITIONS, outside, value
from tests.sink_system import SinkSystem, until

pytestmark = pytest.mark.services

ROOT = Path(__file__).resolve().parents[2]
AVRO = ROOT / "schemas" / "avro"
KEY = ("source", "metering_point", "delivery_category", "reading_at")
NUMBERS = {"value", "delta", "consumption", "change"}
INSTANTS = {
    *("reading_at", "period_start", "period_end", "previous_reading_at"),
    *("fetched_at", "published_at"),
}
Table = dict[tuple[Any, ...], dict[str, Any]]


@pytest.fixture
def system(kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[SinkSystem]:
    system = SinkSystem(kafka.bootstrap_servers, unique, tmp_path, SQLiteReceiver(tmp_path / "vitec.sqlite"))
    yield system
    system.close()


class Consumer:
    """One of docs/ on a system's values topic; what it prints is in a file."""

    def __init__(self, folder: Path, name: str, *words: str) -> None:
        self._output = folder / f"{name}.jsonl"
        with self._output.open("wb") as output, (folder / f"{name}.log").open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "docs" / f"{name}.py"), *words], stdout=output, stderr=errors
            )

    def rows(self) -> list[dict[str, Any]]:
        """Every row that it has printed so far."""
        assert not self.process.poll()
        return [json.loads(line) for line in self._output.read_bytes().splitlines(keepends=True) if line[-1:] == b"\n"]


@pytest.fixture
def consumer(kafka: Cluster, system: SinkSystem) -> Iterator[Callable[..., Consumer]]:
    """Starts docs/consumer.py, or another."""
    running: list[Consumer] = []

    def start(name: str = "consumer", *options: str) -> Consumer:
        schema = str(AVRO) if options else str(AVRO / f"meter_value-{len(versions('MeterValue'))}.avsc")
        words = [kafka.bootstrap_servers, system.names.values, schema, *options]
        running.append(Consumer(system.folder, name, *words))
        return running[-1]

    yield start
    for each in running:
        each.process.kill()
        each.process.wait()


def told(name: str, content: Any) -> Any:
    """A field as a number or a moment, whoever wrote it."""
    if content is None:
        return None
    if name in NUMBERS:
        return Decimal(content)
    return datetime.fromisoformat(content) if name in INSTANTS else content


def table_of(rows: list[dict[str, Any]]) -> Table:
    """The last row of each identity."""
    read = [{name: told(name, content) for name, content in row.items()} for row in rows]
    return {tuple(row[name] for name in KEY): row for row in read}


def sink_table(path: Path) -> Table:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute("SELECT * FROM meter_values")]
    return table_of([{name: content for name, content in row.items() if name != "delivered_at"} for row in rows])


HISTORY = [
    *(value(number, metering_point=f"p{number % 7}", reading_at=AT + number) for number in range(1, 50)),
    value(60, metering_point="p1", reading_at=AT + 1, value=None, consumption=None, cause="corrected"),
    value(61, metering_point="p2", reading_at=AT + 2, value=-(10**36) + 1, reading_reason="åäö"),
    value(55, metering_point="p2", reading_at=AT + 2, value=5),  # from a replay: older than what is there
    outside(62, metering_point="p3", reading_at=AT + 3, fetched_at=AT + 10**12),  # of equal content
    outside(63, metering_point="p4", reading_at=AT + 4, fetched_at=AT + 10**12, value=7),
    outside(64, metering_point="p5", reading_at=AT + 5, fetched_at=AT, value=8),  # fetched earlier
    outside(65, metering_point="p6", reading_at=AT - 10**12, value=9),
]


LAST = [value(99 + number, metering_point=f"p{50 + number}") for number in range(40)]
"""Some for each partition: whoever has them has passed all before them."""


def test_a_consumer_of_twenty_lines_ends_with_the_table_of_a_sink(
    system: SinkSystem, consumer: Callable[..., Consumer]
) -> None:
    """And so does one that knows when its table is complete."""
    system.give(*sorted({each.metering_point for each in (*HISTORY, *LAST)}))
    system.publish(HISTORY)
    aborted: Any = system.producer(transactional_id=f"{system.names.values}.aborted")
    aborted.init_transactions()
    aborted.begin_transaction()
    system.publish([value(99, metering_point="p1", reading_at=AT + 1, value=4)], aborted)
    aborted.abort_transaction()
    assert len({partition_of(each.metering_point, PARTITIONS) for each in LAST}) == PARTITIONS
    system.publish(LAST)

    worker = system.start()
    until(lambda: worker.metric("rows_written_total") > 0 and worker.metric("lag_records") == 0)
    short, complete = consumer(), consumer("complete_consumer", "--once")
    expected = sink_table(system.folder / "vitec.sqlite")
    assert len(expected) == 50 + len(LAST)
    assert complete.process.wait(60) == 0
    assert table_of(complete.rows()) == expected
    until(lambda: {each.metering_point for each in LAST} <= {row["metering_point"] for row in short.rows()})
    assert table_of(short.rows()) == expected


def test_it_follows_the_head(system: SinkSystem, consumer: Callable[..., Consumer]) -> None:
    system.publish([value(1)])
    following = consumer()
    until(lambda: len(following.rows()) == 1)
    system.publish([value(1), value(3, value=3), value(2, value=2)])
    system.publish([value(4, value=4)])
    until(lambda: len(following.rows()) == 3)
    assert [row["sequence"] for row in following.rows()] == [1, 3, 4]
