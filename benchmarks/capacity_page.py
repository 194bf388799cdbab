"""docs/capacity.md: the model's unit costs, what they predict of other benchmarks, and plans for four sizes."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

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


class _Run(NamedTuple):
    """A recorded run from end to end: ``cost`` in CPU seconds, by process."""

    what: str
    readings: int
    answers: int
    cost: Mapping[str, float]

    def beyond(self, smaller: "_Run") -> "_Run":
        """What this run took more than a smaller one: both began alike, so what a process costs to begin is gone."""
        return _Run(
            f"end to end: {self.readings:,} readings beside {smaller.readings:,}, each one more",
            self.readings - smaller.readings,
            self.answers - smaller.answers,
            {process: seconds - smaller.cost[process] for process, seconds in self.cost.items()},
        )


def checks(records: Mapping[str, Record], costs: UnitCosts) -> Iterator[Check]:
    """The model against the memory of a worker with its state, and against the recorded runs from end to end.

    Of these the largest is held against it as a whole, and what each costs more than the next smaller one: in a short
    run the broker's beginning (seconds of compiling) is most of its cost, and no plan counts it.
    """
    if RESTORED in records:
        predicted, measured = costs.state_hour_memory * MILLION / MIB, records[RESTORED].value or 0.0
        yield Check(RESTORED, "streams", predicted, measured, "MiB")
    runs = sorted(_runs(records), key=lambda run: run.readings)
    for run in [*runs[-1:], *(larger.beyond(smaller) for smaller, larger in itertools.pairwise(runs))]:
        for process, names in FROM_END_TO_END.items():
            answers = run.answers / run.readings
            predicted = sum(getattr(costs, name) * (answers if name in BY_ANSWER else 1.0) for name in names)
            yield Check(run.what, process, predicted, run.cost[process] * MILLION / run.readings)


def _runs(records: Mapping[str, Record]) -> Iterator[_Run]:
    for what, record in records.items():
        if found := END_TO_END.match(what):
            readings, points = (int(number.replace(",", "")) for number in found.groups())
            answers = points * (1 if readings <= points * LAST_ANSWER else 2)
            yield _Run(what, readings, answers, {each: _cost(record, each, readings) for each in FROM_END_TO_END})


def _cost(record: Record, process: str, readings: int) -> float:
    """CPU seconds of a process, or of all whose names begin so."""
    per_million = sum(each for name, each in record.cpu_per_million.items() if name.startswith(process))
    return per_million * readings / MILLION


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
