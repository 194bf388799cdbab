"""A number in a column of a layout: converted, with its decimals. Ints of 10^-12; exact or nothing."""

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


def figure(column: NumberColumn, number: int | None, unit: str | None) -> Figure:
    """A number in a column.

    Args:
        column: the column.
        number: as the feed has it, or a sum.
        unit: of the number; one without conversion shows nothing.
    """
    power = 0 if column.unit is None else shifts(column.unit).get(unit or "")
    if number is None or power is None:
        return Figure(None)
    exact = shifted(number, power)
    if exact is None:
        return Figure(None, problem=reasons.NOT_REPRESENTABLE)
    if column.decimals is None:
        return Figure(exact)
    rounded = _rounded(exact, 10 ** (SCALE - column.decimals))
    if column.remainder == "hold":
        return Figure(exact) if rounded == exact else Figure(None, problem=reasons.REMAINDER)
    if not representable(rounded):
        return Figure(None, exact - rounded, reasons.NOT_REPRESENTABLE)
    return Figure(rounded, exact - rounded)


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
