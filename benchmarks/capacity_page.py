"""docs/capacity.md: the model's unit costs, what they predict of other benchmarks, and plans for four sizes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.records import Record
from benchmarks.results import MILLION
from benchmarks.results_page import filled, markdown
from benchmarks.unit_costs import MIB
from operations.capacity import PER_DAY, Demand, Polling, Wishes
from operations.needs import Need
from operations.plan_tables import amounts, hours, lines
from operations.sizing import Part, Plan, plan
from operations.unit_costs import UnitCost, UnitCosts
from schemas.events import Granularity

TEXT = Path(__file__).parent / "texts" / "capacity.md"
SIZES: tuple[tuple[int, Granularity], ...] = (
    (10_000, "hour"),
    (100_000, "quarter"),
    (1_000_000, "hour"),
    (10_000_000, "quarter"),
)
CALM = Polling(every=3_600.0, window=3, calls_per_second=5_000.0)
SHORT = Wishes(years=1.0, retention_days=60.0)
"""What suits the larger sizes better than the defaults."""
FROM_END_TO_END: dict[str, tuple[str, ...]] = {
    "producer": ("producer_reading", "producer_changed"),
    "streams": ("streams_new",),
    "sink": ("sinks_row",),
    "PostgreSQL": ("sinks_row_postgresql",),
    "Kafka": ("producer_reading_kafka", "producer_changed_kafka", "streams_new_kafka", "sinks_row_kafka"),
}
"""Which unit costs a reading from end to end is made of, by process."""
RESTORED = "state, restored, per 1,000,000 readings"
END_TO_END = re.compile(r"end to end: ([\d,]+) readings of ([\d,]+) points ")
BY_ANSWER = ("producer_changed", "producer_changed_kafka")
LAST_ANSWER = 360
"""Hours of a point that the last request of its first load brings; the one before brings the others."""
LEAST = 200_000
"""Readings: a shorter run costs the broker more to begin than to go on."""


@dataclass(frozen=True)
class Check:
    """A figure that no unit cost was taken from: what one process cost, in words and in ``unit``."""

    what: str
    process: str
    predicted: float
    measured: float
    unit: str = "µs per reading"

    @property
    def ratio(self) -> float:
        """1: as predicted; 2: twice as dear."""
        return self.measured / self.predicted


def checks(records: Mapping[str, Record], costs: UnitCosts) -> Iterator[Check]:
    """The model against every recorded run from end to end, and against the memory of a worker with its state."""
    if RESTORED in records:
        predicted, measured = costs.state_hour_memory * MILLION / MIB, records[RESTORED].value or 0.0
        yield Check(RESTORED, "streams", predicted, measured, "MiB")
    for what, record in sorted(records.items()):
        found = END_TO_END.match(what)
        readings, points = (int(number.replace(",", "")) for number in found.groups()) if found else (0, 1)
        if readings < LEAST:
            continue
        answers = points * (1 if readings <= points * LAST_ANSWER else 2) / readings
        for process, names in FROM_END_TO_END.items():
            measured = sum(seconds for name, seconds in record.cpu_per_million.items() if name.startswith(process))
            predicted = sum(getattr(costs, name) * (answers if name in BY_ANSWER else 1.0) for name in names)
            yield Check(what, process, predicted, measured)


def page(records: Mapping[str, Record], table: Mapping[str, UnitCost], text: str) -> str:
    """The whole page. ``text``: what a person wrote, with a line ``<!-- NAME -->`` for each table."""
    costs = UnitCosts(**{name: cost.value for name, cost in table.items()})
    defaults = [plan(Demand(*size), costs) for size in SIZES]
    calm = [plan(Demand(*size, CALM, SHORT), costs) for size in SIZES]
    return filled(
        text,
        {
            "unit costs": _unit_costs(table),
            "checks": _checks(checks(records, costs)),
            "moves": _side_by_side(defaults),
            "sizes": _sizes(defaults),
            "first": _first([plan(Demand(MILLION, each), costs) for each in PER_DAY]),
            "reread": _reread(defaults),
            "calm": _sizes(calm),
            "calm reread": _reread(calm),
        },
    )


def _unit_costs(table: Mapping[str, UnitCost]) -> str:
    rows = ((cost.meaning, _amount(cost), cost.found) for cost in table.values())
    return markdown(("one of", "costs", "found in"), rows)


def _amount(cost: UnitCost) -> str:
    return f"{cost.value:,.0f} {cost.unit}" if cost.value >= MILLION else f"{cost.value:,g} {cost.unit}"


def _checks(found: Iterator[Check]) -> str:
    rows = (
        (check.what, check.process, check.unit, f"{check.predicted:.1f}", f"{check.measured:.1f}", f"{check.ratio:.2f}")
        for check in found
    )
    return markdown(("what", "process", "in", "predicted", "measured", "measured / predicted"), rows)


def _name(of: Plan) -> str:
    return f"{of.demand.points:,} {of.demand.granularity}"


def _side_by_side(plans: list[Plan]) -> str:
    """What moves and lies, a column for each size."""
    moves = [next(lines(each)).rows for each in plans]
    rows = ((same[0][0], *(row[1] for row in same)) for same in zip(*moves, strict=True))
    return markdown(("", *map(_name, plans)), rows)


def _sizes(plans: list[Plan]) -> str:
    """What each size takes, a line for each part."""
    rows = [row for each in plans for row in _parts(each)]
    return markdown(("points", "part", "how many", "cores", "memory", "disk", "network"), rows)


def _parts(of: Plan) -> Iterator[tuple[str, ...]]:
    for part in of.parts:
        if part.need != Need():
            yield _name(of), part.name, f"{part.count:,}", *amounts(part.need)
    yield _name(of), f"**all**, {of.partitions} partitions", "", *amounts(of.total)


def _first(plans: list[Plan]) -> str:
    """In what order parts give way: the same for every number of points, but another for each granularity."""
    rows = []
    for each in plans:
        order = sorted(each.parts, key=lambda part: part.carries)
        rows.append((f"{each.demand.granularity}s", *map(_short, order)))
    return markdown(("", "first", *(f"{number}." for number in range(2, len(rows[0])))), rows)


def _short(part: Part) -> str:
    return f"{part.name} ({part.scarce.split('_')[0]}): {part.carries:,}"


def _reread(plans: list[Plan]) -> str:
    rows = []
    for each in plans:
        again = each.reread
        (slow_known, known), (slow_new, new) = again.slowest(new=False), again.slowest(new=True)
        ours_known, ours_new = max(again.known.values()), max(again.new.values())
        rows.append(
            (
                _name(each),
                f"{each.flow.reread_readings:,.0f}",
                f"{hours(known)} ({slow_known})",
                f"{hours(new)} ({slow_new})",
                f"{hours(ours_known)} / {hours(ours_new)}",
            )
        )
    columns = ("points", "readings", "hours, all known", "hours, all new", "without the API's limit")
    return markdown(columns, rows)
