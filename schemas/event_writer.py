"""A function that writes an event as a record's Avro; see :mod:`schemas.compiled`."""

from collections.abc import Callable, Mapping
from typing import Any

from schemas.compiled import DECIMAL_BYTES, LONG_BITS, SHORT, Kept, Uncommon, branch, function_of, kind_of
from schemas.registry import AvroSchema

Write = Callable[[bytes, Any], bytes]
"""A function of what comes first and an event, whose attributes are the fields."""
Form = Callable[[Any], bytes]
"""A function of one field's value."""

_UNIQUE = ("decimal", "long")
"""Numbers that mostly do not recur."""
_NULL, _PRESENT = b"\x00", b"\x02"
"""How a union of null and another type begins."""


def writer(forms: Mapping[str, Form]) -> Write:
    """A function that writes a record by its fields' :func:`forms`; it raises what they do."""
    names: dict[str, Any] = {"join": b"".join}
    fields = []
    for index, (field, form) in enumerate(forms.items()):
        names[f"f{index}"] = form
        fields.append(f"f{index}[event.{field}]" if isinstance(form, Kept) else f"f{index}(event.{field})")
    lines = ["def write(first, event):", f"  return join((first, {', '.join(fields)}))"]
    write: Write = function_of(lines, names, "write")
    return write


def forms(schema: AvroSchema) -> dict[str, Form]:
    """Functions that write the fields of a record, by name and in order.

    Raises:
        Uncommon: the schema holds another type. The functions raise LookupError or ValueError on what they do not know.
    """
    made: dict[str, Form] = {}
    for field in schema["fields"]:
        node, optional = branch(field["type"]), isinstance(field["type"], list)
        made[field["name"]] = (_number_form if kind_of(node) in _UNIQUE else _kept_form)(node, optional)
    return made


def _kept_form(node: Any, optional: bool) -> Kept:
    """The forms of what recurs, by value."""
    kind = kind_of(node)
    if kind == "enum":
        write = {symbol: _long(index) for index, symbol in enumerate(node["symbols"])}.__getitem__
    elif kind == "timestamp-micros":
        write = _long
    elif kind == "string":
        write = _text
    else:
        raise Uncommon(f"a field of type {kind}")
    if not optional:
        return Kept(write)
    kept = Kept(lambda value: _PRESENT + write(value))
    kept[None] = _NULL
    return kept


def _number_form(node: Any, optional: bool) -> Form:
    """Makes the forms of what is mostly another number each time."""
    if kind_of(node) == "long":
        return (lambda value: _NULL if value is None else _PRESENT + _long(value)) if optional else _long
    present = _PRESENT if optional else b""
    begins = [present + bytes([2 * size]) for size in range(DECIMAL_BYTES + 1)]

    def form(number: Any) -> bytes:
        if number is None and optional:
            return _NULL
        size: int = (number if number >= 0 else ~number).bit_length() // 8 + 1
        digits: bytes = number.to_bytes(size, "big", signed=True)
        return begins[size] + digits  # LookupError: too long for us

    return form


def _long(number: int) -> bytes:
    rest = number << 1 ^ number >> (LONG_BITS - 1)
    if rest >> LONG_BITS:
        raise Uncommon
    form = bytearray()
    while rest > SHORT:
        form.append(rest & SHORT | SHORT + 1)
        rest >>= 7
    form.append(rest)
    return bytes(form)


def _text(text: str) -> bytes:
    data = text.encode()
    return _long(len(data)) + data
