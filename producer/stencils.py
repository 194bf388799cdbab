"""The readings of an answer in Avro: what they have in common is mapped and encoded once.

Mapping is a pure function. Two readings of one message with the same category, unit, method and reason differ in the
value and in what comes of the date, and what comes of a date is the same on the same grid, whichever the reading. So a
reading is put together from the pieces of two that went the whole way before, through mapper and codec. That way goes
the first one of each kind, and whatever has anything unusual: a missing value, an unknown code, a defect.
"""

from typing import NamedTuple

from producer import texts
from producer.calendar import Grid
from producer.feed import Feed
from producer.fields import Usual
from producer.parts import Item
from producer.readings import Asked, ReadingMapper
from schemas.codec import Codec
from schemas.compiled import Uncommon
from schemas.events import Reading
from schemas.instants import DAY

KEPT = 16_384
"""Dates of a grid whose pieces are kept; then they are forgotten, all at once."""
_APART = ("consumption", "reading_at", "reading_date", "period_start", "period_end")
"""What differs."""


Encoded = tuple[int, bytes]
"""``reading_at`` and a reading as it is published."""


class _Date(NamedTuple):
    """What comes of a date: instants, and the pieces that hold them."""

    reading_at: int
    period_start: int
    at: bytes
    period: bytes


_Dates = dict[str, _Date]


_Kind = tuple[str, str, str | None, str | None]
"""What a reading is of, and how it was read: category, unit, method, reason."""


class _Stencil(NamedTuple):
    """The pieces of readings of one kind, and the dates of its grid by their texts."""

    head: bytes
    middle: bytes
    tail: bytes
    dates: _Dates


class ReadingEncoder:
    """Maps and encodes the readings of one feed."""

    def __init__(self, feed: Feed, codec: Codec[Reading]) -> None:
        """Looks up what every reading needs."""
        self._feed = feed
        self._dates: dict[Grid, _Dates] = {}
        self.codec = codec
        self.number = codec.forms["consumption"]
        self.name = feed.mapping.fields.consumption
        self.mapper = ReadingMapper(feed)

    def page(self, asked: Asked) -> "Page":
        """For the readings of one message."""
        return Page(self, asked)

    def dates(self, category: str) -> _Dates:
        """The dates of a category's grid."""
        dates = self._dates.setdefault(self._feed.of(category).grid, {})
        if len(dates) >= KEPT:
            dates.clear()
        return dates


class Page:
    """The readings of one message."""

    def __init__(self, encoder: ReadingEncoder, asked: Asked) -> None:
        self._encoder = encoder
        self._asked = asked
        self._number, self._name = encoder.number, encoder.name
        self._latest = asked.fetched_at + DAY
        self._stencils: dict[_Kind, _Stencil] = {}
        self.unknown: list[tuple[str, str]] = []
        """(kind, code) pairs that the mapping does not know, one for each reading that has it."""

    def encode(self, item: Item) -> Encoded:
        """One reading.

        Raises:
            Poison: it cannot be used; see :meth:`producer.readings.ReadingMapper.map`.
        """
        usual = item.usual
        if usual is None:
            return self._whole(item)
        stencil = self._stencils.get((usual.delivery_category, usual.unit, usual.reading_method, usual.reading_reason))
        if stencil is None:
            return self._whole(item)
        head, middle, tail, dates = stencil
        date = dates.get(usual.reading_date)
        number = texts.value(bytes(usual.consumption), self._name)
        if date is None or number is None:
            return self._whole(item)
        reading_at, period_start, at, period = date
        if period_start > self._latest:
            return self._whole(item)
        try:
            return reading_at, b"".join((head, self._number(number), at, middle, period, tail))
        except LookupError:  # longer than usual
            return self._whole(item)

    def _whole(self, item: Item) -> Encoded:
        """The whole way; keeps the pieces of what is usual."""
        mapped = self._encoder.mapper.map(item.raw, self._asked)
        reading = mapped.reading
        self.unknown += mapped.unknown
        if item.usual is not None and not mapped.unknown and reading.consumption is not None:
            self._keep(item.usual, reading)
        return reading.reading_at, self._encoder.codec.encode(reading)

    def _keep(self, usual: Usual, reading: Reading) -> None:
        try:
            pieces = self._encoder.codec.pieces(reading, _APART)
        except Uncommon:
            return
        head, _, _, at, _, written, middle, start, _, end, tail = pieces
        dates = self._encoder.dates(reading.delivery_category)
        dates[reading.reading_date] = _Date(reading.reading_at, reading.period_start, at + written, start + end)
        kind = usual.delivery_category, usual.unit, usual.reading_method, usual.reading_reason
        self._stencils[kind] = _Stencil(head, middle, tail, dates)
