"""A function that reads a record's Avro into an event; see :mod:`schemas.compiled`."""

from collections.abc import Callable, Iterable
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
        lines += indented(optional_lines(reads, [f"{value} = None"]) if optional else reads)
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
    made = "texts[raw]" if kind == "string" else "number(raw, 'big', signed=True)"
    return sized_lines(kind, [f"{value} = {made}"])


def indented(lines: Iterable[str]) -> list[str]:
    """The lines of a block."""
    return [f"  {line}" for line in lines]


def optional_lines(present: Iterable[str], absent: Iterable[str]) -> list[str]:
    """The lines that read a union of null and another type, given those for either."""
    begin = ["kind = data[at]", "at += 1", "if kind == 2:"]
    return [*begin, *indented(present), "elif kind:", "  raise Uncommon", "else:", *indented(absent)]


def sized_lines(kind: str, use: Iterable[str]) -> list[str]:
    """The lines that read a text or decimal, given those that make something of its bytes ``raw``."""
    if kind not in ("string", "decimal"):
        raise Uncommon(f"a field of type {kind}")
    most, empty = (SHORT, "") if kind == "string" else (2 * DECIMAL_BYTES, " or not size")
    check = [f"if size > {most} or size & 1{empty}:", "  raise Uncommon"]
    return ["size = data[at]", *check, "at += 1", "end = at + (size >> 1)", "raw = data[at:end]", *use, "at = end"]


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
