"""What benchmarks found: printed, and added to the file that docs/benchmarks.md is made from."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.stage import Pace

FILE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.jsonl"
LIBRARIES = ("faust-streaming", "aiokafka", "kafka-python", "fastavro", "aiohttp", "msgspec", "psycopg")
MILLION = 1_000_000


@dataclass(frozen=True)
class Result:
    """One line of the table: the product's pace, and the raw limit per second where there is one to compare with."""

    what: str
    pace: Pace
    limit: float | None = None

    @property
    def ratio(self) -> float | None:
        """The product's share of the raw limit."""
        return None if self.limit is None else self.pace.per_second / self.limit

    @property
    def cpu_per_million(self) -> Mapping[str, float]:
        """CPU seconds by process."""
        return {name: seconds / self.pace.count * MILLION for name, seconds in self.pace.cpu.items()}


@dataclass(frozen=True)
class Figure:
    """One line that is an amount and not a pace: seconds, MiB. The less the better."""

    what: str
    value: float
    unit: str
    goal: float | None = None
    """At most so much."""
    cpu_per_million: Mapping[str, float] = field(default_factory=dict)
    """CPU seconds per million readings by process, where that was looked at."""
    peak_mib: Mapping[str, float] = field(default_factory=dict)
    """Largest resident memory by process."""


def median(paces: Sequence[Pace]) -> Pace:
    """The one in the middle."""
    return sorted(paces, key=lambda pace: pace.per_second)[(len(paces) - 1) // 2]


def report(results: Sequence[Result | Figure], *, record: bool) -> None:
    """Prints the results; adds them to :data:`FILE` where they are to be recorded."""
    paces = [result for result in results if isinstance(result, Result)]
    figures = [result for result in results if isinstance(result, Figure)]
    for table in (_paces(paces) if paces else None, _figures(figures) if figures else None):
        if table is not None:
            Console(width=140).print(table)
    if not record:
        return
    with FILE.open("a", encoding="utf-8") as file:
        for result in results:
            file.write(json.dumps(_record(result) | _conditions()) + "\n")


def _paces(results: Sequence[Result]) -> Table:
    table = Table("what", "per second", "raw limit", "ratio", "CPU s per million", "worker's peak MiB")
    for result in results:
        table.add_row(
            result.what,
            f"{result.pace.per_second:,.0f}",
            "" if result.limit is None else f"{result.limit:,.0f}",
            "" if result.ratio is None else f"{result.ratio:.2f}",
            _by_process(result.cpu_per_million, 1),
            f"{result.pace.peak_mib:.0f}",
        )
    return table


def _figures(figures: Sequence[Figure]) -> Table:
    table = Table("what", "found", "goal", "CPU s per million", "peak MiB")
    for figure in figures:
        table.add_row(
            figure.what,
            f"{figure.value:,.4g} {figure.unit}",
            "" if figure.goal is None else f"≤ {figure.goal:g} {figure.unit}",
            _by_process(figure.cpu_per_million, 1),
            _by_process(figure.peak_mib, 0),
        )
    return table


def _by_process(amounts: Mapping[str, float], digits: int) -> str:
    return ", ".join(f"{name} {amount:.{digits}f}" for name, amount in amounts.items())


def _record(result: Result | Figure) -> dict[str, object]:
    cpu = {name: round(seconds, 1) for name, seconds in result.cpu_per_million.items()}
    if isinstance(result, Figure):
        return {
            "what": result.what,
            "value": float(f"{result.value:.4g}"),
            "unit": result.unit,
            "goal": result.goal,
            "cpu_per_million": cpu,
            "peak_mib": {name: round(mib) for name, mib in result.peak_mib.items()},
        }
    return {
        "what": result.what,
        "per_second": round(result.pace.per_second),
        "raw_limit": None if result.limit is None else round(result.limit),
        "cpu_per_million": cpu,
        "peak_mib": {"worker": round(result.pace.peak_mib)},
        "count": round(result.pace.count),
    }


def _conditions() -> dict[str, object]:
    return {"at": datetime.now(UTC).strftime("%Y-%m-%d"), "machine": machine()}


def machine() -> dict[str, object]:
    """What was measured on."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }
