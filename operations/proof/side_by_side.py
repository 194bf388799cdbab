"""Two deliveries side by side: the stages of a receiver, or its production and a table of the customer's own."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from operations.proof.differences import Difference, Differences, Measure, compare
from operations.proof.foreign_rows import foreign_rows, own_rows
from operations.proof.foreign_settings import ForeignTable
from operations.proof.held_rows import opened, read_rows, shown_rows
from operations.proof.rows import CONTENTS, PLACE
from operations.proof.sorted_rows import SortedRows, sorting
from operations.proof.verification import Verdict
from operations.receivers.stages import Chosen
from schemas import instants

_START, _READING_AT = PLACE["period_start"], PLACE["reading_at"]


@dataclass(frozen=True)
class Extent:
    """What is compared: the periods that begin in a span (UTC microseconds, the end excluded), and how exactly.

    ``tolerance``: by how much a number may be off, in units of 10^-12. ``most``: so many differences are spelled out.
    """

    since: int | None = None
    until: int | None = None
    tolerance: int = 0
    most: int = 20

    def holds(self, fields: Sequence[Any]) -> bool:
        """Whether a row, given as its fields, is in the span; one that cannot be read is always to be looked at."""
        start = fields[_START]
        return not isinstance(start, int) or self.spans(start)

    def spans(self, start: int) -> bool:
        """Whether a period that begins then is."""
        return (self.since is None or start >= self.since) and (self.until is None or start < self.until)


@dataclass(frozen=True)
class SideBySide:
    """The outcome. ``missing``: rows that the one side has and the other lacks; ``extra``: that only the other has."""

    one: str
    other: str
    at: str
    verdict: Verdict
    rows: dict[str, int]
    equal: int
    missing: int
    extra: int
    different: int
    fields: dict[str, int]
    first: tuple[Difference, ...]


def stages(test: Chosen, production: Chosen, extent: Extent) -> SideBySide:
    """Compares what a receiver reads in its two stages.

    Raises:
        Transient, ConfigError: see :func:`operations.proof.held_rows.opened`.
    """
    with sorting() as (one, other):
        for chosen, into in ((test, one), (production, other)):
            read_rows(chosen.database(), chosen.label, into, extent.holds)
        return _outcome((test.label, production.label), (one, other), extent, Measure(CONTENTS, extent.tolerance))


def against(table: ForeignTable, production: Chosen, extent: Extent) -> SideBySide:
    """Compares a customer's own table with what a receiver reads.

    Raises:
        Transient, ConfigError: either cannot be read.
    """
    points = production.points().read()
    with sorting() as (one, other):
        one.add(_in_span(foreign_rows(table, os.environ), table, extent))
        with opened(production.database(), production.label) as snapshot:
            other.add(_in_span(own_rows(shown_rows(snapshot), table, points), table, extent))
        measure = Measure((table.compared, "unit"), extent.tolerance)
        return _outcome((table.table, production.label), (one, other), extent, measure)


def _in_span(rows: Iterator[Sequence[Any]], table: ForeignTable, extent: Extent) -> Iterator[Sequence[Any]]:
    """By what the table says of a period: where that is its end, the moment before lies in it."""
    before = 1 if table.period == "end" else 0
    return (row for row in rows if extent.spans(row[_READING_AT] - before))


def _outcome(
    names: tuple[str, str], sides: tuple[SortedRows, SortedRows], extent: Extent, measure: Measure
) -> SideBySide:
    at = instants.to_text(instants.now())
    differences = Differences(extent.most)
    compare(*sides, differences, measure)
    return SideBySide(
        one=names[0],
        other=names[1],
        at=at,
        verdict="different" if differences.count else "equal",
        rows={name: side.count for name, side in zip(names, sides, strict=True)},
        equal=differences.equal,
        missing=differences.kinds["missing"],
        extra=differences.kinds["extra"],
        different=differences.kinds["different"],
        fields=dict(differences.fields.most_common()),
        first=tuple(differences.first),
    )
