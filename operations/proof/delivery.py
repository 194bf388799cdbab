"""What a delivery amounts to, added up while its rows pass in the order of their keys.

Contents are hashed per metering point and month: SHA-256 over its rows in that order, of each the compact JSON array
of its fields :data:`operations.proof.rows.CONTENTS` and a line feed. The month is that of the period's start, in the
receiver's zone. The hash over all is that of the lines ``["point","month","hash"]``, each with a line feed, in order.
So two deliveries have equal hashes exactly where a receiver reads the same, whichever databases they stand in.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from operator import itemgetter
from typing import Any

from operations.proof.delivered_points import DeliveredPoints, Point
from operations.proof.gaps import Gap, gap
from operations.proof.rows import CONTENTS, PLACE, Version, encode
from runtime.zones import Zone
from schemas import instants
from schemas.compiled import Kept

_POINT, _SERIES = PLACE["metering_point"], slice(PLACE["source"], PLACE["delivery_category"] + 1)
_CATEGORY, _GRANULARITY, _UNIT = (PLACE[name] for name in ("delivery_category", "granularity", "consumption_unit"))
_START, _END = PLACE["period_start"], PLACE["period_end"]
_VALUE, _CONSUMPTION, _QUALITY = (PLACE[name] for name in ("value", "consumption", "quality"))
_HELD, _CAUSE = PLACE["held"], PLACE["cause"]
_contents = itemgetter(*(PLACE[name] for name in CONTENTS))
ESTIMATES = ("estimated", "temporary")
GAPS_SHOWN = 200

Category = tuple[str, str, str]
"""Delivery category, granularity, consumption unit."""


@dataclass
class Amount:
    """Of one category, granularity and unit. ``consumption``: in units of 10^-12, over the rows that have one."""

    readings: int = 0
    consumption: int = 0
    without: int = 0


@dataclass
class Delivery:
    """The sums. ``delivered``: the metering points that have rows. Instants are UTC microseconds."""

    zone: Zone
    readings: int = 0
    missing: int = 0
    estimated: int = 0
    corrections: int = 0
    held: Counter[str] = field(default_factory=Counter)
    amounts: dict[Category, Amount] = field(default_factory=dict)
    points: DeliveredPoints = field(default_factory=DeliveredPoints)
    delivered: set[str] = field(default_factory=set)
    first_period: int | None = None
    last_period: int | None = None
    gaps: list[Gap] = field(default_factory=list)
    gaps_in_all: int = 0
    missing_periods: int = 0
    _digest: Any = field(default_factory=sha256)

    def __post_init__(self) -> None:
        self._month = Kept(lambda start: instants.to_datetime(self.zone.wall(start)).strftime("%Y-%m"))

    def look(self, rows: Sequence[Version]) -> None:
        """Adds up all rows of a metering point, in the order of their keys; points come in the order of their names."""
        adding = _Adding(rows[0].key[0])
        for row in rows:
            fields = row.fields
            if isinstance(fields[_START], int) and isinstance(fields[_END], int):  # else a difference, no more
                self._count(fields)
                self._note(adding.take(fields, self._month), fields)
        if adding.count:
            self._add(adding.done())

    @property
    def content(self) -> str:
        """The hash over all."""
        return str(self._digest.hexdigest())

    def _add(self, point: Point) -> None:
        self.points.add(point)
        self.delivered.add(point.metering_point)
        for month, of_month in point.months.items():
            self._digest.update(encode([point.metering_point, month, of_month]) + b"\n")
        if self.first_period is None or point.first_period < self.first_period:
            self.first_period = point.first_period
        if self.last_period is None or point.last_period > self.last_period:
            self.last_period = point.last_period

    def _count(self, fields: Sequence[Any]) -> None:
        self.readings += 1
        self.missing += fields[_VALUE] is None
        self.estimated += fields[_QUALITY] in ESTIMATES
        self.corrections += fields[_CAUSE] == "corrected"
        if fields[_HELD] is not None:
            self.held[fields[_HELD]] += 1
        category = fields[_CATEGORY], fields[_GRANULARITY], fields[_UNIT]
        amount = self.amounts.get(category)
        if amount is None:
            amount = self.amounts[category] = Amount()
        amount.readings += 1
        if isinstance(fields[_CONSUMPTION], int):
            amount.consumption += fields[_CONSUMPTION]
        else:
            amount.without += 1

    def _note(self, previous_end: int | None, fields: Sequence[Any]) -> None:
        """A gap, where there is one before this row."""
        if previous_end is None or fields[_START] <= previous_end:
            return
        found = gap(tuple(fields[_SERIES]), fields[_GRANULARITY], (previous_end, fields[_START]), self.zone)
        if found.periods:
            self.gaps_in_all += 1
            self.missing_periods += found.periods
            if len(self.gaps) < GAPS_SHOWN:
                self.gaps.append(found)


class _Adding:
    """One metering point while its rows pass."""

    def __init__(self, metering_point: str) -> None:
        self.count = 0
        self._point = metering_point
        self._hashes: dict[str, Any] = {}
        self._ends: dict[tuple[str, ...], int] = {}
        self._first = instants.LATEST

    def take(self, fields: Sequence[Any], month: Mapping[int, str]) -> int | None:
        """One more row; the end of the periods before it in its series, where there are any."""
        start, end, series = fields[_START], fields[_END], (*fields[_SERIES], fields[_GRANULARITY])
        digest = self._hashes.get(month[start])
        if digest is None:
            digest = self._hashes[month[start]] = sha256()
        digest.update(encode(_contents(fields)) + b"\n")
        before = self._ends.get(series)
        self._ends[series] = end if before is None else max(before, end)
        self._first = min(self._first, start)
        self.count += 1
        return before

    def done(self) -> Point:
        """All of it."""
        months = {month: digest.hexdigest() for month, digest in sorted(self._hashes.items())}
        return Point(self._point, self.count, self._first, max(self._ends.values()), months)
