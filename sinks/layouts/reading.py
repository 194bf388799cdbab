"""A layout in Python: the reference for files, verification and comparison. The steps are those of the SQL.

Every value that the layout asks for is in one of two places: in a row that is shown, or withheld, with a reason.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from schemas import instants
from schemas.events import MeterValue
from schemas.exact import representable
from sinks.layouts import reasons
from sinks.layouts.cells import Cell, Row, cells
from sinks.layouts.columns import NumberColumn
from sinks.layouts.figures import figure
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


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A value with its point, what it is about (register: its position), its number or why it has none."""

    delivered: Delivered
    point: Point
    kind: str
    number: int | None
    absent: str | None

    @property
    def value(self) -> MeterValue:
        return self.delivered.value


def rows(layout: Layout, values: Iterable[Delivered], points: Points) -> Read:
    """What a receiver reads of the values that it has. All values of a key and period must be among them."""
    shown: list[Shown] = []
    withheld: list[Withheld] = []
    groups: defaultdict[tuple[object, ...], list[_Weighed]] = defaultdict(list)
    for delivered in values:
        value = delivered.value
        if not _wanted(layout, value):
            continue
        point = _point_of(value, points)
        if point is None:
            withheld.append(Withheld(value, None, reasons.NO_POINT))
        elif layout.keyed and not point.receiver_key:
            withheld.append(Withheld(value, point.receiver_key, reasons.NO_KEY))
        else:
            groups[_place(layout, value, point)].append(_weighed(layout, delivered, point))
    for group in groups.values():
        group.sort(key=lambda one: one.value.reading_at)
        row = _row(layout, group)
        reason = _withheld_for(layout, group, row)
        if reason is None:
            shown.append(Shown(cells(layout, row), tuple(one.value for one in group)))
        else:
            withheld += [Withheld(one.value, one.point.receiver_key, reason) for one in group]
    return Read(shown, withheld)


def _wanted(layout: Layout, value: MeterValue) -> bool:
    granularities, kinds = layout.file.granularities, layout.file.kinds
    return (not granularities or value.granularity in granularities) and (not kinds or value.series_kind in kinds)


def _point_of(value: MeterValue, points: Points) -> Point | None:
    period = Period(value.granularity, value.period_start, value.period_end)
    candidates = points.of(value.metering_point, value.delivery_category)
    return next((point for point in candidates if point.takes(period)), None)


def _place(layout: Layout, value: MeterValue, point: Point) -> tuple[object, ...]:
    period = (value.granularity, value.period_start, value.period_end)
    if layout.keyed:
        return point.receiver_key, *period
    return value.source, value.metering_point, value.delivery_category, *period


def _weighed(layout: Layout, delivered: Delivered, point: Point) -> _Weighed:
    value = delivered.value
    kind: str = value.series_kind
    match layout.main:
        case "figure":
            kind = point.kind if point.kind in ("register", "volume") else kind
        case "consumption":
            kind = "volume"
        case _:
            kind = "register"
    absent = _absent(layout, value, kind)
    number = value.value if kind == "register" else value.consumption
    return _Weighed(delivered, point, kind, None if absent else number, absent)


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


def _row(layout: Layout, group: Sequence[_Weighed]) -> Row:
    last = group[-1]
    counted = [last] if last.kind == "register" else group
    numbers = [one.number for one in counted if one.number is not None]
    absent = min((one.absent for one in counted if one.absent), key=reasons.RANK.__getitem__, default=None)
    taken = sum(numbers) if len(numbers) == len(counted) else None
    if taken is not None and not representable(taken):
        taken, absent = None, reasons.NOT_REPRESENTABLE
    value, register = last.value, last.value.series_kind == "register"
    unit = value.unit if last.kind == "register" else value.consumption_unit
    beside = (value.value, value.unit) if register else (None, None)
    figures = [figure(c, *((taken, unit) if c.source == layout.main else beside)) for c in layout.numbers]
    return Row(
        last=value,
        point=last.point,
        kind=last.kind,
        unit=unit,
        figures=tuple(figures),
        why=absent or next((one.problem for one in figures if one.problem), None),
        quality=max((one.value.quality for one in counted), key=reasons.QUALITIES.index),
        fetched_at=max(one.value.fetched_at for one in counted),
        delivered_at=max(one.delivered.delivered_at for one in counted),
    )


def _withheld_for(layout: Layout, group: Sequence[_Weighed], row: Row) -> str | None:
    """Why a row is not shown; None: it is."""
    values = [one.value for one in group]
    if len({(value.source, value.metering_point, value.delivery_category) for value in values}) > 1:
        return reasons.SEVERAL_SERIES
    units = {value.consumption_unit for value in values if row.kind == "volume"}
    if len({value.series_kind for value in values}) > 1 or len(units) > 1:
        return reasons.SEVERAL_READINGS
    if row.kind == "register" and row.last.series_kind == "volume":
        return reasons.NOT_A_REGISTER
    if any(_other_unit(layout, column, row) for column in layout.numbers):
        return reasons.UNIT
    if row.why in layout.policy.skipped:
        return row.why
    waits = layout.policy.estimated == "wait" and row.quality in reasons.PROVISIONAL
    return reasons.ESTIMATED if waits else None


def _other_unit(layout: Layout, column: NumberColumn, row: Row) -> bool:
    """Whether a column has a number in a unit that cannot be converted to its own."""
    if column.unit is None:
        return False
    known = shifts(column.unit)
    if column.source == layout.main:
        return row.unit not in known
    return row.last.series_kind == "register" and row.last.unit not in known
