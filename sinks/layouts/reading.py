"""A layout in Python: the reference for files, verification and comparison. The steps are those of the SQL.

Every value that the layout asks for is in one of two places: in a row that is shown, or withheld, with a reason.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from schemas import instants
from schemas.compiled import Kept
from schemas.events import MeterValue
from schemas.exact import representable
from sinks.layouts import reasons
from sinks.layouts.cells import Cell, Moment, Row, shows
from sinks.layouts.figures import NOTHING, Figure, figures_of
from sinks.layouts.layout import Layout
from sinks.layouts.reasons import SLACK
from sinks.layouts.units import shifts
from sinks.points.points import Period, Point, Points


class Delivered(NamedTuple):
    """A row of the receiver's own table."""

    value: MeterValue
    delivered_at: int


class Shown(NamedTuple):
    """A row of the view, and the values that it stands for by reading_at: a register's last, the sum of a volume."""

    cells: tuple[Cell, ...]
    values: tuple[MeterValue, ...]


class Withheld(NamedTuple):
    """A value that the view does not show, and why (:data:`sinks.layouts.reasons.REASONS`)."""

    value: MeterValue
    receiver_key: str | None
    reason: str


@dataclass(frozen=True)
class Read:
    """What a layout makes of values; in no order."""

    shown: Sequence[Shown]
    withheld: Sequence[Withheld]


class _Weighed(NamedTuple):
    """A value with its point, what it is about (register: its position), its number or why it has none."""

    value: MeterValue
    delivered_at: int
    point: Point
    kind: str
    number: int | None
    absent: str | None


def _as_it_is(moment: datetime | date) -> datetime | date:
    return moment


def rows(layout: Layout, values: Iterable[Delivered], points: Points) -> Read:
    """What a receiver reads of the values that it has. All values of a key and period must be among them."""
    return LayoutReader(layout, points).read(values)


class LayoutReader:
    """Reads values by a layout, over and over: what the layout says of every row alike is worked out once."""

    def __init__(self, layout: Layout, points: Points, moment: Moment = _as_it_is) -> None:
        """``moment``: in which form the cells hold times that are no texts."""
        self._layout = layout
        self._points = points
        self._shows = shows(layout, moment)
        self._numbers = [(number.source == layout.main, figures_of(number)) for number in layout.numbers]
        self._units = [
            (number.source == layout.main, frozenset(shifts(number.unit)))
            for number in layout.numbers
            if number.unit is not None
        ]
        self._granularities = frozenset(layout.file.granularities)
        self._kinds = frozenset(layout.file.kinds)
        self._skipped = frozenset(layout.policy.skipped)
        self._waits = layout.policy.estimated == "wait"
        self._candidates = Kept(lambda series: _candidates(points.of(*series)))

    def read(self, values: Iterable[Delivered]) -> Read:
        """What a receiver reads of the values that it has. All values of a key and period must be among them."""
        shown: list[Shown] = []
        withheld: list[Withheld] = []
        keyed = self._layout.keyed
        groups: dict[tuple[object, ...], list[_Weighed]] = {}
        for value, delivered_at in values:
            if not self._wanted(value):
                continue
            point = self._point_of(value)
            if point is None:
                withheld.append(Withheld(value, None, reasons.NO_POINT))
            elif keyed and not point.receiver_key:
                withheld.append(Withheld(value, point.receiver_key, reasons.NO_KEY))
            else:
                one = self._weighed(value, delivered_at, point)
                groups.setdefault(self._place(value, point), []).append(one)
        for group in groups.values():
            row = self._row(group)
            reason = self._withheld_for(group, row)
            if reason is None:
                cells = tuple([show(row) for show in self._shows])
                shown.append(Shown(cells, tuple([one.value for one in group])))
            else:
                withheld += [Withheld(one.value, one.point.receiver_key, reason) for one in group]
        return Read(shown, withheld)

    def _wanted(self, value: MeterValue) -> bool:
        granularities, kinds = self._granularities, self._kinds
        return (not granularities or value.granularity in granularities) and (not kinds or value.series_kind in kinds)

    def _point_of(self, value: MeterValue) -> Point | None:
        always, candidates = self._candidates[value.metering_point, value.delivery_category]
        if always is not None or not candidates:
            return always  # type: ignore[no-any-return]  # what Kept holds has no type
        period = Period(value.granularity, value.period_start, value.period_end)
        return next((point for point in candidates if point.takes(period)), None)

    def _place(self, value: MeterValue, point: Point) -> tuple[object, ...]:
        period = (value.granularity, value.period_start, value.period_end)
        if self._layout.keyed:
            return point.receiver_key, *period
        return value.source, value.metering_point, value.delivery_category, *period

    def _weighed(self, value: MeterValue, delivered_at: int, point: Point) -> _Weighed:
        kind: str = value.series_kind
        match self._layout.main:
            case "figure":
                kind = point.kind if point.kind in ("register", "volume") else kind
            case "consumption":
                kind = "volume"
            case _:
                kind = "register"
        absent = _absent(self._layout, value, kind)
        number = value.value if kind == "register" else value.consumption
        return _Weighed(value, delivered_at, point, kind, None if absent else number, absent)

    def _row(self, group: list[_Weighed]) -> Row:
        """What is known of a group, which is put in the order of its readings."""
        last = group[0]
        if len(group) > 1:
            group.sort(key=lambda one: one.value.reading_at)
            last = group[-1]
        if len(group) == 1 or last.kind == "register":
            taken, absent, quality = last.number, last.absent, last.value.quality
            fetched_at, delivered_at = last.value.fetched_at, last.delivered_at
        else:
            taken, absent = _sum(group)
            quality = max((one.value.quality for one in group), key=reasons.QUALITIES.index)
            fetched_at = max(one.value.fetched_at for one in group)
            delivered_at = max(one.delivered_at for one in group)
        if taken is not None and not representable(taken):
            taken, absent = None, reasons.NOT_REPRESENTABLE
        value = last.value
        unit = value.unit if last.kind == "register" else value.consumption_unit
        figures = self._figures(value, taken, unit)
        why = absent or next((one.problem for one in figures if one.problem), None)
        return Row(value, last.point, last.kind, unit, figures, why, quality, fetched_at, delivered_at)

    def _figures(self, value: MeterValue, taken: int | None, unit: str) -> tuple[Figure, ...]:
        register = value.series_kind == "register"
        beside = (value.value, value.unit)
        return tuple(
            [
                figure(taken, unit) if main else figure(*beside) if register else NOTHING
                for main, figure in self._numbers
            ]
        )

    def _withheld_for(self, group: Sequence[_Weighed], row: Row) -> str | None:
        """Why a row is not shown; None: it is."""
        if len(group) > 1 and (mixed := _mixed([one.value for one in group], row.kind)):
            return mixed
        if row.kind == "register" and row.last.series_kind == "volume":
            return reasons.NOT_A_REGISTER
        if any(self._other_unit(main, known, row) for main, known in self._units):
            return reasons.UNIT
        if row.why in self._skipped:
            return row.why
        return reasons.ESTIMATED if self._waits and row.quality in reasons.PROVISIONAL else None

    def _other_unit(self, main: bool, known: frozenset[str], row: Row) -> bool:
        """Whether a column has a number in a unit that cannot be converted to its own."""
        if main:
            return row.unit not in known
        return row.last.series_kind == "register" and row.last.unit not in known


def _candidates(points: Sequence[Point]) -> tuple[Point | None, Sequence[Point]]:
    """Of a series' points the one to which all of its values belong, where there is one; and all of them."""
    return next((point for point in points if point.whenever), None), points


def _sum(group: Sequence[_Weighed]) -> tuple[int | None, str | None]:
    """Of what is added; or why there is no sum."""
    numbers = [one.number for one in group if one.number is not None]
    if len(numbers) == len(group):
        return sum(numbers), None
    return None, min((one.absent for one in group if one.absent), key=reasons.RANK.__getitem__, default=None)


def _mixed(values: Sequence[MeterValue], kind: str) -> str | None:
    """Why values of one key and period are not one row; None: they are."""
    if len({(value.source, value.metering_point, value.delivery_category) for value in values}) > 1:
        return reasons.SEVERAL_SERIES
    units = {value.consumption_unit for value in values if kind == "volume"}
    return reasons.SEVERAL_READINGS if len({value.series_kind for value in values}) > 1 or len(units) > 1 else None


def _absent(layout: Layout, value: MeterValue, kind: str) -> str | None:
    if value.value is None:
        return reasons.MISSING
    if kind == "register":
        return None
    if value.consumption is None:
        first = value.series_kind == "register" and value.previous_reading_at is None
        return reasons.reason_of(value.held, first)
    return reasons.GAP if layout.policy.gap != "deliver" and spans_more(value) else None


def spans_more(value: MeterValue) -> bool:
    """Whether a register's consumption is of more than its period.

    The reading before belongs to the period before where it lies as far from its period's end as this one does; that
    is the period's own length for dates that name its start, and a day for those that name its last day.
    """
    if value.series_kind != "register" or value.previous_reading_at is None:
        return False
    before, begin, end, read = (
        instant // instants.SECOND
        for instant in (value.previous_reading_at, value.period_start, value.period_end, value.reading_at)
    )
    return before < begin - (end - read) - SLACK.get(value.granularity, 0)
