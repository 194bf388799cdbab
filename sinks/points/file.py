"""The points file of a receiver: CSV with a header, or TOML with ``[[points]]`` tables of the same names."""

import csv
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from runtime.errors import ConfigError
from runtime.zones import Zone
from sinks.points.points import EVERY, OPEN_FROM, OPEN_TO, Point, Points

NEEDED = ("metering_point", "category")
COLUMNS = (*NEEDED, "receiver_key", "valid_from", "valid_to", "granularity", "kind", "facility_id")
CHOICES = {"granularity": ("month", "day", "hour", "quarter"), "kind": ("register", "volume")}
DATES = ("valid_from", "valid_to")
MAX_PROBLEMS = 50
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Given:
    """What a receiver's dates mean: its zone; and the day before which it is given nothing."""

    zone: Zone
    history_from: date | None = None

    def instant(self, day: date) -> int:
        """The instant at which a day begins."""
        return self.zone.midnight((day - _EPOCH).days)


Line = tuple[str, Mapping[str, str]]
"""Where it stands (``file:7``), and its cells by name."""


def read(file: Path, given: Given) -> Points:
    """Reads a points file.

    Raises:
        ConfigError: every problem with its line (of a hopeless file the first 50).
    """
    try:
        lines = list(_of_toml(file) if file.suffix == ".toml" else _of_csv(file))
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error.strerror}"]) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError([f"{file}: not a CSV file in UTF-8: {error}"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{file}: not a TOML file: {error}"]) from None
    points, problems = _points(lines, given)
    if not points and not problems:
        problems.append(f"{file}: no metering point in it; give the receiver at least one")
    if problems:
        more = len(problems) - MAX_PROBLEMS
        raise ConfigError(problems[:MAX_PROBLEMS] + ([f"{file}: and {more} more"] if more > 0 else []))
    return Points(_since(points, given))


def _of_csv(file: Path) -> Iterator[Line]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, strict=True)
        names = [cell.strip() for cell in next(reader, [])]
        if tuple(names[:2]) != NEEDED or len({*names}) != len(names) or not {*names} <= {*COLUMNS}:
            more = ", ".join(COLUMNS[2:])
            raise ConfigError([f"{file}:1: the first line must be {','.join(NEEDED)} (and, as needed: {more})"])
        for cells in reader:
            if not any(cells):
                continue
            where = f"{file}:{reader.line_num}"
            if len(cells) != len(names):
                yield where, {"": f"{len(cells)} cells, there must be {len(names)}: {','.join(names)}"}
            else:
                yield where, dict(zip(names, cells, strict=True))


def _of_toml(file: Path) -> Iterator[Line]:
    tables = tomllib.loads(file.read_text("utf-8-sig")).get("points", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError([f"{file}: write the points as [[points]] tables"])
    for number, table in enumerate(tables, 1):
        where = f"{file}, point {number}"
        unknown = {*table} - {*COLUMNS}
        if unknown:
            yield where, {"": f"unknown: {', '.join(sorted(unknown))}; there are: {', '.join(COLUMNS)}"}
        else:
            yield where, {name: _text(value) for name, value in table.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)  # a date


def _points(lines: Iterable[Line], given: Given) -> tuple[list[Point], list[str]]:
    found: dict[str, list[tuple[str, Point]]] = {}
    problems: list[str] = []
    for where, cells in lines:
        problem = cells.get("") or _problem(cells)
        if problem:
            problems.append(f"{where}: {problem}")
            continue
        point = _point(cells, given)
        same = found.setdefault(point.metering_point, [])
        clash = next((place for place, other in same if other.overlaps(point)), None)
        if clash:
            problems.append(f"{where}: the same as {_line_of(clash)}, or a part of it: a value could belong to both")
        else:
            same.append((where, point))
    return [point for some in found.values() for _, point in some], problems


def _line_of(where: str) -> str:
    """``line 5`` of ``points.csv:5``."""
    _, colon, number = where.rpartition(":")
    return f"line {number}" if colon and number.isdigit() else where.rpartition(", ")[2]


def _problem(cells: Mapping[str, str]) -> str | None:
    if not cells.get("metering_point", "").strip():
        return "the metering point is empty"
    if any(cell != cell.strip() for cell in cells.values()):
        return "a space at the beginning or end of a cell"
    for name, choices in CHOICES.items():
        if cells.get(name) and cells[name] not in choices:
            return f"{name} must be one of {', '.join(choices)}, or empty"
    for name in DATES:
        if cells.get(name) and _date(cells[name]) is None:
            return f"{name} must be a date such as 2026-01-31, or empty"
    begin, end = (_date(cells.get(name, "")) for name in DATES)
    return "valid_to must be later than valid_from" if begin and end and end <= begin else None


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if len(text) == len("2026-01-31") and found >= _EPOCH else None


def _point(cells: Mapping[str, str], given: Given) -> Point:
    begin, end = (_date(cells.get(name, "")) for name in DATES)
    return Point(
        metering_point=cells["metering_point"],
        category=cells.get("category", EVERY),
        granularity=cells.get("granularity", EVERY),
        valid_from=given.instant(begin) if begin else OPEN_FROM,
        valid_to=given.instant(end) if end else OPEN_TO,
        receiver_key=cells.get("receiver_key") or None,
        kind=cells.get("kind") or None,
        facility_id=cells.get("facility_id") or None,
    )


def _since(points: Iterable[Point], given: Given) -> Iterator[Point]:
    """The points from the day on from which the receiver is given values; those that ended before are left out."""
    since = OPEN_FROM if given.history_from is None else given.instant(given.history_from)
    for point in points:
        if point.valid_to > since:
            yield Point(**(vars(point) | {"valid_from": max(point.valid_from, since)}))


class PointsFile:
    """A points file that may change while it is used."""

    def __init__(self, file: Path, given: Given) -> None:
        """Reads nothing yet."""
        self._file = file
        self._given = given
        self._seen: tuple[int, int, int] | None = None

    def read(self) -> Points:
        """What stands in it now.

        Raises:
            ConfigError: every problem with its line.
        """
        self._seen = self._look()
        return read(self._file, self._given)

    def changed(self) -> bool:
        """Whether it is another file than the one that was read last, or was written since."""
        return self._look() != self._seen

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
