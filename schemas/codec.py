"""Events to bytes and back: Avro in the Confluent wire format (magic byte 0, 4-byte schema id, Avro body)."""

import io
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar, cast

import fastavro
import msgspec
from fastavro.schema import SchemaParseException, UnknownType

from schemas import exact, instants
from schemas.column_reader import Forms, column_reader, columns_of
from schemas.compatibility import differences, meanings
from schemas.compiled import Uncommon
from schemas.event_reader import Read, reader
from schemas.event_writer import Form, Write, forms, writer
from schemas.events import DeadLetter, Header, MeterValue, PutBack, Reading
from schemas.registry import AvroSchema, SchemaRegistry, current

MAGIC = b"\x00"
_HEADER = 5

E = TypeVar("E", Reading, MeterValue, DeadLetter, PutBack)


class Undecodable(ValueError):
    """The bytes are not an event of the expected type in the Confluent wire format."""


class Codec(Generic[E]):
    """Encodes and decodes one type of event. Decimals stay ints of 10^-12 and instants ints all the way."""

    def __init__(self, event: type[E], registry: SchemaRegistry) -> None:
        """Asks the registry nothing yet: the id to write is looked up (and registered) by the first ``encode``."""
        self._event: type[E] = event
        self._registry = registry
        self._prefix = b""
        self._schema = current(event.__name__)
        self._reader = _plain(self._schema)
        kinds = {name: meaning[0] for name, meaning in meanings(self._schema).items()}
        self._decimals = tuple(name for name, kind in kinds.items() if kind == "decimal")
        self._instants = tuple(name for name, kind in kinds.items() if kind == "timestamp-micros")
        self._schemas: dict[int, tuple[AvroSchema, AvroSchema | None]] = {}
        self._current: set[bytes] = set()
        self._read: Read[E] | None = None
        self._write: Write | None = None
        self.forms: dict[str, Form] = {}
        """What writes each field; empty where the schema is none of the usual ones."""
        with suppress(Uncommon):  # a schema of other types than they know
            self._read = reader(self._schema, event)
            self.forms = forms(self._schema)
            self._write = writer(self.forms)
        self._restore: Callable[[dict[str, Any]], None] | None = _restore_dead_letter if event is DeadLetter else None

    def encode(self, event: E) -> bytes:
        """The event in the Confluent wire format.

        Raises:
            ValueError: a number has more than 24 integer digits, or a text is not Unicode (a lone surrogate).
            Exception: the registry's own errors, at the first call: it is away (transient), or refuses the schema.
        """
        prefix = self._prefix or self._look_up()
        if self._write is not None:
            try:
                return self._write(prefix, event)
            except (LookupError, ValueError):
                pass  # uncommon or wrong: fastavro tells
        record = msgspec.structs.asdict(event)
        for name in self._decimals:
            number = record[name]
            if number is not None:
                if not exact.representable(number):
                    raise exact.OutOfRange(f"{name} has more than {exact.INTEGER_DIGITS} integer digits")
                record[name] = exact.to_bytes(number)
        if "original_headers" in record:
            record["original_headers"] = [msgspec.structs.asdict(header) for header in record["original_headers"]]
        out = io.BytesIO()
        out.write(prefix)
        fastavro.schemaless_writer(out, self._reader, record)
        return out.getvalue()

    def pieces(self, event: E, apart: Collection[str]) -> list[bytes]:
        """What :meth:`encode` gives, cut up: pieces that are equal in many events need not be made for each.

        Each field of ``apart`` is one piece, and so is what lies before, between and behind them, be it nothing.

        Raises:
            Uncommon: it cannot be cut.
        """
        if not self.forms:
            raise Uncommon("a schema of other types")
        pieces = [self._prefix or self._look_up()]
        for name, form in self.forms.items():
            try:
                written = form(getattr(event, name))
            except (LookupError, ValueError):
                raise Uncommon(name) from None
            if name in apart:
                pieces += [written, b""]
            else:
                pieces[-1] += written
        return pieces

    def decode(self, data: bytes | None) -> E:
        """The event that some bytes hold, whichever known version of its schema they were written with.

        Raises:
            Undecodable: no magic byte, another record, bytes missing or left over, a number or instant out of range.
            UnknownSchemaId: nobody knows the schema id.
            Exception: the registry's own transient error, where it is away and the id is not yet known.
        """
        if data is None:
            raise Undecodable("an empty record (a tombstone)")
        if self._read is not None and data[:_HEADER] in self._current:
            try:
                return self._read(data, _HEADER)
            except (LookupError, ValueError):
                pass  # uncommon or broken: fastavro tells
        if len(data) < _HEADER or data[:1] != MAGIC:
            raise Undecodable("no Confluent header (magic byte 0 and a 4-byte schema id)")
        written, read = self._schemas_of(int.from_bytes(data[1:_HEADER], "big"))
        stream = io.BytesIO(data)
        stream.seek(_HEADER)
        try:
            record = fastavro.schemaless_reader(stream, written, read)
        except Exception as error:  # fastavro raises many types on foreign bytes; all mean the same
            raise Undecodable(f"not the Avro of {self._event.__name__}: {type(error).__name__}") from error
        if stream.tell() != len(data):
            raise Undecodable(f"{len(data) - stream.tell()} bytes left over after {self._event.__name__}")
        return self._restored(record)

    def columns(self, forms: Forms, plain: Sequence[str]) -> Callable[[bytes | None], tuple[Any, ...]]:
        """A function that decodes into the columns of a row, as a database takes them; twice as fast as an event.

        Args:
            forms: of the columns, which are the event's fields in order.
            plain: fields whose values are given besides.

        Returns:
            A function that gives the tuple of columns, then the plain fields in their own order; it raises what
            :meth:`decode` does.
        """
        read = column_reader(self._schema, forms, plain)
        fields: list[str] = [field["name"] for field in self._schema["fields"]]
        places: list[int] = [fields.index(name) for name in plain]

        def decode(data: bytes | None) -> tuple[Any, ...]:
            if data is not None and data[:_HEADER] in self._current:
                try:
                    return read(data, _HEADER)
                except (LookupError, ValueError):
                    pass  # uncommon or broken: the codec tells
            values: tuple[Any, ...] = msgspec.structs.astuple(self.decode(data))
            return columns_of(self._schema, values, forms), *[values[place] for place in places]

        return decode

    def _look_up(self) -> bytes:
        self._prefix = MAGIC + self._registry.id_of(self._event.__name__).to_bytes(4, "big")
        return self._prefix

    def _schemas_of(self, schema_id: int) -> tuple[AvroSchema, AvroSchema | None]:
        """What a record was written with, and what to read it as; None where that is the same and costs nothing."""
        schemas = self._schemas.get(schema_id)
        if schemas is None:
            writer = self._readable(schema_id, self._registry.schema_of(schema_id))
            schemas = self._schemas[schema_id] = writer, None if writer == self._reader else self._reader
            if schemas[1] is None:
                self._current.add(MAGIC + schema_id.to_bytes(_HEADER - 1, "big"))
        return schemas

    def _readable(self, schema_id: int, schema: AvroSchema) -> AvroSchema:
        """A writer's schema, ready to read with; Undecodable where it is not this event's, or means other things."""
        name = self._reader["name"]
        try:
            writer = _plain(schema)
            if writer.get("type") != "record" or writer["name"] != name:
                raise Undecodable(f"schema id {schema_id} is not {name}")
            others = differences(schema, self._schema)
        except (SchemaParseException, UnknownType, LookupError, TypeError, AttributeError) as error:
            raise Undecodable(f"schema id {schema_id} is no Avro that can be read: {type(error).__name__}") from error
        if others:
            raise Undecodable(f"schema id {schema_id}: {'; '.join(others)}")
        return writer

    def _restored(self, record: Any) -> E:
        for name in self._decimals:
            data = record[name]
            if data is not None:
                record[name] = _number(name, data)
        for name in self._instants:
            instant = record[name]
            if instant is not None and not instants.EARLIEST <= instant <= instants.LATEST:
                raise Undecodable(f"{name} is not within the years 1 to 9999")
        if self._restore is not None:
            self._restore(record)
        event: E = self._event(**record)
        return event


def _number(name: str, data: bytes) -> int:
    number = exact.from_bytes(data) if data else exact.LIMIT
    if not exact.representable(number):
        raise Undecodable(f"{name} has no bytes, or more than {exact.INTEGER_DIGITS} integer digits")
    return number


def _restore_dead_letter(record: dict[str, Any]) -> None:
    partition = record["partition"]
    if partition is not None and not -(2**31) <= partition < 2**31:
        raise Undecodable("partition is not an int of 32 bits")
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
