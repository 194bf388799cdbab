"""Events to bytes and back: Avro in the Confluent wire format (magic byte 0, 4-byte schema id, Avro body)."""

import io
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

import fastavro
import msgspec

from schemas import exact
from schemas.events import DeadLetter, Header, MeterValue, Reading
from schemas.registry import AvroSchema, SchemaRegistry, current

MAGIC = b"\x00"
_HEADER = 5

E = TypeVar("E", Reading, MeterValue, DeadLetter)


class Undecodable(ValueError):
    """The bytes are not an event of the expected type in the Confluent wire format."""


class Codec(Generic[E]):
    """Encodes and decodes one type of event. Decimals stay ints of 10^-12 and instants ints all the way."""

    def __init__(self, event: type[E], registry: SchemaRegistry) -> None:
        """Looks up the id to write; a registry that is away raises its own (transient) error."""
        self._event: type[E] = event
        self._registry = registry
        self._prefix = MAGIC + registry.id_of(event.__name__).to_bytes(4, "big")
        schema = current(event.__name__)
        self._reader = _plain(schema)
        self._decimals = _decimal_fields(schema)
        self._writers: dict[int, AvroSchema] = {}
        self._restore: Callable[[dict[str, Any]], None] | None = _restore_headers if event is DeadLetter else None

    def encode(self, event: E) -> bytes:
        """The event in the Confluent wire format."""
        record = msgspec.structs.asdict(event)
        for name in self._decimals:
            number = record[name]
            if number is not None:
                record[name] = exact.to_bytes(number)
        if "original_headers" in record:
            record["original_headers"] = [msgspec.structs.asdict(header) for header in record["original_headers"]]
        out = io.BytesIO()
        out.write(self._prefix)
        fastavro.schemaless_writer(out, self._reader, record)
        return out.getvalue()

    def decode(self, data: bytes | None) -> E:
        """The event that some bytes hold, whichever known version of its schema they were written with.

        Raises:
            Undecodable: no magic byte, another record, bytes missing or left over, a number that is too large.
            UnknownSchemaId: nobody knows the schema id.
        """
        if data is None:
            raise Undecodable("an empty record (a tombstone)")
        if len(data) < _HEADER or data[:1] != MAGIC:
            raise Undecodable("no Confluent header (magic byte 0 and a 4-byte schema id)")
        writer = self._writer(int.from_bytes(data[1:_HEADER], "big"))
        stream = io.BytesIO(data)
        stream.seek(_HEADER)
        try:
            record = fastavro.schemaless_reader(stream, writer, self._reader)
        except Exception as error:  # fastavro raises many types on foreign bytes; all mean the same
            raise Undecodable(f"not the Avro of {self._event.__name__}: {type(error).__name__}") from error
        if stream.tell() != len(data):
            raise Undecodable(f"{len(data) - stream.tell()} bytes left over after {self._event.__name__}")
        return self._restored(record)

    def _writer(self, schema_id: int) -> AvroSchema:
        writer = self._writers.get(schema_id)
        if writer is None:
            schema = self._registry.schema_of(schema_id)
            if schema.get("name") != self._event.__name__:
                raise Undecodable(f"schema id {schema_id} is not a {self._event.__name__}")
            writer = self._writers[schema_id] = _plain(schema)
        return writer

    def _restored(self, record: Any) -> E:
        for name in self._decimals:
            data = record[name]
            if data is not None:
                number = record[name] = exact.from_bytes(data)
                if not exact.representable(number):
                    raise Undecodable(f"{name} has more than {exact.INTEGER_DIGITS} integer digits")
        if self._restore is not None:
            self._restore(record)
        event: E = self._event(**record)
        return event


def _restore_headers(record: dict[str, Any]) -> None:
    record["original_headers"] = tuple(Header(**header) for header in record["original_headers"])


def _plain(schema: AvroSchema) -> AvroSchema:
    """The schema without logical types, parsed once: the bytes are the same, no Decimal or datetime is made."""

    def strip(node: Any) -> Any:
        if isinstance(node, list):
            return [strip(item) for item in node]
        if isinstance(node, dict):
            dropped = {"logicalType", "precision", "scale"} if "logicalType" in node else set()
            return {key: strip(value) for key, value in node.items() if key not in dropped}
        return node

    parsed = fastavro.parse_schema(strip(schema))
    return cast(AvroSchema, parsed)


def _decimal_fields(schema: AvroSchema) -> tuple[str, ...]:
    def decimal(node: Any) -> bool:
        if isinstance(node, list):
            return any(map(decimal, node))
        return isinstance(node, dict) and node.get("logicalType") == "decimal"

    return tuple(field["name"] for field in schema["fields"] if decimal(field["type"]))
