"""Parts of an answer: the readings of one day (of a month source: of one month) by the date as it is written.

A part's hash is taken over the raw JSON of its readings, in any order, and over the point's fingerprint. Equal hashes
mean equal readings, because mapping is a pure function of both; only in_future depends on the clock besides.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from producer.feed import Feed
from producer.response import Message

HASH = 8
"""Bytes of a part's hash: one change in 2^64 could be overlooked."""
UNDATED = 0xFFFF_FFFF
"""The part of readings without a date that could be one."""
_LAST = 2199_12_31

_DATE = re.compile(rb'"([0-9]{4})-([0-9]{2})-([0-9]{2})')


class _Dated(msgspec.Struct):
    """The date of a reading as raw JSON, empty where it is absent; other fields are passed over."""

    date: msgspec.Raw = msgspec.Raw(b"")


@dataclass(slots=True)
class Part:
    """Readings of one day or month, with the message each came in. ``key``: yyyymmdd or yyyymm, or UNDATED."""

    key: int
    readings: list[tuple[Message, bytes]] = field(default_factory=list)

    def hash(self, fingerprint: bytes) -> bytes:
        """Equal for equal readings, settings and mapping."""
        digest = hashlib.blake2b(key=fingerprint, digest_size=HASH)
        for item in sorted(repr(message.head).encode() + b"\n" + raw for message, raw in self.readings):
            digest.update(b"%d:" % len(item))
            digest.update(item)
        return digest.digest()


class Splitter:
    """Splits the answers of one feed."""

    def __init__(self, feed: Feed) -> None:
        """Looks up the name of the date's field."""
        names = feed.mapping.fields
        dated = msgspec.defstruct(
            "Dated", [("date", msgspec.Raw, msgspec.Raw(b""))], bases=(_Dated,), rename={"date": names.reading_date}
        )
        self._dates: msgspec.json.Decoder[_Dated] = msgspec.json.Decoder(dated)
        self._digits = 2 if feed.settings.granularity == "month" else 3

    def split(self, messages: Iterable[Message]) -> list[Part]:
        """The parts of some messages, oldest first."""
        parts: dict[int, Part] = {}
        for message in messages:
            for raw in message.readings:
                key = self._key(raw)
                part = parts.get(key)
                if part is None:
                    part = parts[key] = Part(key)
                part.readings.append((message, raw))
        return [parts[key] for key in sorted(parts)]

    def _key(self, raw: bytes) -> int:
        try:
            match = _DATE.match(self._dates.decode(raw).date)
        except (msgspec.ValidationError, RecursionError):
            return UNDATED
        if match is None:
            return UNDATED
        key = int(b"".join(match.groups()[: self._digits]))
        return key if key <= _LAST else UNDATED
