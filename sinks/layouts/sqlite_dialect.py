"""SQLite has no exact decimals: numbers are texts of 36 digits with a sign, and arithmetic is done on the digits.

``+000000000000000000026633500000000000`` is 26633.5: 24 integer digits, then 12 decimals.
"""

from collections.abc import Mapping, Sequence

from schemas.exact import INTEGER_DIGITS, SCALE
from sinks.layouts.dialect import Dialect, Named
from sinks.layouts.units import FAMILIES
from sinks.layouts.zone import Zone

DIGITS = INTEGER_DIGITS + SCALE
LIMB = 12
"""Digits of each of the three ints in which numbers are added: sums of millions of them fit."""
_M = 10**LIMB
_WIDEST = max(power for family in FAMILIES for power in family.values())


class SQLite(Dialect):
    """Numbers are decimal texts, instants texts in ISO 8601."""

    name = "sqlite"

    def view(self, name: str, query: str) -> Sequence[str]:
        """See :class:`Dialect`."""
        return [f"DROP VIEW IF EXISTS {name}", f"CREATE VIEW {name} AS {query}"]

    def carried(self, column: str) -> str:
        """See :class:`Dialect`."""
        digits = f"ltrim({column}, '-')"
        dot = f"instr({digits} || '.', '.')"
        whole = f"substr('{'0' * INTEGER_DIGITS}' || substr({digits}, 1, {dot} - 1), -{INTEGER_DIGITS})"
        fraction = f"substr(substr({digits}, {dot} + 1) || '{'0' * SCALE}', 1, {SCALE})"
        return f"CASE WHEN substr({column}, 1, 1) = '-' THEN '-' ELSE '+' END || {whole} || {fraction}"

    def summed(self, number: str, over: str) -> Sequence[Named]:
        """See :class:`Dialect`."""
        sign = f"substr({number}, 1, 1)"
        limbs = (f"CAST({sign} || substr({number}, {2 + place * LIMB}, {LIMB}) AS INTEGER)" for place in range(3))
        return [(f"sum_{place}", f"SUM({limb}) OVER ({over})") for place, limb in enumerate(limbs)]

    def totals(self) -> Sequence[Named]:
        """Each limb gives its carry to the one before it, then is in [0, 10^12); only the first tells the sign."""

        def low(limb: str) -> str:
            return f"(({limb} % {_M}) + {_M}) % {_M}"

        plus = "printf('+%012d%012d%012d', sum_0b, sum_1c, sum_2b)"
        borrowed = "(sum_2b > 0)"
        first = f"(-sum_0b - (sum_1c + {borrowed} > 0))"
        minus = f"printf('-%012d%012d%012d', {first}, ({2 * _M} - sum_1c - {borrowed}) % {_M}, ({_M} - sum_2b) % {_M})"
        return [
            ("sum_2b", low("sum_2")),
            ("sum_1b", f"sum_1 + (sum_2 - sum_2b) / {_M}"),
            ("sum_1c", low("sum_1b")),
            ("sum_0b", f"sum_0 + (sum_1b - sum_1c) / {_M}"),
            (
                "total",
                f"CASE WHEN sum_0b >= 0 AND sum_0b < {_M} THEN {plus} "
                f"WHEN sum_0b < 0 AND {first} < {_M} THEN {minus} END",
            ),
        ]

    def converted(self, number: str, unit: str, powers: Mapping[str, int]) -> str:
        """Between zeros the digits stay where they are, and another 36 are taken; what is left out must be zeros.

        (Views are merged into one statement, in which an expression stands as often as it is named: few times here.)
        """
        cases = " ".join(f"WHEN {self.literal(one)} THEN {power}" for one, power in powers.items())
        power = f"CASE {unit} {cases} END"
        zeros = "0" * _WIDEST
        digits = f"'{zeros}' || substr({number}, 2) || '{zeros}'"
        taken = f"substr({digits}, {1 + _WIDEST} + {power}, {DIGITS})"
        left = f"substr({digits}, 1, {_WIDEST} + {power}) || substr({digits}, {1 + _WIDEST + DIGITS} + {power})"
        return f"CASE WHEN trim({left}, '0') = '' THEN substr({number}, 1, 1) || {taken} END"

    def truncated(self, number: str, decimals: int) -> str:
        """See :class:`Dialect`."""
        kept = 1 + INTEGER_DIGITS + decimals
        return f"(substr({number}, 1, {kept}) || '{'0' * (SCALE - decimals)}')"

    def rounded(self, number: str, decimals: int) -> str:
        """If the first digit that goes is 5 or more, one is added to the last that stays: in two ints of 18 digits."""
        if decimals == SCALE:
            return number
        half, kept = DIGITS // 2, self.truncated(number, decimals)
        high = f"CAST(substr({kept}, 2, {half}) AS INTEGER)"
        low = f"(CAST(substr({kept}, {2 + half}) AS INTEGER) + {10 ** (SCALE - decimals)})"
        carry = f"({low} >= {10**half})"
        up = f"substr({number}, 1, 1) || printf('%018d%018d', {high} + {carry}, {low} % {10**half})"
        first_gone = f"substr({number}, {2 + INTEGER_DIGITS + decimals}, 1)"
        full = f"{high} + {carry} >= {10**half}"
        return f"CASE WHEN {first_gone} < '5' THEN {kept} WHEN {first_gone} >= '5' AND NOT ({full}) THEN {up} END"

    def rest(self, number: str, decimals: int) -> str:
        """See :class:`Dialect`."""
        if decimals == SCALE:
            return f"substr({number}, 1, 1) || '{'0' * DIGITS}'"
        gone = f"CAST(substr({number}, {2 + INTEGER_DIGITS + decimals}) AS INTEGER)"
        unit, first = 10 ** (SCALE - decimals), f"substr({number}, {2 + INTEGER_DIGITS + decimals}, 1)"
        other = f"CASE WHEN substr({number}, 1, 1) = '-' THEN '+' ELSE '-' END"
        return (
            f"CASE WHEN {first} < '5' THEN substr({number}, 1, 1) || printf('%0{DIGITS}d', {gone}) "
            f"WHEN {first} >= '5' THEN {other} || printf('%0{DIGITS}d', {unit} - {gone}) END"
        )

    def number(self, number: str, decimals: int) -> str:
        """Plain decimal text without needless zeros, as the stored ones are."""
        sign = f"CASE WHEN {number} > '-{'0' * DIGITS}' THEN '-' ELSE '' END"  # '+' sorts before '-'
        whole = f"ltrim(substr({number}, 2, {INTEGER_DIGITS - 1}), '0') || substr({number}, {1 + INTEGER_DIGITS}, 1)"
        return f"{sign} || rtrim(rtrim({whole} || '.' || substr({number}, {2 + INTEGER_DIGITS}), '0'), '.')"

    def wall(self, instant: str, zone: Zone) -> str:
        """The text ``2026-01-31 23:59:59.000000``: whole seconds are shifted, so that no float is near."""
        return f"(datetime(substr({instant}, 1, 19), '{zone.minutes} minutes') || substr({instant}, 20, 7))"

    def before(self, instant: str) -> str:
        """See :class:`Dialect`."""
        whole, micros = f"substr({instant}, 1, 19)", f"CAST(substr({instant}, 21, 6) AS INTEGER)"
        return (
            f"(CASE WHEN {micros} = 0 THEN datetime({whole}, '-1 seconds') || '.999999' "
            f"ELSE {whole} || printf('.%06d', {micros} - 1) END)"
        )

    def seconds(self, wall: str) -> str:
        """See :class:`Dialect`."""
        return f"substr({wall}, 1, 19)"

    def since_1970(self, instant: str) -> str:
        """See :class:`Dialect`."""
        return f"CAST(strftime('%s', substr({instant}, 1, 19)) AS INTEGER)"

    def timestamp(self, wall: str) -> str:
        """Without a fraction of nothing but zeros."""
        return f"rtrim(rtrim({wall}, '0'), '.')"

    def date(self, wall: str) -> str:
        """See :class:`Dialect`."""
        return f"substr({wall}, 1, 10)"
