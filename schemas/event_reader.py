"""A function that reads a record's Avro into an event; see :mod:`schemas.compiled`."""

from collections.abc import Callable
from typing import Any, TypeVar

from schemas import instants
from schemas.compiled import DECIMAL_BYTES, LONG_BITS, SHORT, Kept, Uncommon, branch, function_of, kind_of
from schemas.registry import AvroSchema

E = TypeVar("E")

Read = Callable[[bytes, int], E]
"""A function of bytes and the place where the body begins; it ends where the bytes do."""

INSTANT_BYTES = 8
_CONTINUED = 0x0080_8080_8080_8080
"""The top bits of an eight-byte number: set in each byte but the last."""


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
    for shift in range(7, LONG_BITS, 7):
        byte = data[at]
        at += 1
        number |= (byte & SHORT) << shift
        if byte <= SHORT and not number >> LONG_BITS:
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
