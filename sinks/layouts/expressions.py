"""Pieces of SQL that every database reads alike."""

from collections.abc import Iterable, Mapping, Sequence

from sinks.layouts.reasons import RANK


def listed(words: Iterable[str]) -> str:
    """Words of our own, for IN."""
    return ", ".join(f"'{word}'" for word in words)


def by_kind(register: str, volume: str) -> str:
    """One for a row that is about a position, another for one about a consumption."""
    return f"CASE WHEN kind = 'register' THEN {register} ELSE {volume} END"


def ranked(cases: Iterable[tuple[str, str | None]], otherwise: str) -> str:
    """The rank of the reason of the first condition that holds; None: there is no reason."""
    whens = (f"WHEN {condition} THEN {'NULL' if reason is None else RANK[reason]}" for condition, reason in cases)
    return f"CASE {' '.join(whens)} ELSE {otherwise} END"


def places(of: str, words: Sequence[str]) -> str:
    """The place of a word among words."""
    whens = (f"WHEN '{word}' THEN {place}" for place, word in enumerate(words))
    return f"CASE {of} {' '.join(whens)} END"


def differ(column: str, over: str) -> str:
    """Whether the rows of a window do not all have the same; none of them has NULL."""
    return f"MIN({column}) {over} <> MAX({column}) {over}"


def worded(of: str, words: Mapping[str, str], otherwise: str = "NULL") -> str:
    """A word for each value; both are expressions."""
    if not words:
        return otherwise
    return f"CASE {of} {' '.join(f'WHEN {value} THEN {word}' for value, word in words.items())} ELSE {otherwise} END"


def same(one: str, other: str, names: Iterable[str]) -> str:
    """Whether rows of two tables have the same in some columns."""
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in names)


def of_point(row: str, point: str) -> str:
    """Whether a row of values belongs to a line of the points."""
    return (
        f"{point}.metering_point = {row}.metering_point AND {point}.delivery_category IN ('', {row}.delivery_category) "
        f"AND {point}.granularity IN ('', {row}.granularity) "
        f"AND {point}.valid_from <= {row}.period_start AND {row}.period_end <= {point}.valid_to"
    )
