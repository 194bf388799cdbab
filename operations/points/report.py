"""What an import found, for a person and for a program."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from operations.points.difference import Difference
from operations.points.finding import Finding
from operations.points.written import Written


@dataclass(frozen=True)
class Report:
    """A list held against the present points file and the feed. ``feed``: what was looked at, in words."""

    receiver: str
    points: Path
    list: Written
    difference: Difference
    findings: Sequence[Finding]
    feed: str

    @property
    def problems(self) -> int:
        """How many findings keep the list from being written."""
        return sum(finding.severity == "problem" for finding in self.findings)

    @property
    def verdict(self) -> str:
        """In a line: how many findings of which severity."""
        warnings = len(self.findings) - self.problems
        return f"{counted(self.problems, 'problem')}, {counted(warnings, 'warning')}"

    def heading(self) -> Iterator[str]:
        """Which files, and what changes between them."""
        change = self.difference
        counts = ", ".join(f"{change.count(kind):,} {kind}" for kind in ("new", "changed", "removed"))
        yield f"List {self.list.file}: {counted(len(self.list.lines), 'point')}; {'; '.join(self.list.how)}"
        yield f"Points of {self.receiver}, {self.points}: {change.unchanged:,} stay, {counts}"
        yield f"Feed: {self.feed}"

    def tables(self, most: int) -> Iterator[Table]:
        """Changes and findings; of each kind at most so many, 0: all."""
        if self.difference.changes:
            yield _changes(self.difference, most)
        if self.findings:
            yield _findings(self.findings, most)

    def data(self) -> dict[str, Any]:
        """All of it."""
        return {
            "receiver": self.receiver,
            "list": str(self.list.file),
            "points": str(self.points),
            "read_as": self.list.how,
            "lines": len(self.list.lines),
            "unchanged": self.difference.unchanged,
            "feed": self.feed,
            "changes": [
                {"change": change.kind, "line": change.line.number, "what": change.what} | change.line.cells()
                for change in self.difference.changes
            ],
            "findings": list(self.findings),
            "problems": self.problems,
        }


def counted(number: int, noun: str) -> str:
    """``1 point``, ``2,000 points``, ``no points``."""
    return f"{number:,} {noun}" if number == 1 else f"{f'{number:,}' if number else 'no'} {noun}s"


def _changes(difference: Difference, most: int) -> Table:
    table = _table("Changes", "change", "line", "point", "what")
    shown: Counter[str] = Counter()
    for change in difference.changes:
        shown[change.kind] += 1
        if not most or shown[change.kind] <= most:
            number = "" if change.kind == "removed" else str(change.line.number)
            table.add_row(change.kind, number, escape(change.line.described), escape(change.what))
    _rest(table, shown, most)
    return table


def _findings(findings: Sequence[Finding], most: int) -> Table:
    table = _table("Findings", "", "line", "what", "what to do")
    shown: Counter[str] = Counter()
    for finding in sorted(findings, key=lambda each: (each.severity, each.about, each.line or 0)):
        about = f"{finding.severity}: {finding.about}"
        shown[about] += 1
        if not most or shown[about] <= most:
            table.add_row(about, str(finding.line or ""), escape(finding.what), escape(finding.do))
    _rest(table, shown, most)
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _rest(table: Table, shown: Counter[str], most: int) -> None:
    for kind, count in shown.items():
        if most and count > most:
            table.add_row(kind, "", f"and {count - most:,} more", "--show 0 shows all")
