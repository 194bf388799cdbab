"""What a delivery amounts to, added up while its rows pass in the order of their keys.

Contents are hashed per metering point and month: SHA-256 over its rows in that order, of each the compact JSON array
of its fields :data:`operations.proof.rows.CONTENTS` and a line feed. The month is that of the period's start, in the
receiver's zone. The hash over all is that of the lines ``["point","month","hash"]``, each with a line feed, in order.
So two deliveries have equal hashes exactly where a receiver reads the same, whichever databases they stand in.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from typing import Any

from operations.proof.gaps import Gap, gap
from operations.proof.rows import CONTENTS, PLACE, Version, decode, encode
from runtime.zones import Zone
from schemas import instants
from schemas.compiled import Kept

_POINT, _SERIES = PLACE["metering_point"], slice(PLACE["source"], PLACE["delivery_category"] + 1)
_CATEGORY, _GRANULARITY, _UNIT = (PLACE[name] for name in ("delivery_category", "granularity", "consumption_unit"))
_START, _END = PLACE["period_start"], PLACE["period_end"]
_VALUE, _CONSUMPTION, _QUALITY = (PLACE[name] for name in ("value", "consumption", "quality"))
_HELD, _CAUSE = PLACE["held"], PLACE["cause"]
_CONTENTS = [PLACE[name] for name in CONTENTS]
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


@dataclass(frozen=True)
class Point:
    """One metering point: its rows, its periods (end excluded), and by month the hash of its contents."""

    metering_point: str
    readings: int
    first_period: int
    last_period: int
    months: dict[str, str]


@dataclass
class Delivery:
    """The sums. Instants are UTC microseconds."""

    zone: Zone
    readings: int = 0
    missing: int = 0
    estimated: int = 0
    corrections: int = 0
    held: Counter[str] = field(default_factory=Counter)
    amounts: dict[Category, Amount] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    gaps_in_all: int = 0
    missing_periods: int = 0

    def look(self, rows: Iterable[Version]) -> Iterator[Version]:
        """Adds rows up as they pass. They are complete when the last one has."""
        month = Kept(lambda start: instants.to_datetime(self.zone.wall(start)).strftime("%Y-%m"))
        for point, of_one in groupby(rows, key=lambda row: row.key[0]):
            adding = _Adding(point)
            for row in of_one:
                fields = decode(row.content)
                if isinstance(fields[_START], int) and isinstance(fields[_END], int):  # else a difference, no more
                    self._count(fields)
                    self._note(adding.take(fields, month), fields)
                yield row
            self.points += adding.done()

    @property
    def content(self) -> str:
        """The hash over all."""
        digest = sha256()
        for point in self.points:
            for month, of_month in sorted(point.months.items()):
                digest.update(encode([point.metering_point, month, of_month]) + b"\n")
        return digest.hexdigest()

    def _count(self, fields: list[Any]) -> None:
        self.readings += 1
        self.missing += fields[_VALUE] is None
        self.estimated += fields[_QUALITY] in ESTIMATES
        self.corrections += fields[_CAUSE] == "corrected"
        if fields[_HELD] is not None:
            self.held[fields[_HELD]] += 1
        category = fields[_CATEGORY], fields[_GRANULARITY], fields[_UNIT]
        amount = self.amounts.setdefault(category, Amount())
        amount.readings += 1
        if isinstance(fields[_CONSUMPTION], int):
            amount.consumption += fields[_CONSUMPTION]
        else:
            amount.without += 1

    def _note(self, previous_end: int | None, fields: list[Any]) -> None:
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
    """One point while its rows pass."""

    def __init__(self, metering_point: str) -> None:
        self._point = metering_point
        self._hashes: dict[str, Any] = {}
        self._ends: dict[tuple[str, ...], int] = {}
        self._first = instants.LATEST
        self._count = 0

    def take(self, fields: list[Any], month: Callable[[int], str]) -> int | None:
        """One more row; the end of the periods before it in its series, where there are any."""
        start, end, series = fields[_START], fields[_END], (*fields[_SERIES], fields[_GRANULARITY])
        self._hashes.setdefault(month(start), sha256()).update(encode([fields[place] for place in _CONTENTS]) + b"\n")
        before = self._ends.get(series)
        self._ends[series] = end if before is None else max(before, end)
        self._first = min(self._first, start)
        self._count += 1
        return before

    def done(self) -> list[Point]:
        """All of it, where there was anything."""
        if not self._count:
            return []
        months = {month: digest.hexdigest() for month, digest in sorted(self._hashes.items())}
        return [Point(self._point, self._count, self._first, max(self._ends.values()), months)]
