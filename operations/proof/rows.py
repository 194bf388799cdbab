"""A receiver's row as it is compared and hashed: the same bytes, whichever database it stands in.

The canonical form of a row is a compact JSON array in UTF-8 of its fields in the order of :data:`FIELDS`: texts as
they are, instants as integers of UTC microseconds, numbers as integers of 10^-12, null where it has none.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, DecimalException
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from schemas import exact, instants
from schemas.column_reader import Forms, Kind
from schemas.compiled import Kept
from sinks.columns import COLUMNS, DELIVERED_AT

CLOCKED = ("published_at", DELIVERED_AT)
"""Not compared: only a clock decides them, and another run of the same delivery leaves others."""
FIELDS = tuple(column for column in COLUMNS if column.name not in CLOCKED)
NAMES = tuple(column.name for column in FIELDS)
PLACE = {name: place for place, name in enumerate(NAMES)}
VERSIONING = ("cause", "change", "fetched_at", "epoch", "sequence")
"""How a row came to be as it is: equal deliveries of two epochs or clusters differ in these."""
CONTENTS = tuple(column.name for column in FIELDS if column.name not in VERSIONING)
"""What a receiver reads of a row: these are hashed, and compared between two stages."""

AS_THEY_ARE = Forms(*[lambda value: value] * 4)
"""Columns that are the fields themselves."""

encode = msgspec.json.Encoder().encode
decode: Callable[[bytes], list[Any]] = msgspec.json.Decoder().decode
decode_all: Callable[[bytes], list[list[Any]]] = msgspec.json.Decoder().decode
"""Of several rows that were encoded together."""

AT_ONCE = 1_000
"""Rows that are read at once."""
_POINT = -exact.SCALE - 1
_AS_USUAL = re.compile(rf"-?(?:0|[1-9][0-9]{{0,{exact.INTEGER_DIGITS - 1}}})\.[0-9]{{{exact.SCALE}}}").fullmatch
"""How most databases write a number."""
Reader = Callable[[Iterable[Any]], Iterable[Any]]
"""Reads a column of rows."""

_PLACE = itemgetter(
    *(PLACE[name] for name in ("metering_point", "source", "delivery_category", "reading_at", "sequence"))
)

Key = tuple[str, str, str, int]
"""Metering point, source, delivery category, reading_at: the order in which rows are compared and hashed."""


class Version(NamedTuple):
    """One version of a row: its key, its place among the versions of that key, and its fields.

    The fields are those of :data:`FIELDS`; any others stand behind them.
    """

    key: Key
    sequence: int
    fields: Sequence[Any]

    @property
    def content(self) -> bytes:
        """The canonical form."""
        return encode(self.fields[: len(NAMES)])


def version(fields: Sequence[Any]) -> Version:
    """Of a row's fields; instants and numbers as ints."""
    point, source, category, reading_at, sequence = _PLACE(fields)
    if reading_at.__class__ is not int:  # unreadable: it must stand somewhere in the order
        reading_at = instants.EARLIEST
    return Version((point, source, category, reading_at), sequence, fields)


def read_back(rows: Iterator[tuple[Any, ...]], names: Sequence[str] = NAMES) -> Iterator[tuple[Any, ...]]:
    """Rows as any database's client gives them, as plain values.

    Args:
        rows: their columns in the order of ``names``.
        names: fields of a row.

    Returns:
        Texts, ints and None. What cannot be read as its column's kind stands as a text: it equals nothing.
    """
    return by_column(rows, [READERS[KINDS[name]] for name in names])


def by_column(rows: Iterator[tuple[Any, ...]], readers: Sequence[Reader]) -> Iterator[tuple[Any, ...]]:
    """Rows, their columns read some rows at a time: that takes half as long as row by row."""
    while some := list(islice(rows, AT_ONCE)):
        columns = zip(*some, strict=True)
        yield from zip(*(read(column) for read, column in zip(readers, columns, strict=True)), strict=True)


def number(raw: Any) -> int | str:
    """A number of any client's, in units of 10^-12; a text where it is none, or has more digits than are kept."""
    try:
        text = raw if isinstance(raw, str) else f"{Decimal(raw):f}"
        return int(text[:_POINT] + text[_POINT + 1 :]) if _AS_USUAL(text) else exact.parse(text)
    except (ValueError, ArithmeticError, DecimalException):
        pass  # infinite, or no number at all
    return f"not a number of this scale: {raw}"


def _instant(raw: Any) -> int | str:
    try:
        moment = raw if isinstance(raw, datetime) else datetime.fromisoformat(raw)
        return instants.from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, TypeError):
        return f"not an instant: {raw}"


def each(read: Callable[[Any], Any]) -> Reader:
    """Reads each value of a column; NULL is None."""
    return lambda column: [None if raw is None else read(raw) for raw in column]


def recurring(read: Callable[[Any], Any]) -> Reader:
    """The same of values that recur: what was read of them is kept."""
    known = Kept(lambda raw: None if raw is None else read(raw))
    return lambda column: map(known.__getitem__, column)


READERS: Mapping[Kind, Reader] = {
    "text": lambda column: [raw if raw.__class__ is str or raw is None else str(raw) for raw in column],
    "integer": each(lambda raw: raw if raw.__class__ is int else f"not an integer: {raw}"),
    "number": each(number),
    "instant": recurring(_instant),
}
KINDS = {column.name: column.kind for column in COLUMNS}


def told(name: str, value: Any) -> str | None:
    """A field's value for a person: exact decimals, instants in UTC."""
    if value is None or isinstance(value, str):
        return value
    match KINDS[name]:
        case "number":
            return exact.to_text(value)
        case "instant":
            return instants.to_text(value)
    return str(value)
