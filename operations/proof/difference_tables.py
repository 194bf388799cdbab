"""Differences as tables for a terminal, and as JSON."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from rich.markup import escape
from rich.table import Table

from operations.proof.differences import Difference


def as_json(outcome: object) -> str:
    """One JSON object, indented."""
    return msgspec.json.format(msgspec.json.encode(outcome), indent=2).decode()


def counted(title: str, counts: Mapping[str, int]) -> Table:
    """Names and how many."""
    table = Table("", title=escape(title), title_justify="left", min_width=len(title))
    table.add_column("rows", justify="right")
    for name, count in counts.items():
        table.add_row(name, f"{count:,}")
    return table


def spelled_out(fields: Mapping[str, int], first: Sequence[Difference], sides: tuple[str, str]) -> Iterator[Table]:
    """How many rows differ in which field, and the first differences; nothing where there are none."""
    if fields:
        yield counted("Rows that differ, by field", fields)
    if first:
        yield _shown(first, sides)


def _shown(first: Sequence[Difference], sides: tuple[str, str]) -> Table:
    table = Table("", title="The first ones", title_justify="left")
    for column in ("metering point", "source", "category", "reading at", "field", *sides):
        table.add_column(column, overflow="fold")
    for each in first:
        place = (each.kind, each.metering_point, each.source, each.delivery_category, str(each.reading_at))
        lines = [(name, *map(_value, pair)) for name, pair in each.fields.items()] or [("", "", "")]
        for line in lines:
            table.add_row(*map(escape, (*place, *line)))
    return table


def _value(value: str | None) -> str:
    return "NULL" if value is None else value
