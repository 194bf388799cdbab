"""Units that convert exactly into each other. Units are compared verbatim: ``kwh`` is not ``kWh``."""

from functools import cache
from math import gcd

_WATT_HOURS = {"Wh": 1, "kWh": 10**3, "MWh": 10**6, "GWh": 10**9}

Ratio = tuple[int, int]
"""(times, per): a number in the one unit × times / per is the number in the other."""


@cache
def ratio(unit: str, wanted: str) -> Ratio | None:
    """How to convert exactly; None: the units have no exact conversion."""
    if unit == wanted:
        return 1, 1
    if unit not in _WATT_HOURS or wanted not in _WATT_HOURS:
        return None
    times, per = _WATT_HOURS[unit], _WATT_HOURS[wanted]
    common = gcd(times, per)
    return times // common, per // common
