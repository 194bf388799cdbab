"""Content and version of a reading: what makes two readings of one identity equal, and which one is current.

The canonical form is fixed for ever: versions are compared across years of stored history. Changing it needs a new
epoch. tests/unit/test_schemas_contents.py holds stored examples.
"""

import hashlib
from unicodedata import normalize

import msgspec

from schemas.events import Reading

_encode = msgspec.json.Encoder().encode

Version = tuple[int, bytes]
"""(fetched_at, content hash): the total order that decides which of two contents is current."""


def canonical(reading: Reading) -> bytes:
    """The canonical form: a compact JSON array of value, unit, method, reason and the terms.

    Numbers stand as text in units of 10^-12 (equal as numbers = equal text), texts in NFC, absent ones as null.
    """
    return _encode(
        (
            _number(reading.consumption),
            normalize("NFC", reading.unit),
            _text(reading.reading_method),
            _text(reading.reading_reason),
            reading.series_kind,
            reading.granularity,
            str(reading.period_start),
            str(reading.period_end),
            reading.quality,
            normalize("NFC", reading.consumption_unit),
            _number(reading.factor),
            _number(reading.rolls_over_at),
            _number(reading.max_per_period),
        )
    )


def content_hash(reading: Reading) -> bytes:
    """16 bytes: equal exactly when the contents are equal."""
    return hashlib.blake2b(canonical(reading), digest_size=16).digest()


def version(reading: Reading) -> Version:
    """The version of a reading."""
    return reading.fetched_at, content_hash(reading)


def _number(number: int | None) -> str | None:
    return None if number is None else str(number)


def _text(text: str | None) -> str | None:
    return None if text is None else normalize("NFC", text)
