"""Buckets: a stretch of one series as bytes, which is also the form in memory. One new hour rewrites one day.

MessagePack, by columns: [1, count, reading_at, value, period_start, period_end, brought, seen, terms, which]. A column
of numbers is [first] where all are equal to the first or nothing else, else [first, unit, [(number - first) / unit]];
None stands for a missing value. Periods are relative to reading_at. ``seen`` is nil where it equals ``brought``.
``terms`` holds each distinct terms once; ``which`` is the index per entry, nil where there is one terms only.
The content's hash is not stored: it is computed again in the rare case that two versions tie.
"""

from collections.abc import Sequence
from math import gcd
from typing import Any

import msgspec

from schemas.events import Granularity
from schemas.exact import from_bytes, to_bytes
from schemas.instants import DAY
from streams.rules.entry import Entry, Terms

WIDTH: dict[Granularity, int] = {"month": 365 * DAY, "day": 30 * DAY, "hour": DAY, "quarter": DAY}
"""Microseconds per bucket, by the granularity of its series; bucket ``n`` begins at ``n * width``."""

_FORMAT = 1
_WIDE = 1 << 63
"""MessagePack's integers end here; larger ones are written as bytes."""

_NUMBERS = tuple(Terms._fields.index(name) for name in ("factor", "rolls_over_at", "max_per_period"))

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class Buckets:
    """Encodes and decodes buckets; equal terms become the same object, so that comparing them is cheap."""

    def __init__(self) -> None:
        self._terms: dict[Terms, Terms] = {}

    def same(self, terms: Terms) -> Terms:
        """The one object for these terms."""
        return self._terms.setdefault(terms, terms)

    def encode(self, entries: Sequence[Entry]) -> bytes:
        """Entries by reading_at, at least one."""
        ats, values, starts, ends, terms, brought, seen = zip(*entries, strict=True)
        table = {known: index for index, known in enumerate(dict.fromkeys(terms))}
        return _encode(
            (
                _FORMAT,
                len(entries),
                _packed(ats),
                _packed(values),
                _packed([at - start for at, start in zip(ats, starts, strict=True)]),
                _packed([end - at for at, end in zip(ats, ends, strict=True)]),
                _packed(brought),
                None if seen == brought else _packed(seen),
                [_widened(known) for known in table],
                None if len(table) == 1 else [table[known] for known in terms],
            )
        )

    def decode(self, data: bytes) -> list[Entry]:
        """The inverse of :meth:`encode`.

        Raises:
            ValueError: the bytes are of another format.
        """
        version, count, ats, values, starts, ends, brought, seen, table, which = _decode(data)
        if version != _FORMAT:
            raise ValueError(f"a state bucket of format {version}; this version reads {_FORMAT}: reprocess")
        terms = [self.same(_narrowed(known)) for known in table]
        at = _unpacked(ats, count)
        fetched = _unpacked(brought, count)
        return list(
            map(
                Entry,
                at,
                _unpacked(values, count),
                [a - before for a, before in zip(at, _unpacked(starts, count), strict=True)],
                [a + after for a, after in zip(at, _unpacked(ends, count), strict=True)],
                terms * count if which is None else [terms[index] for index in which],
                fetched,
                fetched if seen is None else _unpacked(seen, count),
            )
        )


def _packed(numbers: Sequence[Any]) -> list[Any]:
    first = next((number for number in numbers if number is not None), None)
    if first is None:
        return [None]
    gaps = None in numbers
    offsets = (
        [None if number is None else number - first for number in numbers]
        if gaps
        else [number - first for number in numbers]
    )
    unit = gcd(*filter(None, offsets))
    if unit == 0:
        if not gaps:
            return [_wide(first)]
        unit = 1
    parts = [None if offset is None else _wide(offset // unit) for offset in offsets]
    return [_wide(first), _wide(unit), parts]


def _unpacked(column: list[Any], count: int) -> list[Any]:
    first = _narrow(column[0])
    if len(column) == 1:
        return [first] * count
    unit = _narrow(column[1])
    return [None if part is None else first + unit * _narrow(part) for part in column[2]]


def _wide(number: int) -> int | bytes:
    return number if -_WIDE <= number < _WIDE else to_bytes(number)


def _narrow(number: Any) -> Any:
    return from_bytes(number) if type(number) is bytes else number


def _widened(terms: Terms) -> list[Any]:
    fields: list[Any] = list(terms)
    for index in _NUMBERS:
        if fields[index] is not None:
            fields[index] = _wide(fields[index])
    return fields


def _narrowed(fields: list[Any]) -> Terms:
    for index in _NUMBERS:
        fields[index] = _narrow(fields[index])
    return Terms(*fields)
