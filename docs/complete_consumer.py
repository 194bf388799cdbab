"""What consumer.py does, and two things more: it knows when its table is complete, and reads every schema version.

    pip install confluent-kafka fastavro
    python complete_consumer.py localhost:9092 meterstream.1.values ../schemas/avro

It knows nothing of meterstream but docs/consumers.md. With ``--once`` it ends when all that was there is read.
"""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

CANARY = "meterstream-canary"  # shows that the road is open, and is nobody's reading
KEY = ("source", "metering_point", "delivery_category", "reading_at")
CONTENT = (
    *("value", "unit", "series_kind", "granularity", "period_start", "period_end"),
    *("quality", "reading_method", "reading_reason", "consumption_unit"),
)
Row = Any


def replaces(row: Row, known: Row) -> bool:
    """The guard: whether a row takes the place of the one that is known under its key."""
    if row["sequence"] <= known["sequence"]:
        return False  # older, or seen before
    if row["held"] != "outside_history":
        return True
    return row["fetched_at"] > known["fetched_at"] and any(row[name] != known[name] for name in CONTENT)


def changes(servers: str, topic: str, schemas: dict[int, Any]) -> Iterator[Row]:
    """Every row that is new or replaces another; None, once, when all that the topic held has been read."""
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": "none", "enable.auto.commit": False}
        | {"isolation.level": "read_committed", "enable.partition.eof": True}
    )
    unread = set(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in unread])
    table: dict[tuple[Any, ...], Row] = {}
    while True:
        message: Any = consumer.poll(1.0)
        if message is None:
            continue
        if message.error() is None:
            written = schemas[int.from_bytes(message.value()[1:5], "big")]
            row: Row = fastavro.schemaless_reader(io.BytesIO(message.value()[5:]), written, schemas[max(schemas)])
            key = tuple(row[name] for name in KEY)
            if row["delivery_category"] != CANARY and (key not in table or replaces(row, table[key])):
                table[key] = row
                yield row
        elif message.error().code() != KafkaError._PARTITION_EOF:
            raise KafkaException(message.error())
        elif message.partition() in unread:
            unread.remove(message.partition())
            if not unread:
                yield None


def main(servers: str, topic: str, folder: str, *options: str) -> None:
    """Prints the rows; on standard error, that the table is complete."""
    ids = json.loads(Path(folder, "ids.json").read_text("utf-8")).items()
    files = {int(number): str(Path(folder, name)) for number, name in ids if name.startswith("meter_value-")}
    for row in changes(servers, topic, {number: fastavro.schema.load_schema(file) for number, file in files.items()}):
        if row is not None:
            print(json.dumps(row, default=str, ensure_ascii=False), flush=True)
            continue
        print("the table is complete", file=sys.stderr, flush=True)
        if "--once" in options:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
