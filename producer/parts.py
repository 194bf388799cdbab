"""Parts of an answer: the readings of one day (of a month source: of one month) by the date as it is written.

A part's hash is taken over the raw JSON of its readings, in any order, and over the point's fingerprint. Equal hashes
mean equal readings, because mapping is a pure function of both; only in_future depends on the clock besides.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from producer.feed import Feed
from producer.fields import Usual, UsualReader
from producer.response import Message

HASH = 8
"""Bytes of a part's hash: one change in 2^64 could be overlooked."""
UNDATED = 0xFFFF_FFFF
"""The part of readings without a date that could be one."""
_LAST = 2199_12_31

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_DATE_LENGTH = 10
_KEPT = 4_096
"""Keys of dates that are kept: nearly every date recurs."""


class _Dated(msgspec.Struct):
    """The date of a reading as raw JSON, empty where it is absent; other fields are passed over."""

    date: msgspec.Raw = msgspec.Raw(b"")


class Item(msgspec.Struct, frozen=True, gc=False):
    """A reading and the message it came in. ``usual``: its fields, where it is written as nearly all are."""

    message: Message
    raw: bytes
    usual: Usual | None


@dataclass(slots=True)
class Part:
    """Readings of one day or month. ``key``: yyyymmdd or yyyymm, or UNDATED."""

    key: int
    readings: list[Item] = field(default_factory=list)

    def hash(self, fingerprint: bytes) -> bytes:
        """Equal for equal readings, settings and mapping."""
        digest = hashlib.blake2b(key=fingerprint, digest_size=HASH)
        items = sorted([item.message.heading + item.raw for item in self.readings])
        digest.update(b"".join([b"%d:%b" % (len(item), item) for item in items]))
        return digest.digest()


class Splitter:
    """Splits the answers of one feed."""

    def __init__(self, feed: Feed) -> None:
        """Looks up the names of the fields."""
        names = feed.mapping.fields
        dated = msgspec.defstruct(
            "Dated", [("date", msgspec.Raw, msgspec.Raw(b""))], bases=(_Dated,), rename={"date": names.reading_date}
        )
        self._dates: msgspec.json.Decoder[_Dated] = msgspec.json.Decoder(dated)
        self._usual = UsualReader(names)
        self._digits = 2 if feed.settings.granularity == "month" else 3
        self._key = lru_cache(_KEPT)(self._read_key)

    def split(self, messages: Iterable[Message]) -> list[Part]:
        """The parts of some messages, oldest first."""
        parts: dict[int, Part] = {}
        for message in messages:
            for raw, usual in zip(message.readings, self._usual.read(message.readings), strict=True):
                key = self._key(self._date(raw) if usual is None else usual.reading_date[:_DATE_LENGTH])
                part = parts.get(key)
                if part is None:
                    part = parts[key] = Part(key)
                part.readings.append(Item(message, raw, usual))
        return [parts[key] for key in sorted(parts)]

    def _date(self, raw: bytes) -> str:
        """As much of the date as tells its day; nothing, where there is none."""
        try:
            date = bytes(self._dates.decode(raw).date)
        except (msgspec.ValidationError, RecursionError):
            return ""
        return date[1 : 1 + _DATE_LENGTH].decode("latin-1") if date[:1] == b'"' else ""

    def _read_key(self, date: str) -> int:
        match = _DATE.match(date)
        if match is None:
            return UNDATED
        key = int("".join(match.groups()[: self._digits]))
        return key if key <= _LAST else UNDATED
