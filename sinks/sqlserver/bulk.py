"""Rows in the form of a bulk load of TDS: numbers and instants exact, and nothing to convert on the way.

Format: https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-tds (TYPE_INFO, TYPE_VARBYTE). python-tds
would make the same of Decimals and datetimes, at seven times the cost; a test compares.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol
from unicodedata import normalize

from pytds.tds_base import Column as TdsColumn
from pytds.tds_types import BigIntType, DateTime2Type, DecimalType, NVarCharType

from schemas import exact, instants
from schemas.column_reader import Forms
from sinks.columns import COLUMNS, CONTENT_TEXTS, KEY, Column
from sinks.sqlserver.statements import OWN, units

_DAY_ONE = instants.from_datetime(datetime(1, 1, 1, tzinfo=UTC))
_LONG = struct.Struct("<Bq")
_LENGTH = struct.Struct("<H")
DIGITS = 38
"""Of a decimal: the most there are, in the same 17 bytes as ours would take."""
LONGEST = 0xFFFE
"""Bytes of a text that its length can say: what is longer is told apart by that alone, for it is refused."""


def _text(value: str) -> bytes:
    data = value.encode("utf-16-le")[:LONGEST]
    return _LENGTH.pack(len(data)) + data


def _integer(value: int) -> bytes:
    return _LONG.pack(8, value)


def _instant(value: int) -> bytes:
    days, rest = divmod(value - _DAY_ONE, instants.DAY)
    return b"\x08" + rest.to_bytes(5, "little") + days.to_bytes(3, "little")


def _number(value: int) -> bytes:
    """Units of 10^-12 as decimal(38,12): sign, and magnitude."""
    return b"\x11" + (b"\x01" if value >= 0 else b"\x00") + abs(value).to_bytes(16, "little")


FORMS = Forms(text=_text, integer=_integer, instant=_instant, number=_number)
_NULLS = tuple(b"\xff\xff" if column.kind == "text" else b"\x00" for column in COLUMNS)
_TEXTS = tuple(
    (index, column.name, 2 + 2 * units(column)) for index, column in enumerate(COLUMNS) if column.kind == "text"
)
_BLANK = " ".encode("utf-16-le")
_KEY_TEXTS = tuple(index for index, column in enumerate(COLUMNS) if column.name in KEY and column.kind == "text")
_CONTENT_TEXTS = tuple(index for index, column in enumerate(COLUMNS) if column.name in CONTENT_TEXTS)


class Columns(Protocol):
    """A row, as far as it is copied."""

    @property
    def columns(self) -> Sequence[bytes | None]: ...  # noqa: D102


class WireColumn(TdsColumn):  # type: ignore[misc] # python-tds is not typed
    """A column of a bulk load whose values are in :data:`FORMS` already."""

    def choose_serializer(self, type_factory: Any, collation: Any) -> "_AsItIs":
        """See python-tds: what describes the column, and writes its values."""
        return _AsItIs(super().choose_serializer(type_factory, collation))


class _AsItIs:
    def __init__(self, described: Any) -> None:
        self.type = described.type
        self.write_info = described.write_info

    def write(self, writer: Any, value: bytes) -> None:
        writer.write(value)


def bulk_columns() -> list[WireColumn]:
    """The columns that :func:`bulk_rows` gives, in their order."""
    return [
        *(WireColumn(column.name, _type(column)) for column in COLUMNS),
        *(WireColumn(name, BigIntType()) for name in OWN),
    ]


def bulk_rows(rows: Iterable[Columns], delivered_at: int) -> Iterator[list[bytes]]:
    """Rows whose columns are in :data:`FORMS`, as a bulk load takes them."""
    last = _instant(delivered_at)
    for row in rows:
        texts = tuple([row.columns[index] for index in _CONTENT_TEXTS])
        columns = [null if value is None else value for value, null in zip((*row.columns, last), _NULLS, strict=True)]
        columns += [_integer(_blanks([columns[index] for index in _KEY_TEXTS])), _digest(texts)]
        yield columns


def too_long(rows: Iterable[Columns]) -> str | None:
    """The name of a column in which a text is longer than it takes; None: there is none."""
    for row in rows:
        for index, name, most in _TEXTS:
            value = row.columns[index]
            if value is not None and len(value) > most:
                return name
    return None


def _blanks(texts: Sequence[bytes]) -> int:
    """How many blanks end each of some texts in :data:`FORMS`, as one number."""
    if not any(text.endswith(_BLANK) for text in texts):
        return 0
    number = 0
    for text in texts:
        plain = text[2:].decode("utf-16-le")
        number = number * (1 << 16) + len(plain) - len(plain.rstrip(" "))
    return number


@lru_cache(maxsize=1 << 12)
def _digest(texts: tuple[bytes | None, ...]) -> bytes:
    """Of texts in :data:`FORMS` after NFC: 64 bits, as an integer."""
    digest = hashlib.blake2b(digest_size=8)
    for text in texts:
        plain = None if text is None else normalize("NFC", text[2:].decode("utf-16-le", "surrogatepass")).encode()
        digest.update(b"-" if plain is None else b"%d:%s" % (len(plain), plain))
    return _integer(int.from_bytes(digest.digest(), "big", signed=True))


def _type(column: Column) -> Any:
    match column.kind:
        case "text":
            return NVarCharType(units(column))
        case "integer":
            return BigIntType()
        case "instant":
            return DateTime2Type(6)
        case "number":
            return DecimalType(DIGITS, exact.SCALE)
