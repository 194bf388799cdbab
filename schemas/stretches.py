"""Stretches of a record's Avro: fields that stand side by side and recur together, so that they are looked up together.

Where a stretch ends is read off its bytes without checking them. What they hold is read once, and checked: what it does
not know is :class:`Uncommon`, as in :mod:`schemas.compiled`.
"""

from collections.abc import Callable
from typing import Any

from schemas.compiled import DECIMAL_BYTES, SHORT, Uncommon, branch, kind_of
from schemas.event_reader import INSTANT_BYTES, instant_of
from schemas.registry import AvroSchema

_LENGTHS = {"enum": 1, "timestamp-micros": INSTANT_BYTES}
"""Of the types that always have the same number of bytes."""
_PRESENT = 2
"""How a union of null and another type begins, where it is not null."""

Part = Callable[[bytes, int], tuple[Any, int]]
"""Reads a value at a place; gives it and the place behind it, which may lie beyond the bytes."""


class Field:
    """One field, by its place in the schema."""

    def __init__(self, index: int, field: dict[str, Any]) -> None:
        """Uncommon: its type is none of those that are read."""
        self.index = index
        self.name: str = field["name"]
        self.node = branch(field["type"])
        self.kind = kind_of(self.node)
        self.optional = isinstance(field["type"], list)
        self.length = 0 if self.optional else _LENGTHS.get(self.kind, 0)

    def size(self) -> str:
        """An expression: how many bytes the field has that begins at ``end``, if they are right."""
        present = _LENGTHS.get(self.kind)
        if not self.optional:
            return str(present or "1 + (data[end] >> 1)")
        return f"{1 + present if present else '2 + (data[end + 1] >> 1)'} if data[end] else 1"

    def part(self) -> Part:
        """What reads its value."""
        present = self._present()
        if not self.optional:
            return present

        def read(data: bytes, at: int) -> tuple[Any, int]:
            kind = data[at]
            if kind and kind != _PRESENT:
                raise Uncommon
            return present(data, at + 1) if kind else (None, at + 1)

        return read

    def _present(self) -> Part:
        if self.kind == "enum":
            symbols = {2 * index: symbol for index, symbol in enumerate(self.node["symbols"])}
            return lambda data, at: (symbols[data[at]], at + 1)
        if self.kind == "timestamp-micros":
            return lambda data, at: (instant_of(data[at : at + INSTANT_BYTES]), at + INSTANT_BYTES)
        if self.kind == "string":
            return _text
        if self.kind == "decimal":
            return _number
        raise Uncommon(f"a field of type {self.kind}")


def _text(data: bytes, at: int) -> tuple[Any, int]:
    raw, end = _sized(data, at, SHORT)
    return str(raw, "utf-8"), end


def _number(data: bytes, at: int) -> tuple[Any, int]:
    raw, end = _sized(data, at, 2 * DECIMAL_BYTES)
    if not raw:
        raise Uncommon
    return int.from_bytes(raw, "big", signed=True), end


def _sized(data: bytes, at: int, most: int) -> tuple[bytes, int]:
    size = data[at]
    if size > most or size & 1:
        raise Uncommon
    at += 1
    end = at + (size >> 1)
    return data[at:end], end


def stretches(schema: AvroSchema) -> list[list[Field]]:
    """The fields of a schema: each number by itself, texts together and moments together; symbols go with either.

    A point's texts and an hour's moments recur each for themselves; both together hardly would.
    """
    found: list[list[Field]] = []
    family = ""
    for index, described in enumerate(schema["fields"]):
        field = Field(index, described)
        families = {"string": "texts", "timestamp-micros": "moments", "enum": family or "texts"}
        begins = family != families.get(field.kind)
        family = families.get(field.kind, "")
        if begins:
            found.append([])
        found[-1].append(field)
    return found
