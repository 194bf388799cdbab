"""The points file of a source: which metering points are polled, and the settings of their series.

CSV with a header: metering_point,category,kind,factor,rolls_over_at,max_per_period,consumption_unit,valid_to. Only the
first is needed. An empty category means every category of the point that has no row of its own; an empty cell the
default. From the day in valid_to on, in the source's zone, nothing newer is awaited of a row.
"""

import csv
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import cast

from producer.gsrn import check_digit_is_wrong
from runtime.errors import ConfigError
from runtime.share import Share
from schemas import exact
from schemas.canary import METERING_POINT, is_canary
from schemas.events import SeriesKind
from schemas.keys import partition_of

log = logging.getLogger(__name__)

COLUMNS = (
    *("metering_point", "category", "kind", "factor", "rolls_over_at", "max_per_period", "consumption_unit"),
    "valid_to",
)
MAX_TEXT = 1_000
_SHOWN = 10
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class SeriesSettings:
    """What a row of the file sets for a series; numbers in units of 10^-12, None: the default."""

    kind: SeriesKind | None = None
    factor: int = exact.ONE
    rolls_over_at: int | None = None
    max_per_period: int | None = None
    consumption_unit: str | None = None


DEFAULTS = SeriesSettings()
NOTHING_SET: Mapping[str, SeriesSettings] = MappingProxyType({"": DEFAULTS})
"""The series of every point of which the file sets nothing."""


@dataclass(frozen=True, slots=True)
class Point:
    """One metering point.

    ``series``: settings by category, "" for every other one. ``valid_to``: the first day (days since 1970-01-01) on
    which nothing newer is awaited of any of them; None: it goes on.
    """

    metering_point: str
    series: Mapping[str, SeriesSettings] = field(default_factory=lambda: NOTHING_SET)
    valid_to: int | None = None

    def settings(self, category: str) -> SeriesSettings:
        """The settings of one of its series: its own row whole, else that for all, else the defaults."""
        return self.series.get(category) or self.series.get("") or DEFAULTS


class Shard(Share):
    """Which share of the points this process polls."""

    def holds(self, metering_point: str) -> bool:
        """Whether a point belongs to this share; each belongs to exactly one."""
        return self.count == 1 or partition_of(metering_point, self.count) == self.number - 1


def load_points(file: Path, shard: Shard) -> list[Point]:
    """Reads a points file; the points of the shard, in the file's order.

    Raises:
        ConfigError: every problem found, with its line.
    """
    problems: list[str] = []
    rows: dict[str, dict[str, SeriesSettings]] = {}
    ends: dict[str, int | None] = {}
    doubtful: list[int] = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            for number, row in _rows(lines, file, problems):
                name, category = row["metering_point"], row["category"]
                settings = _settings(row, f"{file} line {number}", problems)
                ends[name] = _later(ends.get(name, 0), _day(row["valid_to"], f"{file} line {number}", problems))
                if category in (known := rows.setdefault(name, {})):
                    what = "its category" if category else "an empty category"
                    problems.append(f"{file} line {number}: this metering point has {what} in an earlier line")
                elif not known and check_digit_is_wrong(name):
                    doubtful.append(number)
                known[category] = settings
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problems.append(f"{file}: cannot be read as CSV in UTF-8: {error}")
    if not rows and not problems:
        problems.append(f"{file}: holds no metering point")
    if problems:
        raise ConfigError(problems)
    _warn(file, doubtful)
    return [_point(name, series, ends[name]) for name, series in rows.items() if shard.holds(name)]


def _point(name: str, series: dict[str, SeriesSettings], valid_to: int | None) -> Point:
    return Point(name, NOTHING_SET if series == NOTHING_SET else series, valid_to)


def _later(one: int | None, other: int | None) -> int | None:
    """Of two days the later one; None is never."""
    return None if one is None or other is None else max(one, other)


def _warn(file: Path, doubtful: list[int]) -> None:
    if doubtful:
        shown = ", ".join(map(str, doubtful[:_SHOWN])) + (" …" if len(doubtful) > _SHOWN else "")
        log.warning(
            "metering points of 18 digits with a wrong check digit; they are polled all the same",
            extra={"file": str(file), "count": len(doubtful), "lines": shown},
        )


def _rows(lines: Iterator[str], file: Path, problems: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with their line numbers, every column there; rows that cannot be read are told and left out."""
    reader = csv.reader(lines, strict=True)
    header = [name.strip() for name in next(reader, [])]
    unknown = [name for name in header if name not in COLUMNS]
    if unknown or "metering_point" not in header or len(set(header)) != len(header):
        problems.append(f"{file} line 1: the header must be metering_point and may have {', '.join(COLUMNS[1:])}")
        return
    for cells in reader:
        if not cells:
            continue
        row = dict.fromkeys(COLUMNS, "") | dict(zip(header, cells, strict=False))
        problem = _row_problem(row, len(cells), len(header))
        if problem:
            problems.append(f"{file} line {reader.line_num}: {problem}")
        else:
            yield reader.line_num, row


def _row_problem(row: dict[str, str], cells: int, columns: int) -> str | None:
    if cells != columns:
        return f"{cells} cells, the header has {columns}"
    if not row["metering_point"]:
        return "metering_point is empty"
    if any(text != text.strip() or "\0" in text or len(text) > MAX_TEXT for text in row.values()):
        return f"a cell with space around it, a NUL, or more than {MAX_TEXT} characters"
    if is_canary(row["metering_point"]):
        return f"{METERING_POINT} is the canary's; nothing of it is ever shown: a metering point has another name"
    return None


def _settings(row: dict[str, str], where: str, problems: list[str]) -> SeriesSettings:
    kind = row["kind"]
    if kind not in ("", "register", "volume"):
        problems.append(f"{where}: kind must be register, volume or empty")
        kind = ""
    numbers = {name: _number(row[name], name, where, problems) for name in COLUMNS[3:6]}
    settings = SeriesSettings(
        kind=cast(SeriesKind, kind) if kind else None,
        factor=numbers["factor"] or exact.ONE,
        rolls_over_at=numbers["rolls_over_at"],
        max_per_period=numbers["max_per_period"],
        consumption_unit=row["consumption_unit"] or None,
    )
    return DEFAULTS if settings == DEFAULTS else settings


def _day(text: str, where: str, problems: list[str]) -> int | None:
    """Counted from 1970-01-01; None: there is none."""
    if not text:
        return None
    try:
        return (date.fromisoformat(text) - _EPOCH).days
    except ValueError:
        problems.append(f"{where}: valid_to must be a day, written like 2026-01-31")
        return None


def _number(text: str, name: str, where: str, problems: list[str]) -> int | None:
    if not text:
        return None
    try:
        number = exact.parse(text)
    except exact.OutOfRange:
        problems.append(f"{where}: {name} has more than 24 integer or 12 fractional digits")
        return None
    except exact.NotANumber:
        number = 0
    if number <= 0:
        problems.append(f"{where}: {name} must be a number above 0, written like 1200 or 0.5")
        return None
    return number
