"""The columns of a layout's view as SQL, over the step ``coded`` of :mod:`sinks.layouts.steps`."""

from collections.abc import Iterator
from typing import assert_never

from schemas.exact import SCALE
from sinks.layouts import reasons
from sinks.layouts.columns import Column, NumberColumn, RemainderColumn, TextColumn, TimeColumn
from sinks.layouts.dialect import Dialect, Named
from sinks.layouts.expressions import worded
from sinks.layouts.layout import Layout

_TEXTS = {
    "receiver_key": "receiver_key",
    "facility_id": "facility_id",
    "metering_point": "metering_point",
    "category": "category",
    "source": "source",
    "granularity": "granularity",
    "method": "reading_method",
}
_INSTANTS = {
    "period_start": "period_start",
    "period_end": "period_end",
    "period_last": "period_end",
    "reading_at": "reading_at",
    "fetched_at": "fetched",
    "delivered_at": "delivered",
}


def shown_columns(layout: Layout, dialect: Dialect) -> Iterator[Named]:
    """Each column's name and what it shows."""
    for column in layout.file.columns:
        yield column.name, _expression(layout, dialect, column)


def _expression(layout: Layout, dialect: Dialect, column: Column) -> str:
    match column:
        case TextColumn():
            return _text(layout, dialect, column)
        case TimeColumn():
            return _time(layout, dialect, column)
        case NumberColumn():
            decimals = SCALE if column.decimals is None else column.decimals
            return dialect.number(f"number_{layout.numbers.index(column)}", decimals)
        case RemainderColumn():
            return dialect.number(f"rest_{layout.numbers.index(layout.number(column.of))}", SCALE)
        case _:
            assert_never(column)


def _time(layout: Layout, dialect: Dialect, column: TimeColumn) -> str:
    instant = _INSTANTS[column.source]
    wall = dialect.wall(dialect.before(instant) if column.source == "period_last" else instant, layout.zone_of(column))
    match column.format:
        case "timestamp":
            return dialect.timestamp(wall)
        case "date":
            return dialect.date(wall)
    return dialect.pattern(wall, column.format)


def _text(layout: Layout, dialect: Dialect, column: TextColumn) -> str:
    texts = column.texts
    match column.source:
        case "constant":
            return dialect.literal(column.value or "")
        case "quality":
            return _quality(dialect, texts)
        case "reason":
            return _reason(dialect, texts, "NULL")
        case "status":
            return _reason(dialect, texts, _quality(dialect, texts))
        case "kind" | "unit":
            said = _of_number(layout, dialect, column)
        case source:
            said = _TEXTS[source]
    return worded(said, {dialect.literal(word): dialect.literal(text) for word, text in texts.items()}, said)


def _of_number(layout: Layout, dialect: Dialect, column: TextColumn) -> str:
    number = layout.number(column.of)
    beside = number.source != layout.main
    if column.source == "kind":
        return "'register'" if beside else "kind"
    if number.unit is not None:
        return dialect.literal(number.unit)
    return "CASE WHEN series_kind = 'register' THEN value_unit END" if beside else "unit"


def _quality(dialect: Dialect, texts: dict[str, str]) -> str:
    words = {str(place): dialect.literal(texts.get(one, one)) for place, one in enumerate(reasons.QUALITIES)}
    return worded("quality_taken", words)


def _reason(dialect: Dialect, texts: dict[str, str], otherwise: str) -> str:
    words = {str(rank): dialect.literal(texts.get(one, one)) for one, rank in reasons.RANK.items()}
    return worded("why", words, otherwise)
