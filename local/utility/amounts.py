"""What a series shows at an index: the text of its value, recognisable wherever it might leak.

Every value of a volume or register ends in ...000007731 after three decimals of its own; heat has three
decimals and ends in 7.731. A search for `7731` and `7.731` in logs finds a leaked reading.
"""

from local.utility.meters import Series
from local.utility.settings import Granularity

_VOLUME: dict[Granularity, tuple[int, int]] = {
    "hour": (200, 9_700),
    "day": (5_000, 94_000),
    "month": (20_000_000, 10_000_000),
}
_RATE: dict[Granularity, int] = {"hour": 2_000, "day": 40_000, "month": 900_000}
_ROLLS_OVER_AT = 100_000_000


def spell(series: Series, amount: int) -> str:
    """The JSON number of an amount, as the utility writes it: 12 decimals, or 3 for heat."""
    if series.category == "VARME":
        return f"{amount}7.731"
    return f"{amount // 1000}.{amount % 1000:03d}000007731"


class Amounts:
    """The amounts of one series, by index: thousandths of a unit (heat: tens of MWh).

    The pivot is the index at which the story of a register turns.
    """

    def __init__(self, series: Series, granularity: Granularity, pivot: int) -> None:
        self._series = series
        self._register = series.terms.kind == "register"
        self._low, self._width = _VOLUME[granularity] if series.category != "VARME" else (1, 40)
        self.step = _RATE[granularity] if self._register else max(1, self._width // 10)
        self._pivot = pivot
        self._base = 1_000_000 + series.key % 50_000_000
        if series.story == "rollover":
            self._base = _ROLLS_OVER_AT - self.step * pivot

    def at(self, index: int, bits: int) -> int:
        """The amount at an index; `bits` are that index's random bits."""
        if not self._register:
            return self._low + (bits >> 20) % self._width
        position = self._base + self.step * index + (bits >> 20) % self.step
        if self._series.story == "rollover":
            return position % _ROLLS_OVER_AT
        if self._series.story == "exchange" and index >= self._pivot:
            return position - self._base - self.step * self._pivot + 17_000
        return position

    def text(self, index: int, bits: int) -> str:
        """The JSON number at an index."""
        if self._series.story == "glitch" and index == self._pivot:
            return "0.000000000000"
        return spell(self._series, self.at(index, bits))

    def unit(self, index: int) -> str:
        """The unit at an index."""
        return "MWh" if self._series.story == "unit_change" and index >= self._pivot else self._series.unit
