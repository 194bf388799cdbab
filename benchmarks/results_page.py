"""docs/benchmarks.md: the newest result of each benchmark beside its goal, and the curves.

A point of a curve is a record that ends with what it is drawn over: `…, 2 workers`, `…, 1,000 points`,
`…, 50 % duplicates`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from benchmarks.goals import GOALS
from benchmarks.records import Record

TEXT = Path(__file__).parent / "texts" / "benchmarks.md"
NOTHING = "Nothing was recorded yet.\n"
PACES = ("what", "per second", "raw limit", "ratio", "goal", "reached", "CPU s per million", "peak MiB", "on")
_POINT = re.compile(r"(?P<what>.+), (?P<number>[\d,]+) (?P<over>workers?|points?|% duplicates)")
AMOUNTS = ("what", "found", "goal", "reached", "CPU s per million", "peak MiB", "on")


def page(records: Mapping[str, Record], text: str) -> str:
    """The whole page. ``text``: what a person wrote, with a line ``<!-- NAME -->`` for each table."""
    told = [record for what, record in sorted(records.items()) if _POINT.fullmatch(what) is None]
    paces = [record for record in told if record.per_second is not None]
    return filled(
        text,
        {
            "paces": markdown(PACES, [*map(_pace, paces), *_missing({record.what for record in paces})]),
            "amounts": markdown(AMOUNTS, [_amount(record) for record in told if record.value is not None]),
            "curves": _curves(records),
            "machines": _machines(records.values()),
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
    return head + body if body else NOTHING


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


def _curves(records: Mapping[str, Record]) -> str:
    """A table for each: the points in their order, and how many times as fast as the first each is."""
    curves: dict[tuple[str, str], dict[int, Record]] = {}
    for what, record in sorted(records.items()):
        if (found := _POINT.fullmatch(what)) and record.per_second:
            over = found["over"].rstrip("s")
            curves.setdefault((found["what"], over), {})[int(found["number"].replace(",", ""))] = record
    tables = (f"**{what}** over {over}s\n\n{_curve(over, points)}" for (what, over), points in curves.items())
    return "\n".join(tables) or NOTHING


def _curve(over: str, points: Mapping[int, Record]) -> str:
    paces = {number: points[number].per_second or 0.0 for number in sorted(points)}
    first = next(iter(paces.values()))
    rows = (
        (f"{number:,}", f"{pace:,.0f}", f"{pace / first:.2f}", *_costs(points[number]))
        for number, pace in paces.items()
    )
    return markdown((f"{over}s", "per second", "times the first", *PACES[-3:]), rows)


def _reached(reached: bool) -> str:
    return "yes" if reached else "**no**"


def _costs(record: Record) -> tuple[str, str, str]:
    cpu = ", ".join(f"{name} {seconds:.1f}" for name, seconds in record.cpu_per_million.items())
    return cpu, ", ".join(f"{name} {mib:.0f}" for name, mib in record.peak_mib.items()), record.at


def _machines(records: Iterable[Record]) -> str:
    said = dict.fromkeys(_machine(record.machine) for record in records)
    return "".join(f"- {each}\n" for each in said) or NOTHING


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
