"""Reading and writing the Avro bodies of one record schema by functions made for it: several times as fast as fastavro.

A function is generated from the schema, as dataclasses generates ``__init__``: a line or two per field, nothing looked
up while it runs. It knows the usual forms only – texts below 64 bytes, decimals below 16, instants of the years 1979
to 3111, ``null`` first in a union – and says :class:`Uncommon` to all else, right or wrong: fastavro then decides.
So what it accepts is a part of what fastavro accepts, with the same meaning (tests/properties/test_compiled.py).

Texts and instants recur in nearly every record, so their forms are kept, in bounded number.

Source of the format: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from collections.abc import Callable
from typing import Any

KEPT = 1 << 15
"""Forms of one kind that are kept; then they are forgotten, all at once. As many hours are 3.7 years.

The moments of asking come in without end, and each fills a place: this many of a kind take up to 10 MiB.
"""
SHORT = 127
"""The largest number in one byte of Avro's variable-length coding."""
DECIMAL_BYTES = 15
"""So many bytes always hold fewer than 24 integer digits."""
LONG_BITS = 64
NULL, PRESENT = b"\x00", 2
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
