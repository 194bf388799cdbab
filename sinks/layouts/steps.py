"""The steps of a layout in SQL, as common table expressions.

They are those of :mod:`sinks.layouts.reading`, which says the same in Python; each adds columns to the one before:

    joined    each value with its point and key, and what the row is about: position (register) or consumption (volume)
    rated     why it has no number, if so; and the unit of its number
    weighed   its number
    grouped   how many readings its key has in its period, which is the last one, and what they are together
    totals    their sum
    taken     the number of the period
    converted each column's number in its unit
    cut       the same with its decimals, and what that takes away
    judged    why a column shows no number
    coded     why the row is not shown
"""

from collections.abc import Iterable, Iterator

from schemas.reasons import Held
from sinks.columns import KEY, VIEW
from sinks.layouts import reasons
from sinks.layouts.columns import NumberColumn
from sinks.layouts.dialect import Dialect, Named
from sinks.layouts.expressions import by_kind, differ, listed, of_point, places, ranked, same, worded
from sinks.layouts.layout import Layout
from sinks.layouts.reasons import RANK, SLACK
from sinks.layouts.units import shifts

_TAKEN_AS_THEY_ARE = (
    *("source", "metering_point", "granularity", "series_kind", "reading_at", "previous_reading_at"),
    *("period_start", "period_end", "reading_method", "held", "fetched_at", "delivered_at", "consumption_unit"),
)
_LAST_WORD = (RANK[reasons.NO_POINT], RANK[reasons.NO_KEY])
"""Reasons of a row that has no place among the others of its key and period."""


class Steps:
    """Of one layout in one database's SQL. ``text``: all of them, ``WITH …``.

    ``among``: see :func:`sinks.layouts.statements.shown_among`; default: all values.
    """

    def __init__(self, layout: Layout, dialect: Dialect, among: str = "") -> None:
        self._layout = layout
        self._dialect = dialect
        self._values = f"{VIEW} v" if not among else f"{among} {VIEW} v ON {same('among', 'v', KEY)}"
        key = ("receiver_key",) if layout.keyed else ("source", "metering_point", "category")
        self._window = "PARTITION BY " + ", ".join((*key, "granularity", "period_start", "period_end"))
        self._steps = [f"joined AS ({self._joined()})"]
        self._newest = "joined"
        self._add("rated", [("absent", self._absent()), ("unit", by_kind("value_unit", "consumption_unit"))])
        number = by_kind("stored_value", "stored_consumption")
        self._add("weighed", [("amount", f"CASE WHEN absent IS NULL THEN {number} END")])
        self._add("grouped", [*self._grouped(), *dialect.summed("amount", self._window)])
        for name, expression in dialect.totals():
            self._add(f"with_{name}", [(name, expression)])
        self._add("taken", self._taken())
        self._add("converted", [(f"exact_{place}", self._exact(column)) for place, column in self._numbers()])
        self._add("cut", [part for place, column in self._numbers() for part in self._cut(place, column)])
        self._add("judged", [("why", self._why())])
        self._add("coded", [("code", self._code())])
        self.text = "WITH " + ", ".join(self._steps)

    def _add(self, step: str, columns: Iterable[Named]) -> None:
        added = ", ".join(f"{expression} AS {name}" for name, expression in columns)
        self._steps.append(f"{step} AS (SELECT {self._newest}.*, {added} FROM {self._newest})")  # noqa: S608 - our own names
        self._newest = step

    def _numbers(self) -> Iterator[tuple[int, NumberColumn]]:
        yield from enumerate(self._layout.numbers)

    def _joined(self) -> str:
        kind = {
            "figure": "CASE WHEN p.kind IN ('register', 'volume') THEN p.kind ELSE v.series_kind END",
            "consumption": "'volume'",
            "position": "'register'",
        }[self._layout.main]
        columns = [
            *(f"v.{name}" for name in _TAKEN_AS_THEY_ARE),
            *("v.delivery_category AS category", "v.unit AS value_unit"),
            *("p.metering_point AS mapped", "p.receiver_key", "p.facility_id", f"{kind} AS kind"),
            f"{self._dialect.carried('v.value')} AS stored_value",
            f"{self._dialect.carried('v.consumption')} AS stored_consumption",
            f"{places('v.quality', reasons.QUALITIES)} AS quality_rank",
        ]
        return (
            f"SELECT {', '.join(columns)} FROM {self._values} LEFT JOIN points p "  # noqa: S608 - our names, and texts that the layout's checks let through
            f"ON {of_point('v', 'p')}{self._chosen()}"
        )

    def _chosen(self) -> str:
        chosen = (("granularity", self._layout.file.granularities), ("series_kind", self._layout.file.kinds))
        wanted = [f"v.{name} IN ({listed(words)})" for name, words in chosen if words]
        return f" WHERE {' AND '.join(wanted)}" if wanted else ""

    def _absent(self) -> str:
        gap = f"stored_consumption IS NOT NULL AND series_kind = 'register' AND {self._spans_more()}"
        cases = [
            ("stored_value IS NULL", reasons.MISSING),
            ("kind = 'register'", None),
            *([(gap, reasons.GAP)] if self._layout.policy.gap != "deliver" else []),
            ("stored_consumption IS NOT NULL", None),
            *((f"held = '{held}'", held) for held in Held if held in reasons.HELD_BACK),
            ("held IS NOT NULL", reasons.HELD),
            ("series_kind = 'register' AND previous_reading_at IS NULL", reasons.FIRST_READING),
        ]
        return ranked(cases, str(RANK[reasons.NOT_REPRESENTABLE]))

    def _spans_more(self) -> str:
        """See :func:`sinks.layouts.reading.spans_more`."""
        before, begin, end, read = map(
            self._dialect.since_1970, ("previous_reading_at", "period_start", "period_end", "reading_at")
        )
        slack = " ".join(f"WHEN '{granularity}' THEN {seconds}" for granularity, seconds in SLACK.items())
        return f"{before} < {begin} - ({end} - {read}) - CASE granularity {slack} ELSE 0 END"

    def _grouped(self) -> Iterator[Named]:
        over = f"OVER ({self._window})"
        yield "readings", f"COUNT(*) {over}"
        yield "numbers", f"COUNT(amount) {over}"
        yield "nth", f"ROW_NUMBER() OVER ({self._window} ORDER BY reading_at DESC)"
        others = " OR ".join(differ(name, over) for name in ("source", "metering_point", "category"))
        yield "several_series", f"CASE WHEN {others} THEN 1 ELSE 0 END"
        # Each by itself: a row's own column beside a window function in one condition is read wrongly by MariaDB 10.11.
        yield "several_kinds", f"CASE WHEN {differ('series_kind', over)} THEN 1 ELSE 0 END"
        yield "several_units", f"CASE WHEN {differ('consumption_unit', over)} THEN 1 ELSE 0 END"
        yield "first_absent", f"MIN(absent) {over}"
        yield "worst_quality", f"MAX(quality_rank) {over}"
        yield "newest_fetched_at", f"MAX(fetched_at) {over}"
        yield "newest_delivered_at", f"MAX(delivered_at) {over}"

    def _taken(self) -> Iterator[Named]:
        alone = "kind = 'register' OR readings = 1"
        yield "taken", f"CASE WHEN {alone} THEN amount WHEN numbers = readings THEN total END"
        yield "untaken", f"CASE WHEN {alone} THEN absent ELSE first_absent END"
        yield "quality_taken", by_kind("quality_rank", "worst_quality")
        yield "fetched", by_kind("fetched_at", "newest_fetched_at")
        yield "delivered", by_kind("delivered_at", "newest_delivered_at")
        yield "position_beside", "CASE WHEN series_kind = 'register' THEN stored_value END"

    def _exact(self, column: NumberColumn) -> str:
        number, unit = self._sources(column)
        if column.unit is None:
            return number
        return self._dialect.converted(number, unit, shifts(column.unit))

    def _sources(self, column: NumberColumn) -> tuple[str, str]:
        """Where a column's number and its unit stand."""
        return ("taken", "unit") if column.source == self._layout.main else ("position_beside", "value_unit")

    def _cut(self, place: int, column: NumberColumn) -> Iterator[Named]:
        exact = f"exact_{place}"
        too_long = f"{exact} IS NULL AND {self._sources(column)[0]} IS NOT NULL"
        if column.source == self._layout.main:
            too_long += f" OR {exact} IS NULL AND untaken IS NULL"  # a sum that does not fit
        problems: list[tuple[str, str | None]] = [(too_long, reasons.NOT_REPRESENTABLE)]
        number = exact
        if column.decimals is not None and column.remainder == "hold":
            left = f"{self._dialect.truncated(exact, column.decimals)} <> {exact}"
            number = f"CASE WHEN {left} THEN NULL ELSE {exact} END"
            problems.append((left, reasons.REMAINDER))
        elif column.decimals is not None:
            number = self._dialect.rounded(exact, column.decimals)
            problems.append((f"{exact} IS NOT NULL AND {number} IS NULL", reasons.NOT_REPRESENTABLE))
            yield f"rest_{place}", self._dialect.rest(exact, column.decimals)
        yield f"number_{place}", number
        yield f"problem_{place}", ranked(problems, "NULL")

    def _why(self) -> str:
        problems = (f"problem_{place}" for place, _ in self._numbers())
        return f"COALESCE(untaken, {', '.join(problems)})"

    def _code(self) -> str:
        cases: list[tuple[str, str]] = [("mapped IS NULL", reasons.NO_POINT)]
        if self._layout.keyed:
            cases.append(("receiver_key IS NULL OR receiver_key = ''", reasons.NO_KEY))
        cases += [
            ("several_series = 1", reasons.SEVERAL_SERIES),
            ("several_kinds = 1 OR kind = 'volume' AND several_units = 1", reasons.SEVERAL_READINGS),
            ("kind = 'register' AND series_kind = 'volume'", reasons.NOT_A_REGISTER),
            *((self._other_unit(column), reasons.UNIT) for _, column in self._numbers() if column.unit is not None),
            *((f"why = {RANK[reason]}", reason) for reason in self._layout.policy.skipped),
        ]
        if self._layout.policy.estimated == "wait":
            waits = (reasons.QUALITIES.index(quality) for quality in reasons.PROVISIONAL)
            cases.append((f"quality_taken IN ({', '.join(map(str, waits))})", reasons.ESTIMATED))
        return ranked(cases, "NULL")

    def _other_unit(self, column: NumberColumn) -> str:
        _, unit = self._sources(column)
        known = ", ".join(self._dialect.literal(one) for one in shifts(column.unit or ""))
        shows = "" if column.source == self._layout.main else "series_kind = 'register' AND "
        return f"{shows}{unit} NOT IN ({known})"

    def withheld(self) -> str:
        """The rows that are not shown: all of a key and period for the same reason."""
        own = f"CASE WHEN code IN ({', '.join(map(str, _LAST_WORD))}) THEN code END"
        code = f"COALESCE({own}, MAX(CASE WHEN nth = 1 THEN code END) OVER ({self._window}))"
        names = ("receiver_key", "source", "metering_point", "category", "granularity", "reading_at")
        shown = ", ".join((*names, "period_start", "period_end"))
        reason = worded("code_of_all", {str(rank): f"'{reason}'" for reason, rank in RANK.items()})
        return (
            f"SELECT {shown}, {reason} AS reason FROM (SELECT coded.*, {code} AS code_of_all FROM coded) spread "  # noqa: S608 - our own names
            "WHERE code_of_all IS NOT NULL"
        )
