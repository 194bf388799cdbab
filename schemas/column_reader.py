"""Reading records as a database takes them: from Avro to a row's columns in one step, without an event in between.

As :func:`schemas.event_reader.reader`, a function is made for the schema; it accepts the same bytes. It goes from
stretch to stretch (:mod:`schemas.stretches`): what recurs – the texts of a series, a period, what is said of the
quality – is looked up by its bytes, and made only where they are not known yet. A number that stands twice in a record,
as a difference that is a consumption, too, is made once.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from schemas.compiled import DECIMAL_BYTES, NULL, PRESENT, Kept, Uncommon, branch, function_of, kind_of
from schemas.event_reader import Read, indented, long_lines, optional_lines, rest_of_long
from schemas.registry import AvroSchema
from schemas.stretches import Field, stretches

Kind = Literal["text", "integer", "instant", "number"]
"""Of a column; the names of the :class:`Forms`."""


@dataclass(frozen=True)
class Forms:
    """How a database's client is handed a value of each kind: texts, ints, instants, numbers (units of 10^-12).

    ``join``: makes one of columns that stand side by side, where the client takes them so.
    """

    text: Callable[[str], Any]
    integer: Callable[[int], Any]
    instant: Callable[[int], Any]
    number: Callable[[int], Any]
    null: Any = None
    join: Callable[[Iterable[Any]], Any] | None = None


def column_reader(schema: AvroSchema, forms: Forms, plain: Sequence[str]) -> Read[tuple[Any, ...]]:
    """A function that reads a record.

    Args:
        schema: as :func:`schemas.event_reader.reader` takes it.
        forms: of the columns, which are the record's fields in order; those of a stretch are joined, if they can be.
        plain: fields whose values are given besides; no decimals.

    Returns:
        A function that gives the tuple of columns, then the plain fields in their own order.

    Raises:
        Uncommon: the schema holds another type. The function raises it, LookupError or ValueError, whatever the bytes.
    """
    names: dict[str, Any] = {"Uncommon": Uncommon, "long": rest_of_long, "integer": forms.integer, "null": forms.null}
    lines, columns, numbers = ["def read(data, at):"], list[str](), list[Field]()
    places = {field["name"]: place for place, field in enumerate(schema["fields"])}
    values = ", ".join(f"v{places[name]}" for name in plain)
    for stretch in stretches(schema):
        first, number = stretch[0], stretch[0].index
        made = [f"c{field.index}" for field in (stretch[:1] if forms.join else stretch)]
        besides = [f"v{field.index}" for field in stretch if field.name in plain]
        columns += made
        if first.kind == "long":
            lines += indented(_long_lines(first))
        elif first.kind == "decimal":
            if besides:
                raise Uncommon("a plain decimal")
            names[f"number{number}"] = _number(first, forms)
            lines += indented(_number_lines(first, numbers))
            numbers.append(first)
        else:
            alone = len(made) == 1 and not besides
            names[f"known{number}"] = Kept(_values(stretch, forms, plain, alone))
            use = f"{', '.join(made + besides)} = known{number}[data[at:end]]"
            lines += indented([*_end_lines(stretch), use, "at = end"])
    lines += ["  if at != len(data):", "    raise Uncommon", f"  return ({', '.join(columns)},), {values}"]
    read: Read[tuple[Any, ...]] = function_of(lines, names, "read")
    return read


def columns_of(schema: AvroSchema, values: Iterable[Any], forms: Forms) -> tuple[Any, ...]:
    """The columns of a record's values, one after the other."""
    return tuple(
        forms.null if value is None else _form(branch(field["type"]), forms)(value)
        for field, value in zip(schema["fields"], values, strict=True)
    )


def _long_lines(field: Field) -> list[str]:
    column, value = f"c{field.index}", f"v{field.index}"
    lines = [*long_lines(value), f"{column} = integer({value})"]
    return optional_lines(lines, [f"{column} = null", f"{value} = None"]) if field.optional else lines


def _number_lines(field: Field, earlier: Iterable[Field]) -> list[str]:
    number = field.index
    same = "".join(
        f"c{other.index} if n{number} == n{other.index} else " for other in earlier if other.optional == field.optional
    )
    return [
        *_end_lines([field]),
        f"n{number} = data[at:end]",
        f"c{number} = {same}number{number}(n{number})",
        "at = end",
    ]


def _end_lines(stretch: Sequence[Field]) -> list[str]:
    """The lines that find where a stretch ends."""
    if all(field.length for field in stretch):
        return [f"end = at + {sum(field.length for field in stretch)}"]
    return ["end = at", *(f"end += {field.size()}" for field in stretch)]


def _values(stretch: Sequence[Field], forms: Forms, plain: Collection[str], alone: bool) -> Callable[[bytes], Any]:
    """What gives the columns of a stretch's bytes, then its plain values. ``alone``: the one column itself."""
    parts = [(field.part(), _form(field.node, forms), field.name in plain) for field in stretch]

    def values(data: bytes) -> Any:
        columns, besides, at = [], [], 0
        for part, form, wanted in parts:
            value, at = part(data, at)
            columns.append(forms.null if value is None else form(value))
            if wanted:
                besides.append(value)
        if at != len(data):
            raise Uncommon
        if forms.join:
            columns = [forms.join(columns)]
        return columns[0] if alone else (*columns, *besides)

    return values


def _number(field: Field, forms: Forms) -> Callable[[bytes], Any]:
    """What gives the column of a decimal's bytes."""
    begin, null, number = (2, NULL, forms.number) if field.optional else (1, b"", forms.number)
    begins = {begin + size: bytes([PRESENT, 2 * size][-begin:]) for size in range(1, DECIMAL_BYTES + 1)}

    def column(data: bytes) -> Any:
        if data[:begin] == begins.get(len(data)):
            return number(int.from_bytes(data[begin:], "big", signed=True))
        if data != null:
            raise Uncommon
        return forms.null

    return column


def column_kind(node: Any) -> Kind:
    """What a field's type is as a column."""
    kinds: dict[str, Kind] = {"long": "integer", "timestamp-micros": "instant", "decimal": "number"}
    return kinds.get(kind_of(node), "text")


def _form(node: Any, forms: Forms) -> Callable[[Any], Any]:
    form: Callable[[Any], Any] = getattr(forms, column_kind(node))
    return form
