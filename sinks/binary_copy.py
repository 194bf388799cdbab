"""Rows in PostgreSQL's binary COPY format: numbers and instants exact, and no text to escape.

Format: https://www.postgresql.org/docs/current/sql-copy.html (Binary Format); numeric is the server's own
(numeric_recv): digits of base 10,000, of which ours always have three behind the point.
"""

import struct
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from schemas import exact, instants
from sinks.batch import Row
from sinks.columns import COLUMNS, Kind

_HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
_TRAILER = struct.pack(">h", -1)
_NULL = struct.pack(">i", -1)
_FIELDS = struct.pack(">h", len(COLUMNS))
_LONG = struct.Struct(">iq")
_NUMERIC = tuple(struct.Struct(f">ihhHh{count}H") for count in range(13))
"""By number of digits: length, that number, weight, sign, scale, digits."""
_WHOLE, _MIXED = _NUMERIC[2], _NUMERIC[5]
"""Below 10^8: two digits before the point, and none or three behind it."""
_BASE = 10_000
_FRACTION_DIGITS = exact.SCALE // 4
_NEGATIVE = 0x4000
_POSTGRESQL_EPOCH = instants.from_datetime(datetime(2000, 1, 1, tzinfo=UTC))


@lru_cache(maxsize=1 << 16)
def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack(">i", len(data)) + data


def _integer(value: int) -> bytes:
    return _LONG.pack(8, value)


@lru_cache(maxsize=1 << 16)
def _instant(value: int) -> bytes:
    return _LONG.pack(8, value - _POSTGRESQL_EPOCH)


@lru_cache(maxsize=1 << 16)
def _number(value: int) -> bytes:
    """Units of 10^-12 as numeric(38,12). Zeros at either end are the server's to strip."""
    magnitude, sign = (value, 0) if value >= 0 else (-value, _NEGATIVE)
    whole, fraction = divmod(magnitude, exact.ONE)
    if whole >= _BASE**2:
        return _large_number(magnitude, sign)
    if not fraction:
        return _WHOLE.pack(12, 2, 1, sign, exact.SCALE, *divmod(whole, _BASE))
    high, low = divmod(fraction, _BASE)
    return _MIXED.pack(18, 5, 1, sign, exact.SCALE, *divmod(whole, _BASE), *divmod(high, _BASE), low)


def _large_number(magnitude: int, sign: int) -> bytes:
    digits = []
    rest = magnitude
    while rest:
        rest, digit = divmod(rest, _BASE)
        digits.append(digit)
    count = len(digits)
    digits.reverse()
    return _NUMERIC[count].pack(8 + 2 * count, count, count - 1 - _FRACTION_DIGITS, sign, exact.SCALE, *digits)


_WRITE: dict[Kind, Callable[[Any], bytes]] = {
    "text": _text,
    "integer": _integer,
    "instant": _instant,
    "number": _number,
}
_WRITERS = tuple(_WRITE[column.kind] for column in COLUMNS)


def copy_data(rows: Iterable[Row], delivered_at: int) -> bytes:
    """The whole input of one COPY … FROM STDIN (FORMAT BINARY) into the columns of :data:`sinks.columns.COLUMNS`.

    Raises:
        struct.error: an instant beyond what 64 bits hold.
    """
    parts = [_HEADER]
    for row in rows:
        values = (*msgspec.structs.astuple(row.value), delivered_at)
        parts.append(_FIELDS)
        parts += [_NULL if value is None else write(value) for write, value in zip(_WRITERS, values, strict=True)]
    parts.append(_TRAILER)
    return b"".join(parts)
