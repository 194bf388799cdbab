"""Whether the ``match`` columns of a layout tell its rows apart: by them they are found in a customer's own table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from schemas.events import Granularity
from sinks.layouts.columns import Column, TextColumn, TimeColumn
from sinks.layouts.layout import Layout
from sinks.layouts.pattern import pieces

PERIOD = ("period_start", "period_end", "period_last")
ALLOWED = ("receiver_key", "metering_point", "category", "source", "granularity", "constant", *PERIOD)
"""What a row says as long as it is the same row, and what is never NULL."""
_SHOWN_BY: Mapping[str, Sequence[str]] = {
    "month": ("YYYY", "MM"),
    "day": ("YYYY", "MM", "DD"),
    "hour": ("YYYY", "MM", "DD", "hh"),
    "quarter": ("YYYY", "MM", "DD", "hh", "mm"),
}
"""The fields of a time that tell the periods of a granularity apart."""
_OF_A_DATE = ("YYYY", "MM", "DD")
_SHORT = ("hour", "quarter")


def match_problems(layout: Layout) -> list[str]:
    """Why two rows of the layout might stand under the same match columns; nothing: they cannot."""
    if not layout.file.match:
        return [f"layout {layout.name}: its rows go into a table of your own; say by which columns: match = [ … ]"]
    return [f"layout {layout.name}: match: {problem}" for problem in _problems(layout)]


def _problems(layout: Layout) -> Iterator[str]:
    columns = [column for column in layout.file.columns if column.name in layout.file.match]
    sources = {column.source for column in columns}
    for column in columns:
        if column.source not in ALLOWED:
            yield f"{column.name} may change while the row stays the same; use columns from {', '.join(ALLOWED)}"
    for wanted in ("receiver_key",) if layout.keyed else ("source", "metering_point", "category"):
        if wanted not in sources:
            yield f"a column from {wanted} must be among them, else rows cannot be told apart"
    granularities = layout.file.granularities or get_args(Granularity)
    if len(granularities) > 1 and not ({"granularity"} <= sources or {"period_start", "period_end"} <= sources):
        yield "a column from granularity must be among them, or take rows of one only: granularities = [ … ]"
    times = [column for column in columns if isinstance(column, TimeColumn) and column.source in PERIOD]
    if not any(_tells(layout, column, granularities) for column in times):
        yield (
            "a time of the period (period_start, period_end or period_last) must be among them that tells all periods "
            f"of {', '.join(granularities)} apart, in a zone without change-over where they are shorter than a day"
        )
    for column in columns:
        if _mixes_up(column):
            yield f"{column.name}: texts make one of several; let each have its own"


def _tells(layout: Layout, column: TimeColumn, granularities: Sequence[str]) -> bool:
    if layout.zone_of(column).minutes is None and any(one in _SHORT for one in granularities):
        return False
    match column.format:
        case "timestamp":
            return True
        case "date":
            shown = set(_OF_A_DATE)
        case pattern:
            shown = {field for field, _ in pieces(pattern)}
    return all(shown.issuperset(_SHOWN_BY[one]) for one in granularities)


def _mixes_up(column: Column) -> bool:
    """Whether its texts say the same of two things. What they do not name stays as it is, whatever that may be."""
    if not isinstance(column, TextColumn) or not column.texts:
        return False
    if column.source != "granularity":
        return True
    said = [column.texts.get(one, one) for one in get_args(Granularity)]
    return len(set(said)) < len(said)
