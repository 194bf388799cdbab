"""From asking the utility to the committed row, while new readings come at an even pace.

    make bench-freshness

Starts the whole local system and lets every point have a new hour in each tick. Prints for each receiver the median and
the 99th percentile of its own freshness histogram, over the time after the warm-up, and the new readings per second.
"""

import tempfile
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from local.options import Options
from local.scrape import Samples, quantile, scrape
from local.settings_file import RECEIVERS
from local.system import LocalSystem

WARM_UP_SECONDS = 30.0
TURN_SECONDS = 0.5
FRESHNESS = "meterstream_sink_freshness_seconds"


@click.command()
@click.option("--seconds", default=60.0, show_default=True)
@click.option("--points", default=200, show_default=True)
@click.option("--tick", default=1.0, show_default=True, help="Seconds in which a simulated hour passes.")
def main(seconds: float, points: int, tick: float) -> None:
    """Prints the freshness of each receiver."""
    lag_hours = int((WARM_UP_SECONDS + seconds) / tick) + 48
    with tempfile.TemporaryDirectory(prefix="meterstream-freshness-") as directory:
        options = Options(
            Path(directory), points=points, tick=tick, lag_hours=lag_hours, poll_every=tick, hours=48, faults=False
        )
        with LocalSystem(options) as system:
            system.start(lambda step: click.echo(f"· {step}", err=True))
            before = _after(system, WARM_UP_SECONDS)
            after = _after(system, seconds)
    _report(before, after, seconds)


def _after(system: LocalSystem, seconds: float) -> Samples:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        system.tick()
        time.sleep(TURN_SECONDS)
    return scrape(system.metrics("sink"))


def _report(before: Samples, after: Samples, seconds: float) -> None:
    table = Table("receiver", "rows per second", "p50", "p99")
    for receiver in RECEIVERS:
        counts = [samples.buckets(FRESHNESS, receiver=receiver) for samples in (after, before)]
        rows = [samples.total(f"{FRESHNESS}_count", receiver=receiver) for samples in (after, before)]
        shares = [quantile(share, *counts) for share in (0.5, 0.99)]
        told = ("–" if share is None else f"{share * 1_000:,.0f} ms" for share in shares)
        table.add_row(receiver, f"{(rows[0] - rows[1]) / seconds:,.0f}", *told)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
