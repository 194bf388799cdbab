"""What the views of a layout need of a database's SQL. One class per database; this one holds what most share.

Numbers are exact everywhere: at most 24 integer and 12 fractional digits, no float anywhere. What does not fit becomes
NULL, and the layout says why.
"""

from collections.abc import Mapping, Sequence

from schemas.exact import INTEGER_DIGITS, SCALE
from sinks.layouts.pattern import FIELDS, pieces
from sinks.layouts.zone import Zone

Named = tuple[str, str]
"""An expression: (name, expression)."""
_WHOLE = "YYYY-MM-DD hh:mm:ss"


class Dialect:
    """A database with exact decimals of its own. Arguments and results are SQL expressions."""

    name = ""
    substring = "SUBSTR"
    zones = False
    """Whether it knows the zones of the tz database."""

    def quoted(self, name: str) -> str:
        """An identifier."""
        return f'"{name}"'

    def literal(self, text: str) -> str:
        """A text."""
        return "'" + text.replace("'", "''") + "'"

    def concatenated(self, parts: Sequence[str]) -> str:
        """Texts, one after the other."""
        return " || ".join(parts)

    def view(self, name: str, query: str) -> Sequence[str]:
        """The statements that make a view, or make it anew."""
        return [f"CREATE OR REPLACE VIEW {name} AS {query}"]

    # numbers

    def carried(self, column: str) -> str:
        """A stored number, in the form in which the other calls take it."""
        return column

    def summed(self, number: str, over: str) -> Sequence[Named]:
        """What is summed over a window so that :meth:`totals` can tell the sum."""
        return [("sum_of_all", f"SUM({number}) OVER ({over})")]

    def totals(self) -> Sequence[Named]:
        """The steps from there to ``total``, each over the one before; NULL: the sum does not fit."""
        return [("total", self.limited("sum_of_all"))]

    def limited(self, number: str) -> str:
        """The number; NULL: too many integer digits."""
        return self._below(number, 10**INTEGER_DIGITS, number)

    def _below(self, number: str, limit: int, result: str) -> str:
        return f"CASE WHEN {number} < {limit} AND {number} > -{limit} THEN {result} END"

    def converted(self, number: str, unit: str, powers: Mapping[str, int]) -> str:
        """Times the power of ten of its unit; NULL: that does not fit, or the unit is none of these."""
        cases = (f"WHEN {self.literal(one)} THEN {self._shifted(number, power)}" for one, power in powers.items())
        return f"CASE {unit} {' '.join(cases)} END"

    def _shifted(self, number: str, power: int) -> str:
        if power == 0:
            return number
        if power > 0:
            return self._below(number, 10 ** (INTEGER_DIGITS - power), f"{number} * {10**power}")
        part = f"0.{1:0{-power}d}"
        return f"CASE WHEN {self.truncated(number, SCALE + power)} = {number} THEN {number} * {part} END"

    def truncated(self, number: str, decimals: int) -> str:
        """Without its further decimals."""
        return f"TRUNC({number}, {decimals})"

    def rounded(self, number: str, decimals: int) -> str:
        """Half away from zero; NULL: that does not fit."""
        return self.limited(f"ROUND({number}, {decimals})")

    def rest(self, number: str, decimals: int) -> str:
        """What rounding takes away."""
        return f"{number} - ROUND({number}, {decimals})"

    def number(self, number: str, decimals: int) -> str:
        """As the view shows it."""
        return f"CAST({number} AS numeric(38, {decimals}))"

    # times

    def wall(self, instant: str, zone: Zone) -> str:
        """A stored instant as the clock of a zone shows it."""
        raise NotImplementedError

    def before(self, instant: str) -> str:
        """The stored instant a microsecond earlier."""
        raise NotImplementedError

    def seconds(self, wall: str) -> str:
        """The text ``2026-01-31 23:59:59``."""
        raise NotImplementedError

    def since_1970(self, instant: str) -> str:
        """The whole seconds since 1970 began."""
        raise NotImplementedError

    def timestamp(self, wall: str) -> str:
        """As the view shows it."""
        return wall

    def date(self, wall: str) -> str:
        """The day."""
        return f"CAST({wall} AS date)"

    def pattern(self, wall: str, pattern: str) -> str:
        """A time as a text."""
        text = self.seconds(wall)
        if pattern in _WHOLE:
            return f"{self.substring}({text}, {_WHOLE.index(pattern) + 1}, {len(pattern)})"
        parts = []
        for field, words in pieces(pattern):
            if field:
                first, length = FIELDS[field]
                parts.append(f"{self.substring}({text}, {first}, {length})")
            else:
                parts.append(self.literal(words))
        return self.concatenated(parts)


class PostgreSQL(Dialect):
    """Numbers are numeric, instants timestamptz."""

    name = "postgresql"
    zones = True

    def view(self, name: str, query: str) -> Sequence[str]:
        """Replaced where its columns stay as they are, so that rights and others' views on it stay; else made anew."""
        return [
            f"DO $layout$ BEGIN CREATE OR REPLACE VIEW {name} AS {query}; "
            f"EXCEPTION WHEN invalid_table_definition THEN DROP VIEW {name}; CREATE VIEW {name} AS {query}; "
            f"END $layout$"
        ]

    def wall(self, instant: str, zone: Zone) -> str:
        """See :class:`Dialect`."""
        if zone.minutes is None:
            return f"({instant} AT TIME ZONE {self.literal(zone.name)})"
        return f"({instant} AT TIME ZONE 'UTC' + INTERVAL '{zone.minutes} minutes')"

    def before(self, instant: str) -> str:
        """See :class:`Dialect`."""
        return f"({instant} - INTERVAL '1 microsecond')"

    def seconds(self, wall: str) -> str:
        """See :class:`Dialect`."""
        return f"to_char({wall}, 'YYYY-MM-DD HH24:MI:SS')"

    def since_1970(self, instant: str) -> str:
        """See :class:`Dialect`."""
        return f"FLOOR(EXTRACT(EPOCH FROM {instant}))"


class MariaDB(Dialect):
    """Numbers are DECIMAL, whose arithmetic has 65 digits; instants DATETIME(6) in UTC."""

    name = "mariadb"

    def quoted(self, name: str) -> str:
        """See :class:`Dialect`."""
        return f"`{name}`"

    def concatenated(self, parts: Sequence[str]) -> str:
        """``||`` is a logical or here."""
        return f"CONCAT({', '.join(parts)})"

    def truncated(self, number: str, decimals: int) -> str:
        """See :class:`Dialect`."""
        return f"TRUNCATE({number}, {decimals})"

    def number(self, number: str, decimals: int) -> str:
        """See :class:`Dialect`."""
        return f"CAST({number} AS DECIMAL(38, {decimals}))"

    def wall(self, instant: str, zone: Zone) -> str:
        """See :class:`Dialect`."""
        return f"({instant} + INTERVAL {zone.minutes} MINUTE)"

    def before(self, instant: str) -> str:
        """See :class:`Dialect`."""
        return f"({instant} - INTERVAL 1 MICROSECOND)"

    def seconds(self, wall: str) -> str:
        """See :class:`Dialect`."""
        return f"CAST({wall} AS CHAR(19))"

    def since_1970(self, instant: str) -> str:
        """See :class:`Dialect`."""
        return f"TIMESTAMPDIFF(SECOND, '1970-01-01', {instant})"
