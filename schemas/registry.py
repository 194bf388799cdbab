"""Schemas by id: which Avro schema a wire id stands for.

The embedded ids (``ids.json``) are always known, so that everything runs without a registry; a registry-backed
implementation of :class:`SchemaRegistry` adds the ids that a registry gave out.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

AvroSchema = dict[str, Any]
"""An Avro record schema as parsed from JSON."""

EMBEDDED_IDS_FROM = 2_000_000_001
NAMES = ("Reading", "MeterValue", "DeadLetter", "PutBack")
"""Of the product's schemas."""


class UnknownSchemaId(LookupError):
    """No schema has this id: neither embedded nor in the registry (its own 404)."""


class SchemaRegistry(Protocol):
    """Gives ids to the product's schemas and finds the schema behind an id."""

    def id_of(self, name: str) -> int:
        """The id to write: that of the current version of ``Reading``, ``MeterValue``, ``DeadLetter``, ``PutBack``."""

    def schema_of(self, schema_id: int) -> AvroSchema:
        """The schema an id stands for.

        Raises:
            UnknownSchemaId: nobody knows it.
        """


class EmbeddedRegistry:
    """The fixed ids of the repository; the embedded default."""

    def id_of(self, name: str) -> int:
        """The id of the newest version of a schema."""
        return versions(name)[-1]

    def schema_of(self, schema_id: int) -> AvroSchema:
        """The schema of an embedded id."""
        file = _ids().get(schema_id)
        if file is None:
            raise UnknownSchemaId(f"schema id {schema_id} is not among the embedded ones")
        return load(file)


def versions(name: str) -> list[int]:
    """Every embedded id of a schema, oldest first."""
    return sorted(schema_id for schema_id, file in _ids().items() if load(file)["name"] == name)


def current(name: str) -> AvroSchema:
    """The newest embedded version of a schema."""
    return EmbeddedRegistry().schema_of(versions(name)[-1])


@cache
def load(file: str) -> AvroSchema:
    """Reads one .avsc file of this package."""
    schema: AvroSchema = json.loads(files("schemas").joinpath("avro", file).read_text("utf-8"))
    return schema


@cache
def _ids() -> dict[int, str]:
    text = files("schemas").joinpath("avro", "ids.json").read_text("utf-8")
    return {int(schema_id): file for schema_id, file in json.loads(text).items()}
