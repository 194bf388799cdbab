"""Other people's tools read what we write, and we read what they write."""

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import avro.io
import avro.schema
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from runtime.registry import schema_registry
from runtime.settings.system import RegistrySettings
from schemas import exact, instants
from schemas.codec import Codec
from schemas.events import DeadLetter, MeterValue, Reading
from schemas.registry import EmbeddedRegistry, SchemaRegistry, current
from tests.sample_events import letter, meter_value, reading
from tests.stub_registry import StubRegistry

CONTEXT = SerializationContext("meterstream.1.readings", MessageField.VALUE)

LARGEST = exact.LIMIT - 1
EVENTS = [
    reading(),
    reading(consumption=LARGEST, factor=-LARGEST, rolls_over_at=1, max_per_period=-1, unit="m³"),
    reading(consumption=None, reading_method=None),
    meter_value(),
    meter_value(value=-LARGEST, delta=None, consumption=0, change=-1, previous_reading_at=None),
    letter(),
]
NUMBERS = {"consumption", "factor", "rolls_over_at", "max_per_period", "value", "delta", "change"}
INSTANTS = {"reading_at", "period_start", "period_end", "fetched_at", "previous_reading_at", "published_at", "seen_at"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with StubRegistry() as registry:
        yield registry.url


def codec_of(event: object, registry: SchemaRegistry) -> Any:
    if isinstance(event, Reading):
        return Codec(Reading, registry)
    return Codec(MeterValue, registry) if isinstance(event, MeterValue) else Codec(DeadLetter, registry)


def as_others_see_it(event: Reading | MeterValue | DeadLetter) -> dict[str, Any]:
    """Field names to Decimals, aware datetimes and plain values."""

    def value(name: str, content: Any) -> Any:
        if content is None:
            return None
        if name in NUMBERS:
            return Decimal(exact.to_text(content))
        if name in INSTANTS:
            return instants.to_datetime(content)
        if name == "original_headers":
            return [{"name": header.name, "value": header.value} for header in content]
        return content

    return {name: value(name, getattr(event, name)) for name in event.__struct_fields__}


@pytest.mark.parametrize("event", EVENTS)
def test_confluents_deserializer_reads_what_we_write(url: str, event: Reading | MeterValue | DeadLetter) -> None:
    data = codec_of(event, schema_registry(RegistrySettings(url=url), {})).encode(event)
    read: Any = AvroDeserializer(SchemaRegistryClient({"url": url}))
    assert read(data, CONTEXT) == as_others_see_it(event)


@pytest.mark.parametrize("event", EVENTS)
def test_apache_avro_reads_what_we_write(event: Reading | MeterValue | DeadLetter) -> None:
    data = codec_of(event, EmbeddedRegistry()).encode(event)
    schema = avro.schema.parse(json.dumps(current(type(event).__name__)))
    decoder: Any = avro.io.BinaryDecoder
    assert avro.io.DatumReader(schema).read(decoder(io.BytesIO(data[5:]))) == as_others_see_it(event)


@pytest.mark.parametrize("event", EVENTS)
def test_we_read_what_confluents_serializer_writes(url: str, event: Reading | MeterValue | DeadLetter) -> None:
    """With automatic registration it uses another subject, and so perhaps another id: both are read."""
    write: Any = AvroSerializer(SchemaRegistryClient({"url": url}), json.dumps(current(type(event).__name__)))
    data = write(as_others_see_it(event), CONTEXT)
    assert codec_of(event, schema_registry(RegistrySettings(url=url), {})).decode(data) == event
