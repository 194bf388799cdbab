"""Reading and writing the Avro bodies of one record schema by functions made for it: several times as fast as fastavro.

A function is generated from the schema, as dataclasses generates ``__init__``: a line or two per field, nothing looked
up while it runs. It knows the usual forms only – texts below 64 bytes, decimals below 16, instants of the years 1979
to 3111, ``null`` first in a union – and says :class:`Uncommon` to all else, right or wrong: fastavro then decides.
So what it accepts is a part of what fastavro accepts, with the same meaning (tests/properties/test_compiled.py).

Texts and instants recur in nearly every record, so their forms are kept, in bounded number.

Source of the format: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from collections.abc import Callable
from typing import Any, TypeVar

from schemas import instants
from schemas.registry import AvroSchema

E = TypeVar("E")

Read = Callable[[bytes, int], E]
"""A function of bytes and the place where the body begins; it ends where the bytes do."""
Write = Callable[[bytes, Any], bytes]
"""A function of what comes first and an event, whose attributes are the fields."""
Form = Callable[[Any], bytes]
"""A function of one field's value."""

KEPT = 1 << 16
"""Forms of one kind that are kept; then they are forgotten, all at once."""
SHORT = 127
"""The largest number in one byte of Avro's variable-length coding."""
DECIMAL_BYTES = 15
"""So many bytes always hold fewer than 24 integer digits."""
INSTANT_BYTES = 8
_CONTINUED = 0x0080_8080_8080_8080
"""The top bits of an eight-byte number: set in each byte but the last."""
_LONG_BITS = 64
_UNIQUE = ("decimal", "long")
"""Numbers that mostly do not recur."""
_NULL, _PRESENT = b"\x00", b"\x02"
"""How a union of null and another type begins."""


class Uncommon(ValueError):
    """Not one of the usual forms."""


class Kept(dict[Any, Any]):
    """Results of a function of one argument."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make

    def __missing__(self, key: Any) -> Any:
        made = self._make(key)
        if len(self) >= KEPT:
            self.clear()
        self[key] = made
        return made

    __call__ = dict.__getitem__


def reader(schema: AvroSchema, event: Callable[..., E]) -> Read[E]:
    """A function that reads a record.

    Args:
        schema: a record of texts, longs, instants, decimals, enums, and unions of null and one of these.
        event: called with the fields in order.

    Raises:
        Uncommon: the schema holds another type. The function raises it, LookupError or ValueError, whatever the bytes.
    """
    names: dict[str, Any] = {
        "event": event,
        "Uncommon": Uncommon,
        "number": int.from_bytes,
        "long": rest_of_long,
        "texts": Kept(lambda data: str(data, "utf-8")),
        "instants": Kept(instant_of),
    }
    lines = ["def read(data, at):"]
    for index, field in enumerate(schema["fields"]):
        value, optional = f"v{index}", isinstance(field["type"], list)
        reads = _reads(branch(field["type"]), value, names)
        if optional:
            lines += ["  kind = data[at]", "  at += 1", "  if kind == 2:", *(f"    {line}" for line in reads)]
            lines += ["  elif kind:", "    raise Uncommon", "  else:", f"    {value} = None"]
        else:
            lines += [f"  {line}" for line in reads]
    fields = ", ".join(f"v{index}" for index in range(len(schema["fields"])))
    lines += ["  if at != len(data):", "    raise Uncommon", f"  return event({fields})"]
    read: Read[E] = function_of(lines, names, "read")
    return read


def writer(schema: AvroSchema) -> Write:
    """A function that writes a record.

    Raises:
        Uncommon: the schema holds another type. The function raises LookupError or ValueError on what it cannot write.
    """
    names: dict[str, Any] = {"join": b"".join}
    fields = []
    for index, (field, form) in enumerate(forms(schema).items()):
        names[f"f{index}"] = form
        fields.append(f"f{index}[event.{field}]" if isinstance(form, Kept) else f"f{index}(event.{field})")
    lines = ["def write(first, event):", f"  return join((first, {', '.join(fields)}))"]
    write: Write = function_of(lines, names, "write")
    return write


def forms(schema: AvroSchema) -> dict[str, Form]:
    """Functions that write the fields of a record, by name and in order; see :func:`writer`."""
    made: dict[str, Form] = {}
    for field in schema["fields"]:
        node, optional = branch(field["type"]), isinstance(field["type"], list)
        made[field["name"]] = (_number_form if kind_of(node) in _UNIQUE else _kept_form)(node, optional)
    return made


def function_of(lines: list[str], names: dict[str, Any], name: str) -> Any:
    """The function that these lines define under a name."""
    exec("\n".join(lines), names)  # noqa: S102 - our own lines; of the schema they hold field names only
    return names[name]


def branch(node: Any) -> Any:
    """The type itself, or the one beside null."""
    if not isinstance(node, list):
        return node
    if len(node) != 2 or node[0] != "null":
        raise Uncommon(f"a union of {node}")
    return node[1]


def kind_of(node: Any) -> str:
    """The name of a type: of its logical type, where it has one."""
    if isinstance(node, dict):
        return str(node.get("logicalType") or node["type"])
    return str(node)


def _reads(node: Any, value: str, names: dict[str, Any]) -> list[str]:
    """The lines that read one type."""
    kind = kind_of(node)
    if kind == "enum":
        table = f"{value}_symbols"
        names[table] = {2 * index: symbol for index, symbol in enumerate(node["symbols"])}
        return [f"{value} = {table}[data[at]]", "at += 1"]
    if kind == "timestamp-micros":
        return [f"{value} = instants[data[at : at + {INSTANT_BYTES}]]", f"at += {INSTANT_BYTES}"]
    if kind == "long":
        return long_lines(value)
    if kind == "string":
        most, made = SHORT, "texts[data[at:end]]"
    elif kind == "decimal":
        most, made = 2 * DECIMAL_BYTES, "number(data[at:end], 'big', signed=True)"
    else:
        raise Uncommon(f"a field of type {kind}")
    empty = " or not size" if kind == "decimal" else ""
    return [
        "size = data[at]",
        f"if size > {most} or size & 1{empty}:",
        "  raise Uncommon",
        "at += 1",
        "end = at + (size >> 1)",
        f"{value} = {made}",
        "at = end",
    ]


def long_lines(value: str) -> list[str]:
    """The lines that read a long."""
    return [
        "size = data[at]",
        "at += 1",
        f"if size > {SHORT}:",
        "  size, at = long(data, at, size)",
        f"{value} = size >> 1 ^ -(size & 1)",
    ]


def rest_of_long(data: bytes, at: int, first: int) -> tuple[int, int]:
    """The zigzag number that begins with ``first`` and goes on, and the place behind it."""
    number = first & SHORT
    for shift in range(7, _LONG_BITS, 7):
        byte = data[at]
        at += 1
        number |= (byte & SHORT) << shift
        if byte <= SHORT and not number >> _LONG_BITS:
            return number, at
    raise Uncommon  # too many digits, however many more follow


def instant_of(data: bytes) -> int:
    """The instant of the usual length; Uncommon for all else."""
    if len(data) != INSTANT_BYTES or int.from_bytes(data, "little") & _CONTINUED != _CONTINUED:
        raise Uncommon
    number, _ = rest_of_long(data, 1, data[0])
    instant = number >> 1 ^ -(number & 1)
    if not instants.EARLIEST <= instant <= instants.LATEST:
        raise Uncommon
    return instant


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
    rest = number << 1 ^ number >> (_LONG_BITS - 1)
    if rest >> _LONG_BITS:
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
