"""SQL Server's part of a layout's views."""

from collections.abc import Sequence

from schemas.exact import INTEGER_DIGITS, SCALE
from sinks.layouts.dialect import Dialect
from sinks.layouts.zone import Zone


class SQLServer(Dialect):
    """Numbers are decimal(38,12), instants datetime2 in UTC.

    Results of decimal arithmetic have 38 digits at most, and scales are cut to keep within them. So numbers are given
    the precision first with which nothing is cut: for a × b it is p1 + p2 + 1, and for a / b the scale stays at 14.
    """

    name = "sqlserver"
    substring = "SUBSTRING"

    def quoted(self, name: str) -> str:
        """See :class:`Dialect`."""
        return f"[{name}]"

    def literal(self, text: str) -> str:
        """See :class:`Dialect`."""
        return "N" + super().literal(text)

    def concatenated(self, parts: Sequence[str]) -> str:
        """See :class:`Dialect`."""
        return " + ".join(parts)

    def view(self, name: str, query: str) -> Sequence[str]:
        """See :class:`Dialect`."""
        return [f"CREATE OR ALTER VIEW {name} AS {query}"]

    def _shifted(self, number: str, power: int) -> str:
        if power == 0:
            return number
        factor = f"CAST({10 ** abs(power)} AS decimal({abs(power) + 1}, 0))"
        if power > 0:
            return f"TRY_CAST({number} AS decimal({2 * INTEGER_DIGITS - SCALE - power}, {SCALE})) * {factor}"
        whole = f"{self.truncated(number, SCALE + power)} = {number}"
        quotient = f"CAST({number} AS decimal({INTEGER_DIGITS + SCALE}, {SCALE})) / {factor}"
        return f"CASE WHEN {whole} THEN CAST({quotient} AS decimal(38, {SCALE})) END"

    def truncated(self, number: str, decimals: int) -> str:
        """See :class:`Dialect`."""
        return f"ROUND({number}, {decimals}, 1)"

    def number(self, number: str, decimals: int) -> str:
        """See :class:`Dialect`."""
        return f"CAST({number} AS decimal(38, {decimals}))"

    def wall(self, instant: str, zone: Zone) -> str:
        """See :class:`Dialect`."""
        return f"DATEADD(minute, {zone.minutes}, {instant})"

    def before(self, instant: str) -> str:
        """See :class:`Dialect`."""
        return f"DATEADD(microsecond, -1, {instant})"

    def seconds(self, wall: str) -> str:
        """See :class:`Dialect`."""
        return f"CONVERT(nvarchar(19), {wall}, 120)"

    def since_1970(self, instant: str) -> str:
        """See :class:`Dialect`."""
        return f"DATEDIFF_BIG(second, '1970-01-01', {instant})"
