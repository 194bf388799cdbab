"""Reading records as a database takes them: from Avro to a row's columns in one step, without an event in between.

As :func:`schemas.event_reader.reader`, a function is made for the schema; it accepts the same bytes. What recurs –
texts, numbers, and the fields of fixed length that stand side by side, such as a period – is looked up, not made again.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, Literal

from schemas.compiled import Kept, Uncommon, branch, function_of, kind_of
from schemas.event_reader import (
    INSTANT_BYTES,
    Read,
    indented,
    instant_of,
    long_lines,
    optional_lines,
    rest_of_long,
    sized_lines,
)
from schemas.registry import AvroSchema

Kind = Literal["text", "integer", "instant", "number"]
"""Of a column; the names of the :class:`Forms`."""

NUMBERS = 1 << 14
"""Forms of numbers that are kept. Most recur at once – a difference is a consumption, too – or are small."""


@dataclass(frozen=True)
class Forms:
    """How a database's client is handed a value of each kind: texts, ints, instants, numbers (units of 10^-12)."""

    text: Callable[[str], Any]
    integer: Callable[[int], Any]
    instant: Callable[[int], Any]
    number: Callable[[int], Any]
    null: Any = None


def column_reader(schema: AvroSchema, forms: Forms, plain: Collection[str]) -> Read[tuple[Any, ...]]:
    """A function that reads a record.

    Args:
        schema: as :func:`schemas.event_reader.reader` takes it.
        forms: of the columns, which are the record's fields in order.
        plain: fields whose values are given besides.

    Returns:
        A function that gives the tuple of columns, then the plain fields in the schema's order.

    Raises:
        Uncommon: the schema holds another type. The function raises it, LookupError or ValueError, whatever the bytes.
    """
    return _Making(schema, forms, plain).reader()


def columns_of(schema: AvroSchema, values: Iterable[Any], forms: Forms) -> tuple[Any, ...]:
    """The columns of a record's values, one after the other."""
    return tuple(
        forms.null if value is None else _form(branch(field["type"]), forms)(value)
        for field, value in zip(schema["fields"], values, strict=True)
    )


class _Making:
    """The lines of a function while they are made, and the names that they use."""

    def __init__(self, schema: AvroSchema, forms: Forms, plain: Collection[str]) -> None:
        self._fields = list(enumerate(schema["fields"]))
        self._forms = forms
        self._plain = [index for index, field in self._fields if field["name"] in plain]
        self._names: dict[str, Any] = {
            "Uncommon": Uncommon,
            "long": rest_of_long,
            "integer": forms.integer,
            "null": forms.null,
            "text": Kept(lambda data: forms.text(str(data, "utf-8"))),
            "plain_text": Kept(lambda data: str(data, "utf-8")),
            "decimal": lru_cache(NUMBERS)(lambda data: forms.number(int.from_bytes(data, "big", signed=True))),
            "instant": Kept(lambda data: forms.instant(instant_of(data))),
        }

    def reader(self) -> Read[tuple[Any, ...]]:
        lines = ["def read(data, at):"]
        for fixed, run in groupby(self._fields, lambda field: _length(field[1]["type"]) is not None):
            if fixed:
                lines += self._run(list(run))
            else:
                for index, field in run:
                    lines += self._field(index, field["type"])
        columns = ", ".join(f"c{index}" for index, _ in self._fields)
        values = ", ".join(f"v{index}" for index in self._plain)
        lines += ["if at != len(data):", "  raise Uncommon", f"return ({columns}), {values}"]
        body = [lines[0], *indented(lines[1:])]
        read: Read[tuple[Any, ...]] = function_of(body, self._names, "read")
        return read

    def _run(self, run: list[tuple[int, Any]]) -> list[str]:
        """Fields of fixed length: their bytes together are looked up."""
        parts = [_Part(field["type"], self._forms, index in self._plain) for index, field in run]
        whole = sum(part.size for part in parts)

        def values(data: bytes) -> tuple[Any, ...]:
            if len(data) != whole:
                raise Uncommon
            columns, besides, at = [], [], 0
            for part in parts:
                value = part.read(data[at : at + part.size])
                at += part.size
                columns.append(part.form(value))
                if part.plain:
                    besides.append(value)
            return (*columns, *besides)

        first = run[0][0]
        self._names[f"run{first}"] = Kept(values)
        targets = [f"c{index}" for index, _ in run] + [f"v{index}" for index, _ in run if index in self._plain]
        return [f"{', '.join(targets)}, = run{first}[data[at : at + {whole}]]", f"at += {whole}"]

    def _field(self, index: int, node: Any) -> list[str]:
        lines = self._present(index, branch(node))
        if not isinstance(node, list):
            return lines
        absent = [f"c{index} = null"] + ([f"v{index} = None"] if index in self._plain else [])
        return optional_lines(lines, absent)

    def _present(self, index: int, node: Any) -> list[str]:
        kind, wanted = kind_of(node), index in self._plain
        if kind == "long":
            return [*long_lines(f"v{index}"), f"c{index} = integer(v{index})"]
        if kind == "timestamp-micros" and not wanted:
            return [f"c{index} = instant[data[at : at + {INSTANT_BYTES}]]", f"at += {INSTANT_BYTES}"]
        if kind == "string":
            plain = [f"v{index} = plain_text[raw]"] if wanted else []
            return sized_lines(kind, [f"c{index} = text[raw]", *plain])
        if wanted:
            raise Uncommon(f"a plain field of type {kind}")
        return sized_lines(kind, [f"c{index} = decimal(raw)"])


class _Part:
    """One field of fixed length: how its bytes are read, and made a column. ``plain``: its value is given besides."""

    def __init__(self, node: Any, forms: Forms, plain: bool) -> None:
        self.size = _length(node) or 0
        self.plain = plain
        self.form = _form(node, forms)
        self.read: Callable[[bytes], Any] = instant_of
        if kind_of(node) == "enum":
            self.read = {bytes([2 * index]): symbol for index, symbol in enumerate(node["symbols"])}.__getitem__


def column_kind(node: Any) -> Kind:
    """What a field's type is as a column."""
    kinds: dict[str, Kind] = {"long": "integer", "timestamp-micros": "instant", "decimal": "number"}
    return kinds.get(kind_of(node), "text")


def _form(node: Any, forms: Forms) -> Callable[[Any], Any]:
    form: Callable[[Any], Any] = getattr(forms, column_kind(node))
    return form


def _length(node: Any) -> int | None:
    """Of the bytes of a type that always has the same number of them; else None."""
    if isinstance(node, list):
        return None
    return {"enum": 1, "timestamp-micros": INSTANT_BYTES}.get(kind_of(node))
