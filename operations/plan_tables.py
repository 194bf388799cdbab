"""A plan as tables of words, and those for a terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.table import Table

from operations.needs import Need
from operations.sizing import Plan

LEAST, HUNDRED, TERA = 0.01, 100.0, 1_000.0


@dataclass(frozen=True)
class Lines:
    """A table: its title, its columns, its rows. The first column is text, the others are amounts."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def lines(plan: Plan) -> Iterator[Lines]:
    """Everything a plan says, table by table."""
    yield _moves(plan)
    yield _parts(plan)
    yield _limits(plan)
    yield _reread(plan)


def tables(plan: Plan) -> Iterator[Table]:
    """The same for a terminal."""
    for each in lines(plan):
        table = Table(title=each.title, title_justify="left")
        for number, column in enumerate(each.columns):
            table.add_column(column, justify="right" if number else "left", overflow="fold")
        for row in each.rows:
            table.add_row(*row)
        yield table


def _moves(plan: Plan) -> Lines:
    moves, api = plan.flow, plan.api
    rows = [
        ("new readings a day", f"{moves.new_per_day:,.0f}"),
        ("published a day, full sweeps and grown days included", f"{moves.published_per_day:,.0f}"),
        ("new readings a second while a delivery is taken in", f"{moves.delivery.new:,.0f}"),
        ("readings a second of the 30-day re-read", f"{moves.reread.new:,.0f}"),
        ("readings in one answer", f"{moves.answer:,.0f}"),
        ("calls a second: polls", f"{api.polls:,.1f}"),
        ("calls a second: to see a delivery in time", f"{api.delivery:,.1f}"),
        ("calls a second: the re-read", f"{api.reread:,.1f}"),
        ("calls a second: allowed", f"{api.allowed:,.1f}"),
        ("seconds between two polls of a point, as allowed", f"{api.poll_every:,.0f}"),
        ("readings in the state", f"{moves.kept:,.0f}"),
        ("rows of each receiver in the end", f"{moves.rows:,.0f}"),
        ("partitions of each topic", f"{plan.partitions:,}"),
        ("seconds until a restarted streams worker has its state", f"{plan.recovery_seconds:,.0f}"),
    ]
    return Lines("What moves and lies", ("", "amount"), rows)


def _parts(plan: Plan) -> Lines:
    rows = [(part.name, f"{part.count:,}", *amounts(part.need)) for part in plan.parts]
    rows.append(("all", "", *amounts(plan.total)))
    return Lines("What it takes", ("part", "how many", "cores", "memory", "disk", "network"), rows)


def amounts(need: Need) -> tuple[str, str, str, str]:
    """Cores, memory, disk and network in words."""
    return _number(need.cores), data(need.memory_gb), data(need.disk_gb), _number(need.network_mbit, " Mb/s")


def data(gigabytes: float) -> str:
    """GB, or TB where it is much."""
    return _number(gigabytes / TERA, " TB") if gigabytes >= TERA else _number(gigabytes, " GB")


def _number(amount: float, unit: str = "") -> str:
    if not amount:
        return "–"
    if amount < LEAST:
        return f"< {LEAST:g}{unit}"
    return f"{amount:,.0f}{unit}" if amount >= HUNDRED else f"{amount:.2g}{unit}"


def _limits(plan: Plan) -> Lines:
    rows = [
        (part.name, part.scarce.split("_")[0], f"{part.carries:,}")
        for part in sorted(plan.parts, key=lambda part: part.carries)
    ]
    return Lines("What gives way first", ("one of each", "gives way by", "at points"), rows)


def _reread(plan: Plan) -> Lines:
    stages = plan.reread.new
    rows = [("utility's API", hours(plan.reread.api), hours(plan.reread.api))]
    rows += [(name, hours(plan.reread.known.get(name)), hours(new)) for name, new in stages.items()]
    return Lines("Hours of a 30-day re-read", ("stage", "all known", "all new"), rows)


def hours(amount: float | None) -> str:
    """Hours in words; None: it has nothing to do."""
    return "–" if amount is None else f"{amount:,.1f}" if amount < HUNDRED else f"{amount:,.0f}"
