"""A number in a column of a layout: converted, with its decimals. Ints of 10^-12; exact or nothing."""

from collections.abc import Callable
from typing import NamedTuple

from schemas.exact import SCALE, representable
from sinks.layouts import reasons
from sinks.layouts.columns import NumberColumn
from sinks.layouts.units import shifts


class Figure(NamedTuple):
    """What a column shows; ``rest``: what rounding took away; ``problem``: why it shows nothing although it might."""

    number: int | None
    rest: int | None = None
    problem: str | None = None


NOTHING = Figure(None)
_TOO_LONG = Figure(None, problem=reasons.NOT_REPRESENTABLE)
_REMAINDER = Figure(None, problem=reasons.REMAINDER)


def figures_of(column: NumberColumn) -> Callable[[int | None, str | None], Figure]:
    """What a column makes of a number as the feed has it, or of a sum, and of its unit.

    Of no number, and in a unit without conversion, it shows nothing.
    """
    cut = _cut(column)
    powers = None if column.unit is None else shifts(column.unit)

    def converted(number: int | None, unit: str | None) -> Figure:
        power = 0 if powers is None else powers.get(unit or "")
        if number is None or power is None:
            return NOTHING
        exact = shifted(number, power)
        return _TOO_LONG if exact is None else cut(exact)

    return converted


def _cut(column: NumberColumn) -> Callable[[int], Figure]:
    """What the decimals of a column leave of a number in its unit."""
    if column.decimals is None:
        return Figure
    unit = 10 ** (SCALE - column.decimals)

    def held(exact: int) -> Figure:
        return _REMAINDER if exact % unit else Figure(exact)

    def rounded(exact: int) -> Figure:
        number = _rounded(exact, unit)
        if not representable(number):
            return Figure(None, exact - number, reasons.NOT_REPRESENTABLE)
        return Figure(number, exact - number)

    return held if column.remainder == "hold" else rounded


def shifted(number: int, power: int) -> int | None:
    """Times a power of ten; None: the result has more than 24 integer or 12 fractional digits."""
    if power >= 0:
        result, rest = number * 10**power, 0
    else:
        result, rest = divmod(number, 10**-power)
    return None if rest or not representable(result) else result


def _rounded(number: int, unit: int) -> int:
    """To whole units, half away from zero."""
    size = (abs(number) + unit // 2) // unit * unit
    return -size if number < 0 else size
