"""One reading: its JSON, its point's settings and the feed's rules to a Reading with its terms, or to a Poison."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

import msgspec

from producer import texts
from producer.calendar import Grid, Placed
from producer.dates import parse
from producer.feed import CategoryRules, Feed
from producer.points import Point
from runtime.errors import Poison
from schemas import exact
from schemas.events import Quality, Reading
from schemas.instants import DAY
from schemas.reasons import Reason

_DATES, _TEXTS = 16_384, 1_024
"""So many dates and texts are kept as they were read: they recur in nearly every reading."""


RawFields = dict[str, msgspec.Raw]
"""The fields of a JSON object, each as its raw JSON; of a name that stands twice the last one."""

_fields = msgspec.json.Decoder(RawFields)


class Asked(NamedTuple):
    """What all readings of one answer have in common."""

    point: Point
    customer_number: str | None
    fetched_at: int


class Mapped(NamedTuple):
    """A reading, and what about it is worth counting: (kind, code) pairs that the mapping does not know."""

    reading: Reading
    unknown: Sequence[tuple[str, str]] = ()


class _Measure(NamedTuple):
    """What a reading is of, and how that is read. ``consumption_unit``: where the point sets none."""

    category: str
    unit: str
    rules: CategoryRules
    consumption_unit: str


class ReadingMapper:
    """Maps the readings of one feed."""

    def __init__(self, feed: Feed) -> None:
        """Looks up what every reading needs."""
        self._feed = feed
        self._names = feed.mapping.fields
        self._known_fields = self._names.of_a_reading
        self._measure = lru_cache(_TEXTS)(self._read_measure)
        self._date = lru_cache(_DATES)(self._read_date)
        self._method = lru_cache(_TEXTS)(self._read_method)

    def map(self, raw: bytes | msgspec.Raw, asked: Asked) -> Mapped:
        """One reading with every setting resolved into it.

        Raises:
            Poison: it cannot be used; the detail says why, without its value.
        """
        names, feed, point = self._names, self._feed, asked.point
        fields = _fields_of(raw)
        category, unit, rules, default_unit = self._measure(
            _raw(fields, names.delivery_category), _raw(fields, names.unit)
        )
        consumption = texts.value(_raw(fields, names.consumption), names.consumption)
        written, placed = self._date(rules.grid, _raw(fields, names.reading_date))
        if placed.start > asked.fetched_at + DAY:
            raise Poison(Reason.IN_FUTURE, "the period begins more than a day after the request")
        method, quality = self._method(_raw(fields, names.reading_method))
        reason = texts.optional(_raw(fields, names.reading_reason), names.reading_reason)
        series = point.settings(category)
        register = (series.kind or rules.kind) == "register"
        reading = Reading(  # in the order of its fields: by name takes twice as long
            feed.name,
            asked.customer_number,
            point.metering_point,
            category,
            unit,
            consumption,
            placed.reading_at,
            written,
            method,
            reason,
            asked.fetched_at,
            "register" if register else "volume",
            feed.settings.granularity,
            placed.start,
            placed.end,
            "missing" if consumption is None else quality or "unknown",
            series.consumption_unit or default_unit,
            series.factor if register else exact.ONE,
            series.rolls_over_at if register else None,
            series.max_per_period,
        )
        others = fields.keys() - self._known_fields
        if not others and rules.known and placed.on_grid and (quality is not None or method is None):
            return Mapped(reading)
        return Mapped(reading, self._unknown(reading, others, rules, placed))

    def period_end(self, raw: bytes | msgspec.Raw, fetched_at: int) -> int | None:
        """The end of the period that a reading closes; None: it has no value, or cannot be used."""
        names = self._names
        try:
            fields = _fields_of(raw)
            measure = self._measure(_raw(fields, names.delivery_category), _raw(fields, names.unit))
            value = texts.value(_raw(fields, names.consumption), names.consumption)
            _, placed = self._date(measure.rules.grid, _raw(fields, names.reading_date))
        except Poison:
            return None
        return None if value is None or placed.start > fetched_at + DAY else placed.end

    def _unknown(
        self, reading: Reading, others: Iterable[str], rules: CategoryRules, placed: Placed
    ) -> Sequence[tuple[str, str]]:
        found = [("field", name) for name in others]
        if not rules.known:
            found.append(("category", reading.delivery_category))
        if reading.reading_method is not None and self._quality(reading.reading_method) is None:
            found.append(("method", reading.reading_method))
        if not placed.on_grid:
            found.append(("off_grid", reading.delivery_category))
        return found

    def _read_measure(self, raw_category: bytes, raw_unit: bytes) -> _Measure:
        category = texts.required(raw_category, self._names.delivery_category)
        unit = texts.required(raw_unit, self._names.unit)
        rules = self._feed.of(category)
        default = self._feed.mapping.units.consumption_units.get(unit, unit)
        return _Measure(category, unit, rules, rules.consumption_unit or default)

    def _read_date(self, grid: Grid, raw: bytes) -> tuple[str, Placed]:
        written = texts.required(raw, self._names.reading_date, empty=Reason.BAD_DATE)
        return written, grid.place(parse(written))

    def _read_method(self, raw: bytes) -> tuple[str | None, Quality | None]:
        method = texts.optional(raw, self._names.reading_method)
        return method, None if method is None else self._quality(method)

    def _quality(self, method: str) -> Quality | None:
        return self._feed.mapping.qualities.get(normalize("NFC", method))


def _fields_of(raw: bytes | msgspec.Raw) -> RawFields:
    try:
        return _fields.decode(raw)
    except (msgspec.ValidationError, RecursionError):
        raise Poison(Reason.WRONG_TYPE, "the reading is not an object, or is nested too deeply") from None


def _raw(fields: RawFields, name: str) -> bytes:
    return bytes(fields.get(name, b""))
