"""A column of numbers, packed for MessagePack: small numbers take one byte, equal ones none, and any number fits.

Forms: ``[number]`` – all are equal (None too); ``[first, unit, parts]`` – first + unit × part each, None stays None;
``[first, unit, None, parts]`` – the same where some part is beyond 64 bits: then each is bytes (or None).
"""

from collections.abc import Sequence
from math import gcd
from typing import Any

from schemas.exact import from_bytes, to_bytes

Number = int | None
Packed = list[Any]

_WIDE = 1 << 63
"""MessagePack's integers end here; larger ones are written as bytes."""


def pack(numbers: Sequence[Number]) -> Packed:
    """At least one number."""
    if numbers.count(numbers[0]) == len(numbers):
        return [wide(numbers[0])]
    present = [number for number in numbers if number is not None] if None in numbers else numbers
    first: Any = present[0]
    offsets = [number - first for number in present if number is not None]
    unit = gcd(*offsets) or 1
    parts: list[Any] = [offset // unit for offset in offsets]
    fits = min(parts) >= -_WIDE and max(parts) < _WIDE
    if not fits:
        parts = [to_bytes(part) for part in parts]
    if present is not numbers:
        following = iter(parts)
        parts = [None if number is None else next(following) for number in numbers]
    return [wide(first), wide(unit), parts] if fits else [wide(first), wide(unit), None, parts]


def unpack(column: Packed, count: int) -> list[Any]:
    """The inverse of :func:`pack`, for so many numbers."""
    first = narrow(column[0])
    if len(column) == 1:
        return [first] * count
    unit = narrow(column[1])
    parts = column[2]
    if parts is None:
        parts = [narrow(part) for part in column[3]]
    if None in parts:
        return [None if part is None else first + unit * part for part in parts]
    return [first + unit * part for part in parts]


def wide(number: Number) -> int | bytes | None:
    """A single number as MessagePack can carry it."""
    return to_bytes(number) if number is not None and not -_WIDE <= number < _WIDE else number


def narrow(number: Any) -> Any:
    """The inverse of :func:`wide`."""
    return from_bytes(number) if type(number) is bytes else number
