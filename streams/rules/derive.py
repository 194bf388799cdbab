"""The rules of a series: readings in, rows out; and which rows change when one reading changes.

A row depends on its own content and on the two nearest earlier readings with a value: the first is its base, the
second tells whether the base is a fall. Hence what follows for arrival orders inside a bounded history: while the
two readings with a value before the edge stay, moving the edge changes no row inside, and a series' rows depend only
on which readings were admitted (dated at or after the edge of the moment they arrived), never on their order. So any
two orders that admit the same readings end in the same rows – above all, any orders of readings that together span
no more than the history. A reading that comes after the edge has passed it changes no other row in any order.
"""

from collections.abc import Iterable
from itertools import islice

import msgspec

from streams.rules.entry import Entry
from streams.rules.row import Base, Derived, row
from streams.rules.rules import Rules

BASES = 2
"""Readings with a value that a row looks back to."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """A reading's content and what is derived from it."""

    entry: Entry
    derived: Derived


class Changed(msgspec.Struct, frozen=True, gc=False):
    """A row that says something else than before; ``was`` None: there was no such row."""

    now: Row
    was: Row | None


def derive(entries: Iterable[Entry], rules: Rules, base: Base | None = None) -> list[Row]:
    """The rows of a series, or of its end after ``base``; entries by reading_at."""
    rows = []
    for known in entries:
        derived, base = row(base, known, rules)
        rows.append(Row(known, derived))
    return rows


def base_after(earlier: Iterable[Entry], rules: Rules) -> Base | None:
    """The base that a stretch of entries leaves for the next row; entries newest first, read no further than needed."""
    nearest = list(islice((known for known in earlier if known.value is not None), BASES))
    base = None
    for known in reversed(nearest):
        _, base = row(base, known, rules)
    return base


def changed(base: Base | None, was: Entry | None, now: Entry, later: Iterable[Entry], rules: Rules) -> list[Changed]:
    """The rows that differ when ``was`` becomes ``now``: that row itself, then neighbours, by reading_at.

    Stops where both walks carry the same base: from there on no row can differ. (Not at the first equal row: rows of
    missing values are equal while those behind them are not.)

    Args:
        base: what the entries before this identity leave.
        was: what was known of the identity; None: nothing.
        now: its new content.
        later: the entries after it, by reading_at; read no further than needed.
        rules: the rules.
    """
    derived, after = row(base, now, rules)
    if was is None:
        before = base
        rows = [Changed(Row(now, derived), None)]
    else:
        derived_before, before = row(base, was, rules)
        rows = [Changed(Row(now, derived), Row(was, derived_before))]
    if before == after:
        return rows
    for known in later:
        derived_before, before = row(before, known, rules)
        derived, after = row(after, known, rules)
        if derived != derived_before:
            rows.append(Changed(Row(known, derived), Row(known, derived_before)))
        if before == after:
            break
    return rows
