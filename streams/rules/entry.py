"""What is remembered of one identity: its current content and the content's version."""

from functools import lru_cache
from typing import Any, NamedTuple
from unicodedata import normalize

from schemas.contents import content_hash
from schemas.events import Granularity, Quality, Reading, SeriesKind


class Terms(NamedTuple):
    """A content without its value and period. Texts are in NFC, so that equal contents are equal tuples.

    Numbers are in units of 10^-12. Readings of one series mostly share them.
    """

    unit: str
    method: str | None
    reason: str | None
    kind: SeriesKind
    granularity: Granularity
    quality: Quality
    consumption_unit: str
    factor: int
    rolls_over_at: int | None
    max_per_period: int | None


Fields = tuple[Any, ...]
KEPT = 1 << 14
"""Distinct terms that are remembered."""


class Entry(NamedTuple):
    """One identity of a series. Instants are UTC microseconds; ``value`` None: missing."""

    reading_at: int
    value: int | None
    before: int
    """Microseconds from the period's start to ``reading_at``; mostly the same throughout a series."""
    after: int
    """Microseconds from ``reading_at`` to the period's end."""
    terms: Terms
    brought: int
    """``fetched_at`` of the reading that brought this content."""
    seen: int
    """``fetched_at`` of the newest reading with this content: the first half of the version."""

    def same_content(self, other: "Entry") -> bool:
        """Whether the contents of one identity are equal; versions do not matter."""
        return self[1:5] == other[1:5]  # value, before, after, terms

    def seen_again(self, seen: int) -> "Entry":
        """The same content in a newer version."""
        return Entry(*self[:-1], seen)

    def version(self) -> tuple[int, bytes]:
        """(fetched_at, content hash), the total order of contents."""
        return self.seen, content_hash(_reading(self))


def entry(reading: Reading) -> Entry:
    """A reading as it would be remembered if nothing were known of its identity."""
    return Entry(
        reading.reading_at,
        reading.consumption,
        reading.reading_at - reading.period_start,
        reading.period_end - reading.reading_at,
        _normalized(
            (
                reading.unit,
                reading.reading_method,
                reading.reading_reason,
                reading.series_kind,
                reading.granularity,
                reading.quality,
                reading.consumption_unit,
                reading.factor,
                reading.rolls_over_at,
                reading.max_per_period,
            )
        ),
        reading.fetched_at,
        reading.fetched_at,
    )


@lru_cache(maxsize=KEPT)
def shared_terms(fields: Fields) -> Terms:
    """The terms of these fields. Equal ones are mostly the same object: comparing them costs nothing."""
    return Terms._make(fields)


@lru_cache(maxsize=KEPT)
def _normalized(fields: Fields) -> Terms:
    return shared_terms(tuple(normalize("NFC", field) if isinstance(field, str) else field for field in fields))


def _reading(known: Entry) -> Reading:
    """A reading of equal content; what is not content is empty."""
    terms = known.terms
    return Reading(
        source="",
        customer_number=None,
        metering_point="",
        delivery_category="",
        unit=terms.unit,
        consumption=known.value,
        reading_at=known.reading_at,
        reading_date="",
        reading_method=terms.method,
        reading_reason=terms.reason,
        fetched_at=known.seen,
        series_kind=terms.kind,
        granularity=terms.granularity,
        period_start=known.reading_at - known.before,
        period_end=known.reading_at + known.after,
        quality=terms.quality,
        consumption_unit=terms.consumption_unit,
        factor=terms.factor,
        rolls_over_at=terms.rolls_over_at,
        max_per_period=terms.max_per_period,
    )
