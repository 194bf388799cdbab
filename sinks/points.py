"""The points of a receiver: which metering points and categories it is given (CSV ``metering_point,category``)."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.errors import ConfigError

if TYPE_CHECKING:
    from _csv import Reader as CsvReader  # a name for type checkers only

HEADER = ["metering_point", "category"]
MAX_PROBLEMS = 50


@dataclass(frozen=True)
class Points:
    """What a receiver is given. ``whole``: points with all their categories; ``single``: (point, category)."""

    whole: frozenset[str]
    single: frozenset[tuple[str, str]]

    def has(self, metering_point: str, category: str) -> bool:
        """Whether a value of this point and category is for this receiver."""
        return metering_point in self.whole or (metering_point, category) in self.single

    @property
    def fingerprint(self) -> str:
        """Equal exactly for equal points, however the file is ordered. Another one: the values are read again."""
        digest = hashlib.blake2b(digest_size=16)
        for point, category in sorted([*self.single, *((point, "") for point in self.whole)]):
            digest.update(f"{len(point)}:{point}{len(category)}:{category};".encode())
        return digest.hexdigest()


def read(file: Path) -> Points:
    """Reads a points file.

    Raises:
        ConfigError: every problem with its line (of a hopeless file the first 50).
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return _parse(file, csv.reader(lines, strict=True))
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error.strerror}"]) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError([f"{file}: not a CSV file in UTF-8: {error}"]) from None


def _parse(file: Path, reader: "CsvReader") -> Points:
    header = next(reader, [])
    if [cell.strip() for cell in header] != HEADER:
        raise ConfigError([f"{file}:1: the first line must be {','.join(HEADER)}"])
    lines: dict[tuple[str, str], int] = {}
    problems: list[str] = []
    for cells in reader:
        if not any(cells):
            continue
        problem = _problem(cells, lines)
        if problem:
            problems.append(f"{file}:{reader.line_num}: {problem}")
        else:
            lines[cells[0], cells[1]] = reader.line_num
    if not lines and not problems:
        problems.append(f"{file}: no metering point in it; give the receiver at least one")
    if problems:
        more = len(problems) - MAX_PROBLEMS
        raise ConfigError(problems[:MAX_PROBLEMS] + ([f"{file}: and {more} more"] if more > 0 else []))
    return Points(
        whole=frozenset(point for point, category in lines if not category),
        single=frozenset((point, category) for point, category in lines if category),
    )


def _problem(cells: list[str], lines: dict[tuple[str, str], int]) -> str | None:
    if len(cells) != len(HEADER):
        return f"{len(cells)} cells, there must be {len(HEADER)}: {','.join(HEADER)}"
    point, category = cells
    if not point.strip():
        return "the metering point is empty"
    if point != point.strip() or category != category.strip():
        return "a space at the beginning or end of a cell"
    if (point, category) in lines:
        return f"the same as line {lines[point, category]}"
    return None
