"""One reading: its JSON, its point's settings and the feed's rules to a Reading with its terms, or to a Poison."""

from collections.abc import Mapping as Map
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize

import msgspec

from producer import texts
from producer.calendar import Grid, Placed
from producer.dates import parse
from producer.feed import Feed
from producer.points import Point
from runtime.errors import Poison
from schemas import exact
from schemas.events import Quality, Reading
from schemas.instants import DAY
from schemas.reasons import Reason

RawFields = dict[str, msgspec.Raw]
"""The fields of a JSON object, each as its raw JSON; of a name that stands twice the last one."""

_fields = msgspec.json.Decoder(RawFields)


@dataclass(frozen=True, slots=True)
class Asked:
    """What all readings of one answer have in common."""

    point: Point
    customer_number: str | None
    fetched_at: int


@dataclass(frozen=True, slots=True)
class Mapped:
    """A reading, and what about it is worth counting: (kind, code) pairs that the mapping does not know."""

    reading: Reading
    unknown: tuple[tuple[str, str], ...] = ()


def fields_of(raw: bytes | msgspec.Raw) -> RawFields:
    """The fields of one JSON object.

    Raises:
        Poison: wrong_type, it is no object.
    """
    try:
        return _fields.decode(raw)
    except (msgspec.ValidationError, RecursionError):
        raise Poison(Reason.WRONG_TYPE, "the reading is not an object, or is nested too deeply") from None


class ReadingMapper:
    """Maps the readings of one feed."""

    def __init__(self, feed: Feed) -> None:
        """Looks up what every reading needs."""
        self._feed = feed
        self._names = feed.mapping.fields
        self._known_fields = self._names.of_a_reading
        self._quality = lru_cache(maxsize=1_024)(self._look_up_quality)
        self._place = lru_cache(maxsize=16_384)(_place)

    def map(self, raw: RawFields, asked: Asked) -> Mapped:
        """One reading with every setting resolved into it.

        Raises:
            Poison: it cannot be used; the detail says why, without its value.
        """
        names, feed = self._names, self._feed
        category = texts.required(_raw(raw, names.delivery_category), names.delivery_category)
        unit = texts.required(_raw(raw, names.unit), names.unit)
        rules = feed.of(category)
        consumption = texts.value(_raw(raw, names.consumption), names.consumption)
        written = texts.required(_raw(raw, names.reading_date), names.reading_date, empty=Reason.BAD_DATE)
        placed = self._place(rules.grid, written)
        if placed.start > asked.fetched_at + DAY:
            raise Poison(Reason.IN_FUTURE, "the period begins more than a day after the request")
        method = texts.optional(_raw(raw, names.reading_method), names.reading_method)
        series = asked.point.settings(category)
        register = (series.kind or rules.kind) == "register"
        reading = Reading(
            source=feed.name,
            customer_number=asked.customer_number,
            metering_point=asked.point.metering_point,
            delivery_category=category,
            unit=unit,
            consumption=consumption,
            reading_at=placed.reading_at,
            reading_date=written,
            reading_method=method,
            reading_reason=texts.optional(_raw(raw, names.reading_reason), names.reading_reason),
            fetched_at=asked.fetched_at,
            series_kind="register" if register else "volume",
            granularity=feed.settings.granularity,
            period_start=placed.start,
            period_end=placed.end,
            quality="missing" if consumption is None else self._quality(method) or "unknown",
            consumption_unit=series.consumption_unit or rules.consumption_unit or self._default_unit(unit),
            factor=series.factor if register else exact.ONE,
            rolls_over_at=series.rolls_over_at if register else None,
            max_per_period=series.max_per_period,
        )
        return Mapped(reading, self._unknown(raw, reading, placed, known=rules.known))

    def _unknown(
        self, raw: Map[str, object], reading: Reading, placed: Placed, known: bool
    ) -> tuple[tuple[str, str], ...]:
        found = [("field", name) for name in raw.keys() - self._known_fields]
        if not known:
            found.append(("category", reading.delivery_category))
        if reading.reading_method is not None and self._quality(reading.reading_method) is None:
            found.append(("method", reading.reading_method))
        if not placed.on_grid:
            found.append(("off_grid", reading.delivery_category))
        return tuple(found)

    def _look_up_quality(self, method: str | None) -> Quality | None:
        return None if method is None else self._feed.mapping.qualities.get(normalize("NFC", method))

    def _default_unit(self, unit: str) -> str:
        return self._feed.mapping.units.consumption_units.get(unit, unit)


def _place(grid: Grid, written: str) -> Placed:
    return grid.place(parse(written))


def _raw(fields: RawFields, name: str) -> bytes | None:
    raw = fields.get(name)
    return None if raw is None else bytes(raw)
