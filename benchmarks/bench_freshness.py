"""From asking the utility to the committed row, while new readings come at an even pace.

    make bench-freshness

The real producer, two streams workers and one sink, a real broker and PostgreSQL (fsync on); only the utility is the
least that can answer: it lets points have a new hour each, one after the other, and each poll finds one. Told are the
median and the 99th percentile of the sink's own histogram, over the time after the first load; and from the rows'
columns how long it took until streams had a reading in hand (published_at), and from there.
"""

import time

import click
import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.prepared_utility import World
from benchmarks.results import Figure, report
from benchmarks.road import Asking, Road
from benchmarks.stage import wait_until
from local.scrape import quantile
from schemas import instants
from schemas.instants import HOUR

FRESHNESS = "meterstream_sink_freshness_seconds"
WRITTEN = "meterstream_sink_rows_written_total"
GOALS = {0.5: 0.1, 0.99: 0.5}
BEHIND = 100
"""Hours that the utility begins behind the clock: what it lets us have is never in the future."""
_LEGS = """
SELECT name, percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM leg)::float8)
FROM meterstream.meter_values, LATERAL (VALUES
    (1, 'asked, until streams has it', published_at - fetched_at),
    (2, 'from there to the row', delivered_at - published_at)) AS legs (number, name, leg)
WHERE fetched_at > to_timestamp(%s) GROUP BY number, name ORDER BY number
"""


@click.command()
@click.option("--seconds", default=40.0, show_default=True)
@click.option("--rate", default=200, show_default=True, help="New readings per second.")
@click.option("--every", default=10.0, show_default=True, help="Seconds in which a point has a new one, and is asked.")
@click.option("--settle", default=15.0, show_default=True, help="Seconds after the first load that are left out.")
@click.option("--workers", default=2, show_default=True, help="Streams workers.")
@click.option("--hours", default=48, show_default=True, help="Readings of a point in the first answer.")
@click.option("--record", is_flag=True, help="Add what was found to docs/benchmarks.jsonl.")
def main(seconds: float, rate: int, every: float, settle: float, workers: int, hours: int, record: bool) -> None:
    """Prints the freshness of the receiver's rows."""
    points = int(rate * every)
    world = World(points, hours, instants.now() // HOUR * HOUR - BEHIND * HOUR, every)
    # A little more than is needed: the polls of a round are spread over nearly all of its time.
    with Road(world, Asking(requests=1.2 * rate, every=every, first_load=14), workers) as road:
        wait_until(lambda: road.total("sink", WRITTEN) >= world.readings, "the first load", every=1.0)
        time.sleep(settle)
        sink, since = road.stages["sink"], time.time()
        before = sink.samples()
        road.costs.begin()
        time.sleep(seconds)
        after = sink.samples()
        count = after.total(f"{FRESHNESS}_count") - before.total(f"{FRESHNESS}_count")
        cpu, peak = road.costs.cpu_per_million(count), road.costs.peak_mib()
        with psycopg.connect(road.dsn) as connection:
            legs = connection.execute(_LEGS, (since,)).fetchall()
        click.echo(road.complaints())
    _print_legs(legs, count / seconds)
    figures: list[Figure] = []
    for share, goal in GOALS.items():
        found = quantile(share, after.buckets(FRESHNESS), before.buckets(FRESHNESS))
        if found is None:
            raise click.ClickException("no new reading came")
        what = f"freshness at {rate} readings per second, from asking to the committed row: p{share * 100:g}"
        costs = () if figures else (cpu, peak)  # told once
        figures.append(Figure(what, found * 1_000, "ms", goal * 1_000, *costs))
    report(figures, record=record)


def _print_legs(legs: list[tuple[str, list[float]]], per_second: float) -> None:
    table = Table(f"{per_second:,.0f} rows per second", "p50", "p99")
    for name, shares in legs:
        table.add_row(name, *(f"{share * 1_000:,.0f} ms" for share in shares))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
