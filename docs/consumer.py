"""The values topic as a table, and every change of it as a line of JSON: a whole consumer.

    pip install aiokafka fastavro
    python consumer.py localhost:9092 meterstream.1.values ../schemas/avro/meter_value-1.avsc

It knows nothing of meterstream but docs/consumers.md.
"""

import asyncio
import io
import json
import sys
from typing import Any

import fastavro
from aiokafka import AIOKafkaConsumer

CANARY = "meterstream-canary"  # shows that the road is open, and is nobody's reading
KEY = ("source", "metering_point", "delivery_category", "reading_at")
SAID = ("value", "unit", "series_kind", "granularity", "period_start", "period_end", "quality")
CONTENT = (*SAID, "reading_method", "reading_reason", "consumption_unit")


def replaces(row: Any, known: Any) -> bool:
    """The guard: a larger sequence; and of what is older than the history, another content that was fetched later."""
    other = row["fetched_at"] > known["fetched_at"] and any(row[name] != known[name] for name in CONTENT)
    return row["sequence"] > known["sequence"] and (row["held"] != "outside_history" or other)


async def main(servers: str, topic: str, schema: str) -> None:
    """From the first record on, for ever. A schema id that is not known yet ends it: it belongs beside the other."""
    schemas = {b"\0" + (2_000_000_002).to_bytes(4, "big"): fastavro.schema.load_schema(schema)}
    options: Any = {"bootstrap_servers": servers, "isolation_level": "read_committed", "auto_offset_reset": "earliest"}
    table: dict[tuple[Any, ...], Any] = {}
    async with AIOKafkaConsumer(topic, **options) as consumer:
        async for record in consumer:
            row: Any = fastavro.schemaless_reader(io.BytesIO(record.value[5:]), schemas[record.value[:5]], None)
            key = tuple(row[name] for name in KEY)
            if row["delivery_category"] != CANARY and (key not in table or replaces(row, table[key])):
                table[key] = row
                print(json.dumps(row, default=str, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
