"""The cells of a row in Python, as :mod:`sinks.layouts.shown_columns` writes them in SQL."""

from collections.abc import Callable
from datetime import date, datetime
from operator import attrgetter
from typing import Any, NamedTuple, assert_never

from schemas.compiled import Kept
from schemas.events import MeterValue
from sinks.layouts.columns import Column, NumberColumn, RemainderColumn, TextColumn, TimeColumn
from sinks.layouts.figures import Figure
from sinks.layouts.layout import Layout
from sinks.layouts.pattern import written
from sinks.points.points import Point

Cell = str | int | datetime | date | None
"""Texts; numbers as ints of 10^-12; times of the column's zone, without one; NULL is None."""


class Row(NamedTuple):
    """What is known of a key and period.

    Attributes:
        last: its last reading.
        point: the point it belongs to.
        kind: register: it is about a position; volume: about a consumption.
        unit: of the number it is about, as the feed has it.
        figures: of the layout's numbers, in order.
        why: why a number is not shown.
        quality: the worst of those that are added.
        fetched_at: the newest of these; so ``delivered_at``.
    """

    last: MeterValue
    point: Point
    kind: str
    unit: str
    figures: tuple[Figure, ...]
    why: str | None
    quality: str
    fetched_at: int
    delivered_at: int


Show = Callable[[Row], Any]
"""What a column shows of a row: a :data:`Cell`."""
Moment = Callable[[datetime | date], Any]
"""In which form a time is wanted."""

_TEXTS: dict[str, Show] = {
    "receiver_key": attrgetter("point.receiver_key"),
    "facility_id": attrgetter("point.facility_id"),
    "metering_point": attrgetter("last.metering_point"),
    "category": attrgetter("last.delivery_category"),
    "source": attrgetter("last.source"),
    "granularity": attrgetter("last.granularity"),
    "quality": attrgetter("quality"),
    "method": attrgetter("last.reading_method"),
    "reason": attrgetter("why"),
    "status": lambda row: row.why or row.quality,
}
_INSTANTS: dict[str, Show] = {
    "period_start": attrgetter("last.period_start"),
    "period_end": attrgetter("last.period_end"),
    "period_last": lambda row: row.last.period_end - 1,
    "reading_at": attrgetter("last.reading_at"),
    "fetched_at": attrgetter("fetched_at"),
    "delivered_at": attrgetter("delivered_at"),
}


def shows(layout: Layout, moment: Moment) -> tuple[Show, ...]:
    """What the columns show, in order: a function for each. ``moment``: see :data:`Moment`."""
    return tuple(_show(layout, column, moment) for column in layout.file.columns)


def _show(layout: Layout, column: Column, moment: Moment) -> Show:
    match column:
        case TextColumn():
            return _text(layout, column)
        case TimeColumn():
            return _time(layout, column, moment)
        case NumberColumn():
            place = layout.numbers.index(column)
            return lambda row: row.figures[place].number
        case RemainderColumn():
            place = layout.numbers.index(layout.number(column.of))
            return lambda row: row.figures[place].rest
        case _:
            assert_never(column)


def _time(layout: Layout, column: TimeColumn, moment: Moment) -> Show:
    """A moment recurs in nearly every row, so what is shown of it is kept."""
    instant, zone, form = _INSTANTS[column.source], layout.zone_of(column), column.format

    def shown(of: int) -> Any:
        wall = zone.wall(of)
        if form == "timestamp":
            return moment(wall)
        return moment(wall.date()) if form == "date" else written(wall, form)

    known = Kept(shown)
    return lambda row: known[instant(row)]


def _text(layout: Layout, column: TextColumn) -> Show:
    if column.source == "constant":
        constant = column.value
        return lambda row: constant
    said = _of_number(layout, column) if column.source in ("kind", "unit") else _TEXTS[column.source]
    if not column.texts:
        return said
    texts: dict[str | None, str] = dict(column.texts.items())

    def replaced(row: Row) -> str | None:
        text: str | None = said(row)
        return texts.get(text, text)

    return replaced


def _of_number(layout: Layout, column: TextColumn) -> Show:
    number = layout.number(column.of)
    beside = number.source != layout.main
    if column.source == "kind":
        return (lambda row: "register") if beside else attrgetter("kind")
    if number.unit is not None:
        unit = number.unit
        return lambda row: unit
    if beside:
        return lambda row: row.last.unit if row.last.series_kind == "register" else None
    return attrgetter("unit")
