"""What benchmarks found: printed, and added to the file that docs/benchmarks.md is made from."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


def median(paces: Sequence[Pace]) -> Pace:
    """The one in the middle."""
    return sorted(paces, key=lambda pace: pace.per_second)[(len(paces) - 1) // 2]


def report(results: Sequence[Result], *, record: bool) -> None:
    """Prints the results; adds them to :data:`FILE` where they are to be recorded."""
    table = Table("what", "per second", "raw limit", "ratio", "CPU s per million", "worker's peak MiB")
    for result in results:
        table.add_row(
            result.what,
            f"{result.pace.per_second:,.0f}",
            "" if result.limit is None else f"{result.limit:,.0f}",
            "" if result.ratio is None else f"{result.ratio:.2f}",
            ", ".join(f"{name} {seconds:.1f}" for name, seconds in result.cpu_per_million.items()),
            f"{result.pace.peak_mib:.0f}",
        )
    Console(width=140).print(table)
    if not record:
        return
    with FILE.open("a", encoding="utf-8") as file:
        for result in results:
            file.write(json.dumps(_record(result)) + "\n")


def _record(result: Result) -> dict[str, object]:
    return {
        "what": result.what,
        "at": datetime.now(UTC).strftime("%Y-%m-%d"),
        "per_second": round(result.pace.per_second),
        "raw_limit": None if result.limit is None else round(result.limit),
        "cpu_per_million": {name: round(seconds, 1) for name, seconds in result.cpu_per_million.items()},
        "peak_mib": round(result.pace.peak_mib),
        "count": round(result.pace.count),
        "machine": machine(),
    }


def machine() -> dict[str, object]:
    """What was measured on."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }
