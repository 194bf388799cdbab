"""A million readings from HTTP to committed rows in one receiver, everything on one machine: how long, and who works?

    make bench-e2e

The real producer, streams workers and sink, a real broker and PostgreSQL (fsync on); only the utility is the least
that can answer. It counts from the first request to the last committed row. Then the rows are held against what was
served: how many each point has, their sum, and the sum of each times its hour.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import click
import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks import events
from benchmarks.prepared_utility import World
from benchmarks.results import MILLION, Figure, report
from benchmarks.road import Asking, Road
from benchmarks.stage import WITHIN
from schemas import instants
from schemas.instants import HOUR

LOOK_SECONDS = 0.5
GOAL_SECONDS = 90.0
DONE = {
    "producer": "meterstream_producer_published_total",
    "streams": "meterstream_streams_consumed_total",
    "sink": "meterstream_sink_rows_written_total",
}
"""What each stage counts, by the beginning of its processes' names."""
_ROWS = """
SELECT metering_point, count(*), sum(consumption), sum(consumption * hour) FROM (
    SELECT metering_point, consumption, (extract(epoch FROM reading_at) * 1000000 - %s)::bigint / %s AS hour
    FROM meterstream.meter_values
) AS rows GROUP BY metering_point
"""


@dataclass(frozen=True)
class Run:
    """Seconds until each stage had done all, since the first request; and what that cost, by process."""

    finished: Mapping[str, float]
    cpu_per_million: Mapping[str, float]
    peak_mib: Mapping[str, float]

    @property
    def seconds(self) -> float:
        """Until the last row was committed."""
        return self.finished["sink"]


@click.command()
@click.option("--points", default=2_000, show_default=True)
@click.option("--hours", default=500, show_default=True, help="Readings of each point.")
@click.option("--workers", default=1, show_default=True, help="Streams workers.")
@click.option("--runs", default=1, show_default=True, help="The median of so many is told. One takes a minute or two.")
@click.option("--record", is_flag=True, help="Add what was found to docs/benchmarks.jsonl.")
def main(points: int, hours: int, workers: int, runs: int, record: bool) -> None:
    """Prints how long so many readings take from end to end, what each stage took of it, and what it cost."""
    world = World(points, hours, instants.now() // HOUR * HOUR)
    found = sorted((_run(world, workers) for _ in range(runs)), key=lambda run: run.seconds)
    run = found[(runs - 1) // 2]
    table = Table("stage", "done after", "readings per second")
    for name, seconds in run.finished.items():
        table.add_row(name, f"{seconds:.1f} s", f"{world.readings / seconds:,.0f}")
    Console(width=100).print(table)
    what = f"end to end: {world.readings:,} readings of {world.points:,} points from HTTP to rows in PostgreSQL"
    goal = GOAL_SECONDS if world.readings == MILLION else None
    report([Figure(what, run.seconds, "s", goal, run.cpu_per_million, run.peak_mib)], record=record)


def _run(world: World, workers: int) -> Run:
    with Road(world, Asking(), workers) as road:
        run = _watch(road, world)
        _compare(world, road.dsn)
        click.echo(road.complaints())
    return run


def _watch(road: Road, world: World) -> Run:
    """Until every stage has done all readings."""
    began = road.began
    finished: dict[str, float] = {}
    while len(finished) < len(DONE):
        for kind, metric in DONE.items():
            if kind not in finished and road.total(kind, metric) >= world.readings:
                finished[kind] = time.time() - began
        road.costs.look()
        if time.time() - began > WITHIN:
            raise click.ClickException(f"not done within {WITHIN:g} s; so far: {sorted(finished)}")
        time.sleep(LOOK_SECONDS)
    return Run(finished, road.costs.cpu_per_million(world.readings), road.costs.peak_mib())


def _compare(world: World, dsn: str) -> None:
    """Raises where the rows are not what was served."""
    with psycopg.connect(dsn) as connection:
        found = {point: tuple(rest) for point, *rest in connection.execute(_ROWS, (world.start, HOUR))}
    if wrong := differing(world, found):
        raise click.ClickException(f"{len(wrong)} points differ from what was served")
    click.echo(f"{world.readings:,} rows in PostgreSQL, equal to what was served: count, sum and place per point")


def differing(world: World, found: Mapping[str, tuple[Any, ...]]) -> list[str]:
    """The points whose rows are not what was served.

    Args:
        world: what the utility holds.
        found: by point, the number of its rows, the sum of their consumption and the sum of each times its hour, kWh.
    """
    served = {
        name: (world.hours, *(Decimal(total) / 1_000 for total in world.totals(number)))
        for number, name in enumerate(events.points(world.points))
    }
    return [name for name in served.keys() | found.keys() if served.get(name) != found.get(name)]


if __name__ == "__main__":
    main()
