"""docs/benchmarks.md: the newest result of each benchmark beside its goal."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from benchmarks.goals import GOALS
from benchmarks.records import Record

TEXT = Path(__file__).parent / "texts" / "benchmarks.md"
PACES = ("what", "per second", "raw limit", "ratio", "goal", "reached", "CPU s per million", "peak MiB", "on")
AMOUNTS = ("what", "found", "goal", "reached", "CPU s per million", "peak MiB", "on")


def page(records: Mapping[str, Record], text: str) -> str:
    """The whole page. ``text``: what a person wrote, with a line ``<!-- NAME -->`` for each table."""
    told = [record for _, record in sorted(records.items())]
    paces = [record for record in told if record.per_second is not None]
    return filled(
        text,
        {
            "paces": markdown(PACES, [*map(_pace, paces), *_missing({record.what for record in paces})]),
            "amounts": markdown(AMOUNTS, [_amount(record) for record in told if record.value is not None]),
            "machines": _machines(told),
        },
    )


def filled(text: str, tables: Mapping[str, str]) -> str:
    """A text with its tables.

    Raises:
        ValueError: it has no place for one of them, or a place for a table that there is not.
    """
    for name, table in tables.items():
        place = f"<!-- {name} -->\n"
        if place not in text:
            raise ValueError(f"there is no line {place.strip()}")
        text = text.replace(place, table)
    if "<!--" in text:
        raise ValueError("a place is left without a table")
    return text


def markdown(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table, its first column text and the others amounts; a line in its place where nothing was recorded."""
    body = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    names = list(columns)
    head = f"| {' | '.join(names)} |\n|---{'|---:' * (len(names) - 1)}|\n"
    return head + body if body else "Nothing was recorded yet.\n"


def _missing(recorded: AbstractSet[str]) -> Iterator[list[str]]:
    for what, goal in GOALS.items():
        if what not in recorded:
            yield [what, "", "", "", str(goal), "not recorded", "", "", ""]


def _pace(record: Record) -> list[str]:
    goal = GOALS.get(record.what)
    return [
        record.what,
        f"{record.per_second or 0:,.0f}",
        "" if record.raw_limit is None else f"{record.raw_limit:,.0f}",
        "" if record.ratio is None else f"{record.ratio:.2f}",
        "" if goal is None else str(goal),
        "" if goal is None else _reached(goal.reached(record)),
        *_costs(record),
    ]


def _amount(record: Record) -> list[str]:
    value, goal = record.value or 0.0, record.goal
    return [
        record.what,
        f"{value:,.4g} {record.unit}",
        "" if goal is None else f"≤ {goal:,.4g} {record.unit}",
        "" if goal is None else _reached(value <= goal),
        *_costs(record),
    ]


def _reached(reached: bool) -> str:
    return "yes" if reached else "**no**"


def _costs(record: Record) -> tuple[str, str, str]:
    cpu = ", ".join(f"{name} {seconds:.1f}" for name, seconds in record.cpu_per_million.items())
    return cpu, ", ".join(f"{name} {mib:.0f}" for name, mib in record.peak_mib.items()), record.at


def _machines(records: Iterable[Record]) -> str:
    said = dict.fromkeys(_machine(record.machine) for record in records)
    return "".join(f"- {each}\n" for each in said) or "Nothing was recorded yet.\n"


def _machine(machine: Mapping[str, object]) -> str:
    libraries = machine.get("libraries")
    named = [f"{name} {version}" for name, version in libraries.items()] if isinstance(libraries, dict) else []
    parts = [
        f"{machine.get('cores')} cores",
        f"{machine.get('memory_gib')} GiB",
        f"Python {machine.get('python')}",
        *named,
    ]
    return ", ".join(parts)
