"""What the feed says was used, by item key and month: as the receiver's layout shows it."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, groupby
from typing import Any

from operations.momentum_figures import Amount, Month
from operations.progress import topic_ends
from operations.proof.feed import Passed, left_by_guard, rows_of
from operations.proof.rows import AS_THEY_ARE, PLACE
from operations.proof.sorted_rows import SortedRows, sorting
from operations.proof.whole_keys import whole_keys
from runtime.errors import ConfigError
from runtime.registry import schema_registry
from runtime.settings.tree import Settings
from runtime.topics import TopicNames
from runtime.zones import Zone
from schemas import instants
from schemas.codec import Codec
from schemas.events import MeterValue
from sinks.decoding import Decoder
from sinks.layouts import Layout
from sinks.layouts.reading import Delivered, LayoutReader
from sinks.points.points import Points

Months = dict[str, dict[Month, Amount]]
"""By item key."""
Add = Callable[[Months, Sequence[object], Iterable[MeterValue]], None]
_START, _FETCHED_AT = PLACE["period_start"], PLACE["fetched_at"]


@dataclass(frozen=True)
class Span:
    """From an instant to another, which is excluded; months are those of the zone."""

    begin: int
    end: int
    zone: Zone

    @classmethod
    def of_year(cls, year: int, zone: Zone) -> "Span":
        """A calendar year of the zone."""
        first = date(1970, 1, 1)
        begin, end = (zone.midnight((date(one, 1, 1) - first).days) for one in (year, year + 1))
        return cls(begin, end, zone)

    def month(self, instant: int) -> Month:
        """In which month an instant lies."""
        moment = instants.to_datetime(self.zone.wall(instant))
        return moment.year, moment.month


def months(settings: Settings, points: Points, layout: Layout, span: Span) -> Months:
    """What the periods that begin in a span come to, read from the values topic to its present end.

    Raises:
        Transient: Kafka or the schema registry cannot be reached.
        ConfigError: the layout shows no consumption by key, or the topic does not exist.
    """
    add = _adding(layout, span)
    with sorting() as (kept, _), whole_keys(points, _delivered) as whole:
        passed = _read(settings, points, span, kept)
        by_point = groupby(left_by_guard(kept, passed), key=lambda one: one.key[0])
        values = chain((whole.of_point(list(rows)) for _, rows in by_point), whole.rest())
        return _months(values, LayoutReader(layout, points), add)


def months_of(values: Iterable[MeterValue], points: Points, layout: Layout, span: Span) -> Months:
    """What the values of a receiver come to: one of each identity."""
    delivered = [Delivered(value, value.published_at) for value in values]
    return _months([delivered], LayoutReader(layout, points), _adding(layout, span))


def _months(by_key: Iterable[Iterable[Delivered]], reader: LayoutReader, add: Add) -> Months:
    """``by_key``: such that all values of a receiver key come together."""
    found: Months = {}
    for values in by_key:
        for shown in reader.read(values).shown:
            add(found, shown.cells, shown.values)
    return found


def _read(settings: Settings, points: Points, span: Span, into: SortedRows) -> Passed:
    topic = topic_ends(settings, TopicNames.of(settings).values)
    if not topic.present:
        raise ConfigError([f"topic {topic.name} does not exist: meterstream topics create"])
    codec = Codec(MeterValue, schema_registry(settings.registry, os.environ))
    decoder = Decoder(codec, AS_THEY_ARE, points, len(topic.ends))
    passed = Passed()
    every = rows_of(settings, decoder, topic.ends, frozenset(), passed)
    into.add(fields for fields in every if span.begin <= fields[_START] < span.end)
    return passed


def _delivered(fields: Sequence[Any]) -> Delivered:
    """When it was published and delivered is not looked at."""
    return Delivered(MeterValue(*(*fields, fields[_FETCHED_AT])), fields[_FETCHED_AT])


def _adding(layout: Layout, span: Span) -> Add:
    """A function that adds a row which the layout shows to its key and month."""
    sources = [column.source for column in layout.file.columns]
    missing = {"receiver_key", "consumption", "unit"} - set(sources)
    if missing:
        raise ConfigError([f"layout {layout.name}: it shows no {', '.join(sorted(missing))}; name another by --layout"])
    key_at, amount_at, unit_at = (sources.index(name) for name in ("receiver_key", "consumption", "unit"))

    def add(found: Months, cells: Sequence[object], values: Iterable[MeterValue]) -> None:
        month = span.month(next(iter(values)).period_start)
        of_key = found.setdefault(str(cells[key_at]), {})
        number, unit = cells[amount_at], cells[unit_at]
        row = Amount(number if isinstance(number, int) else None, str(unit or ""))
        of_key[month] = _sum(of_key[month], row) if month in of_key else row

    return add


def _sum(one: Amount, other: Amount) -> Amount:
    """What is known of two; None where neither is. Different units do not add up."""
    known = [amount for amount in (one, other) if amount.number is not None]
    if len({amount.unit for amount in known}) > 1:
        return Amount(None, f"{one.unit} and {other.unit}")
    return Amount(sum(amount.number or 0 for amount in known), known[0].unit) if known else one


def keys(points: Points, span: Span) -> Iterator[str]:
    """The item keys that are valid at any time of a span, each once."""
    valid = (point for point in points if point.valid_from < span.end and span.begin < point.valid_to)
    yield from sorted({point.receiver_key for point in valid if point.receiver_key})
