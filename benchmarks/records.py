"""What was recorded in docs/benchmarks.jsonl."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec


class Record(msgspec.Struct, frozen=True):
    """One line: a pace (``per_second``) or a figure (``value``), as :mod:`benchmarks.results` writes them.

    ``cpu_per_million``: CPU seconds, which are microseconds of one, by process. ``peak_mib``: by process.
    """

    what: str
    at: str
    machine: dict[str, Any]
    cpu_per_million: dict[str, float] = {}
    peak_mib: dict[str, float] = {}
    per_second: float | None = None
    raw_limit: float | None = None
    count: float | None = None
    value: float | None = None
    unit: str = ""
    goal: float | None = None

    @property
    def ratio(self) -> float | None:
        """The product's share of the raw limit."""
        return self.per_second / self.raw_limit if self.per_second is not None and self.raw_limit else None


def read(file: Path) -> list[Record]:
    """Every record, oldest first; none where there is no file yet."""
    if not file.exists():
        return []
    return [msgspec.json.decode(line, type=Record) for line in file.read_bytes().splitlines()]


def newest(records: Iterable[Record]) -> Mapping[str, Record]:
    """The newest record of each thing that was measured, by what it is."""
    return {record.what: record for record in records}
