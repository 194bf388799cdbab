"""What Avro's own rules of compatibility do not see: logical types.

A decimal of another scale, or an instant in milliseconds, is for Avro the same bytes or the same long. Read as ours
it would be a wrong number, silently. So the meaning of every field must be the same on both sides.
"""

from typing import Any

from schemas.registry import AvroSchema

Meaning = tuple[str, int, int]
"""Logical type, precision, scale; ("", 0, 0) where a field has none."""


def differences(writer: AvroSchema, reader: AvroSchema) -> list[str]:
    """The fields of two record schemas that mean different things, one line each; empty: the same."""
    written, read = meanings(writer), meanings(reader)
    return [
        f"{name} is written as {_text(written[name])}, and read as {_text(read[name])}"
        for name in read
        if name in written and written[name] != read[name]
    ]


def meanings(schema: AvroSchema) -> dict[str, Meaning]:
    """What each field of a record means."""
    return {field["name"]: _meaning(field["type"]) for field in schema["fields"]}


def _meaning(node: Any) -> Meaning:
    """The logical type of a type, or of the one branch of a union that has one."""
    if isinstance(node, list):
        return next((meaning for meaning in map(_meaning, node) if meaning[0]), ("", 0, 0))
    if isinstance(node, dict):
        return node.get("logicalType", ""), node.get("precision", 0), node.get("scale", 0)
    return "", 0, 0


def _text(meaning: Meaning) -> str:
    kind, precision, scale = meaning
    return f"decimal({precision},{scale})" if kind == "decimal" else kind or "a plain type"
