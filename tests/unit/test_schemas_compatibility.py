"""Every version of a schema can be read as every neighbour of it, and means the same."""

import copy
import json
from itertools import pairwise
from typing import Any

import avro.schema
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from schemas.codec import Codec, Undecodable
from schemas.compatibility import differences
from schemas.events import Reading
from schemas.registry import AvroSchema, EmbeddedRegistry, UnknownSchemaId, current, versions
from tests.sample_events import reading

NAMES = ("Reading", "MeterValue", "DeadLetter", "PutBack")


def avro_says(writer: AvroSchema, reader: AvroSchema) -> bool:
    """Whether Apache avro's own checker calls them compatible."""
    checker: Any = ReaderWriterCompatibilityChecker
    checked = checker().get_compatibility(
        reader=avro.schema.parse(json.dumps(reader)), writer=avro.schema.parse(json.dumps(writer))
    )
    return bool(checked.compatibility is SchemaCompatibilityType.compatible)


def compatible(old: AvroSchema, new: AvroSchema) -> bool:
    """In both directions: while workers are replaced one by one, the old ones read what the new ones write."""
    return avro_says(old, new) and avro_says(new, old) and not differences(old, new)


@pytest.mark.parametrize("name", NAMES)
def test_each_version_is_compatible_with_the_one_before(name: str) -> None:
    schemas = [EmbeddedRegistry().schema_of(schema_id) for schema_id in versions(name)]
    assert all(compatible(old, new) for old, new in pairwise([schemas[0], *schemas]))


def changed(field: str, **changes: Any) -> AvroSchema:
    """The Reading schema with changes in the type of one field (its last branch, where it is a union)."""
    schema = copy.deepcopy(current("Reading"))
    node = next(entry for entry in schema["fields"] if entry["name"] == field)["type"]
    (node[-1] if isinstance(node, list) else node).update(changes)
    return schema


def without(field: str) -> AvroSchema:
    schema = copy.deepcopy(current("Reading"))
    schema["fields"] = [entry for entry in schema["fields"] if entry["name"] != field]
    return schema


def with_field(field: dict[str, Any]) -> AvroSchema:
    schema = copy.deepcopy(current("Reading"))
    schema["fields"].append(field)
    return schema


@pytest.mark.parametrize(
    "new",
    [
        pytest.param(changed("factor", scale=6), id="another scale"),
        pytest.param(changed("consumption", scale=6), id="another scale, nullable"),
        pytest.param(changed("consumption", precision=20), id="another precision"),
        pytest.param(changed("fetched_at", logicalType="timestamp-millis"), id="milliseconds"),
        pytest.param(changed("factor", logicalType=None), id="no decimal any more"),
    ],
)
def test_a_change_of_meaning_that_avro_does_not_see_is_seen(new: AvroSchema) -> None:
    old = current("Reading")
    assert avro_says(old, new)
    assert avro_says(new, old)
    assert differences(old, new)
    assert not compatible(old, new)


@pytest.mark.parametrize(
    "new",
    [
        pytest.param(without("unit"), id="a field without default is gone"),
        pytest.param(with_field({"name": "extra", "type": "string"}), id="a new field without default"),
        pytest.param(changed("series_kind", symbols=["register"]), id="a word is gone"),
    ],
)
def test_a_change_that_avro_forbids_is_refused(new: AvroSchema) -> None:
    assert not compatible(current("Reading"), new)


@pytest.mark.parametrize(
    "new",
    [
        pytest.param(with_field({"name": "extra", "type": ["null", "string"], "default": None}), id="a nullable field"),
        pytest.param(without("reading_reason"), id="a field with default is gone"),
    ],
)
def test_a_harmless_change_is_allowed(new: AvroSchema) -> None:
    assert compatible(current("Reading"), new)


class OneSchema:
    """A registry that knows id 7."""

    def __init__(self, schema: AvroSchema) -> None:
        self.schema = schema

    def id_of(self, name: str) -> int:
        return 7

    def schema_of(self, schema_id: int) -> AvroSchema:
        if schema_id != 7:
            raise UnknownSchemaId(str(schema_id))
        return self.schema


def written_with(schema: AvroSchema) -> bytes:
    """A reading written by a foreign program, with another schema under id 7."""
    ours = Codec(Reading, OneSchema(current("Reading"))).encode(reading())
    return ours + (b"\x00" if len(schema["fields"]) > len(current("Reading")["fields"]) else b"")


def test_a_newer_version_with_a_field_more_is_read() -> None:
    schema = with_field({"name": "extra", "type": ["null", "string"], "default": None})
    assert Codec(Reading, OneSchema(schema)).decode(written_with(schema)) == reading()


@pytest.mark.parametrize(
    "schema",
    [
        changed("consumption", scale=6),
        changed("fetched_at", logicalType="timestamp-millis"),
        current("MeterValue"),
        {**current("Reading"), "namespace": "elsewhere"},
        with_field({"name": "extra", "type": "no.such.type"}),
        {"type": "string"},
        {"type": "JSON"},
        {"type": "record", "name": "Reading", "namespace": "meterstream"},
        {},
    ],
)
def test_a_schema_of_another_meaning_is_undecodable_and_never_a_wrong_number(schema: AvroSchema) -> None:
    with pytest.raises(Undecodable, match="schema id 7"):
        Codec(Reading, OneSchema(schema)).decode(Codec(Reading, OneSchema(current("Reading"))).encode(reading()))
