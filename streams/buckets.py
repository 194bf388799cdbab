"""Buckets: a stretch of one series as bytes, which is also the form in memory. One new hour rewrites one day.

MessagePack, by columns: [1, count, reading_at, value, before, after, brought, seen, terms, which]; columns of numbers
as in :mod:`streams.columns`. ``seen`` is nil where it equals ``brought``. ``terms`` holds each distinct terms once;
``which`` is the index per entry, nil where there is one terms only. The content's hash is not stored: it is computed
again in the rare case that two versions tie.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from runtime.errors import PositionError
from runtime.mends import REBUILD_STATE
from schemas.events import Granularity
from schemas.instants import DAY
from streams.columns import narrow, pack, unpack, wide
from streams.rules.entry import Entry, Terms, shared_terms

WIDTH: dict[Granularity, int] = {"month": 365 * DAY, "day": 30 * DAY, "hour": DAY, "quarter": DAY}
"""Microseconds per bucket, by the granularity of its series; bucket ``n`` begins at ``n * width``.

Wide buckets hold a reading in fewer bytes, narrow ones rewrite fewer for a lone new reading. Measured (written per lone
reading / held per reading, keys included): hours – half a day 200/20, a day 233/13, two days 293/9 bytes; days – 15
254/21, 30 309/15, 60 419/12; months – half a year 206/42, a year 224/28, two years 256/23.
"""

_FORMAT = 1

_NUMBERS = tuple(Terms._fields.index(name) for name in ("factor", "rolls_over_at", "max_per_period"))

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode
_tuple = tuple.__new__


def encode(entries: Sequence[Entry]) -> bytes:
    """Entries by reading_at, at least one."""
    at, value, before, after, terms, brought, seen = zip(*entries, strict=True)
    table = {known: index for index, known in enumerate(dict.fromkeys(terms))}
    return _encode(
        (
            _FORMAT,
            len(entries),
            pack(at),
            pack(value),
            pack(before),
            pack(after),
            pack(brought),
            None if seen == brought else pack(seen),
            [_widened(known) for known in table],
            None if len(table) == 1 else [table[known] for known in terms],
        )
    )


def decode(data: bytes) -> list[Entry]:
    """The inverse of :func:`encode`.

    Raises:
        PositionError: the bytes are of another format.
    """
    version, count, at, value, before, after, brought, seen, table, which = _decode(data)
    if version != _FORMAT:
        raise PositionError(
            f"a state bucket of format {version}, this release reads {_FORMAT}: run the release that wrote it; or "
            f"{REBUILD_STATE}"
        )
    terms = [shared_terms(_narrowed(known)) for known in table]
    fetched = unpack(brought, count)
    fields = zip(
        unpack(at, count),
        unpack(value, count),
        unpack(before, count),
        unpack(after, count),
        terms * count if which is None else [terms[index] for index in which],
        fetched,
        fetched if seen is None else unpack(seen, count),
        strict=True,
    )
    return [_tuple(Entry, entry) for entry in fields]


def _widened(terms: Terms) -> list[Any]:
    fields: list[Any] = list(terms)
    for index in _NUMBERS:
        fields[index] = wide(fields[index])
    return fields


def _narrowed(fields: list[Any]) -> tuple[Any, ...]:
    for index in _NUMBERS:
        fields[index] = narrow(fields[index])
    return tuple(fields)
