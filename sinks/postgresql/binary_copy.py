"""Rows in PostgreSQL's binary COPY format: numbers and instants exact, and no text to escape.

Format: https://www.postgresql.org/docs/current/sql-copy.html (Binary Format); numeric is the server's own
(numeric_recv): digits of base 10,000, of which ours always have three behind the point.
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from schemas import exact, instants
from schemas.column_reader import Forms
from sinks.columns import COLUMNS

_HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
_TRAILER = struct.pack(">h", -1)
_FIELDS = struct.pack(">h", len(COLUMNS))
_LONG = struct.Struct(">iq")
_NUMERIC = tuple(struct.Struct(f">ihhHh{count}H") for count in range(13))
"""By number of digits: length, that number, weight, sign, scale, digits."""
_USUAL, _MIXED = _NUMERIC[3], _NUMERIC[5]
"""Below 10^8: two digits before the point, and one or three behind it."""
_BASE = 10_000
_FRACTION_DIGITS = exact.SCALE // 4
_NEGATIVE = 0x4000
_POSTGRESQL_EPOCH = instants.from_datetime(datetime(2000, 1, 1, tzinfo=UTC))


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack(">i", len(data)) + data


def _integer(value: int) -> bytes:
    return _LONG.pack(8, value)


def _instant(value: int) -> bytes:
    return _LONG.pack(8, value - _POSTGRESQL_EPOCH)


def _number(value: int) -> bytes:
    """Units of 10^-12 as numeric(38,12). Zeros at either end are the server's to strip."""
    magnitude, sign = (value, 0) if value >= 0 else (-value, _NEGATIVE)
    whole, fraction = divmod(magnitude, exact.ONE)
    if whole >= _BASE**2:
        return _large_number(magnitude, sign)
    first, second = divmod(whole, _BASE)
    third, rest = divmod(fraction, _BASE**2)
    if not rest:
        return _USUAL.pack(14, 3, 1, sign, exact.SCALE, first, second, third)
    return _MIXED.pack(18, 5, 1, sign, exact.SCALE, first, second, third, *divmod(rest, _BASE))


def _large_number(magnitude: int, sign: int) -> bytes:
    digits = []
    rest = magnitude
    while rest:
        rest, digit = divmod(rest, _BASE)
        digits.append(digit)
    count = len(digits)
    digits.reverse()
    return _NUMERIC[count].pack(8 + 2 * count, count, count - 1 - _FRACTION_DIGITS, sign, exact.SCALE, *digits)


FORMS = Forms(text=_text, integer=_integer, instant=_instant, number=_number, null=struct.pack(">i", -1), join=b"".join)


class Columns(Protocol):
    """A row, as far as it is copied."""

    @property
    def columns(self) -> Sequence[bytes]: ...  # noqa: D102


def copy_data(rows: Iterable[Columns], delivered_at: int) -> bytes:
    """The whole input of one COPY … FROM STDIN (FORMAT BINARY) into the columns of :data:`sinks.columns.COLUMNS`.

    The rows' columns are in :data:`FORMS`.
    """
    parts = [_HEADER]
    last = _instant(delivered_at)
    for row in rows:
        parts += (_FIELDS, *row.columns, last)
    parts.append(_TRAILER)
    return b"".join(parts)
