"""Two accounts of what was used, by item key and month: Momentum's and the feed's. Pure.

A figure that is missing is not zero: a month without one is equal only to a month without one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from operations.momentum_api import Figure
from schemas import exact
from streams.rules.units import ratio

Kind = Literal["equal", "within tolerance", "different", "missing there", "not in the feed", "unit", "period"]
KINDS: tuple[Kind, ...] = get_args(Kind)
AGREE: tuple[Kind, ...] = ("equal", "within tolerance")

Month = tuple[int, int]
"""Year and month."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum in units of 10^-12 of its unit; None: there is no figure, or none that is known."""

    number: int | None
    unit: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One item key and month. ``there``, ``here``: Momentum's figure and the feed's as texts, or why there is none."""

    key: str
    month: str
    kind: Kind
    there: str
    here: str


def compare(
    key: str, there: Iterable[Figure] | None, here: Mapping[Month, Amount], tolerance: int
) -> Iterator[Compared]:
    """The months of an item key that any of the two has a figure for.

    Args:
        key: the item's.
        there: Momentum's figures; None: it does not know the key.
        here: the feed's.
        tolerance: in units of 10^-12 of Momentum's unit.
    """
    figures: dict[Month, list[Figure]] = {}
    for figure in there or ():
        if is_month(figure):
            figures.setdefault((figure.start.year, figure.start.month), []).append(figure)
        else:
            said = f"{_text(Amount(figure.consumption, figure.unit))} from {figure.start} to {figure.stop}"
            yield Compared(key, f"{figure.start:%Y-%m}", "period", said, "whole months are compared")
    for month in sorted(figures.keys() | here.keys()):
        found = figures.get(month, [])
        kind = _kind(found, here.get(month), tolerance)
        told = "the key is unknown" if there is None else " + ".join(map(_told, found)) or "–"
        own = here.get(month)
        yield Compared(key, f"{month[0]}-{month[1]:02}", kind, told, _text(own) if own else "–")


def is_month(figure: Figure) -> bool:
    """Whether its period is a calendar month."""
    start = figure.start
    after = date(start.year + start.month // 12, start.month % 12 + 1, 1)
    return start.day == 1 and figure.stop == after


def _kind(found: Sequence[Figure], own: Amount | None, tolerance: int) -> Kind:
    """Several figures of a month are those of an item's usages: their sum counts."""
    known = [figure.consumption for figure in found if figure.consumption is not None]
    if not known:
        return "equal" if found and (own is None or own.number is None) else "missing there"
    if own is None or own.number is None:
        return "not in the feed"
    units = {figure.unit for figure in found}
    converts = ratio(own.unit, units.pop()) if len(units) == 1 else None
    if converts is None:
        return "unit"
    times, per = converts
    off = abs(own.number * times - sum(known) * per)
    if not off:
        return "equal"
    return "within tolerance" if off <= tolerance * per else "different"


def _told(figure: Figure) -> str:
    return _text(Amount(figure.consumption, figure.unit))


def _text(amount: Amount) -> str:
    number = "–" if amount.number is None else exact.to_text(amount.number)
    return f"{number} {amount.unit}".strip()
