"""The cells of a row in Python, as :mod:`sinks.layouts.shown_columns` writes them in SQL."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import assert_never

from schemas.events import MeterValue
from sinks.layouts.columns import Column, NumberColumn, RemainderColumn, TextColumn, TimeColumn
from sinks.layouts.figures import Figure
from sinks.layouts.layout import Layout
from sinks.layouts.pattern import written
from sinks.points.points import Point

Cell = str | int | datetime | date | None
"""Texts; numbers as ints of 10^-12; times of the column's zone, without one; NULL is None."""


@dataclass(frozen=True, slots=True)
class Row:
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


def cells(layout: Layout, row: Row) -> tuple[Cell, ...]:
    """What the columns show, in order."""
    return tuple(_cell(layout, column, row) for column in layout.file.columns)


def _cell(layout: Layout, column: Column, row: Row) -> Cell:
    match column:
        case TextColumn():
            said = _said(layout, column, row)
            return None if said is None else column.texts.get(said, said)
        case TimeColumn():
            return _time(layout, column, row)
        case NumberColumn():
            return row.figures[layout.numbers.index(column)].number
        case RemainderColumn():
            return row.figures[layout.numbers.index(layout.number(column.of))].rest
        case _:
            assert_never(column)


def _time(layout: Layout, column: TimeColumn, row: Row) -> Cell:
    instant = {
        "period_start": row.last.period_start,
        "period_end": row.last.period_end,
        "period_last": row.last.period_end - 1,
        "reading_at": row.last.reading_at,
        "fetched_at": row.fetched_at,
        "delivered_at": row.delivered_at,
    }[column.source]
    wall = layout.zone_of(column).wall(instant)
    match column.format:
        case "timestamp":
            return wall
        case "date":
            return wall.date()
    return written(wall, column.format)


def _said(layout: Layout, column: TextColumn, row: Row) -> str | None:
    match column.source:
        case "constant":
            return column.value
        case "status":
            return row.why or row.quality
        case "kind" | "unit":
            return _of_number(layout, column, row)
    return {
        "receiver_key": row.point.receiver_key,
        "facility_id": row.point.facility_id,
        "metering_point": row.last.metering_point,
        "category": row.last.delivery_category,
        "source": row.last.source,
        "granularity": row.last.granularity,
        "quality": row.quality,
        "method": row.last.reading_method,
        "reason": row.why,
    }[column.source]


def _of_number(layout: Layout, column: TextColumn, row: Row) -> str | None:
    number = layout.number(column.of)
    beside = number.source != layout.main
    if column.source == "kind":
        return "register" if beside else row.kind
    if number.unit is not None:
        return number.unit
    if beside:
        return row.last.unit if row.last.series_kind == "register" else None
    return row.unit
