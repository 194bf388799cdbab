"""How memory and file descriptors of every process do under steady load. Fifteen minutes by default.

    make bench-soak

Starts the whole local system, lets new readings come at an even pace, looks every five seconds, and prints for each
process its first, last and largest resident memory, the slope of a straight line through it, and its descriptors.
Recorded are the slopes of the product's processes. The first minutes are left out: processes fill their caches.
"""

import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.costs import descriptors, memory_mib, mib_per_hour
from benchmarks.results import Figure, report
from local.options import Options
from local.scrape import scrape
from local.system import LocalSystem

LOOK_SECONDS = 5.0

Sample = tuple[float, float, int]
"""Seconds since the start, MiB, descriptors."""


@click.command()
@click.option("--minutes", default=15.0, show_default=True)
@click.option("--points", default=100, show_default=True)
@click.option("--tick", default=3.0, show_default=True, help="Seconds in which a simulated hour passes.")
@click.option("--warm-up", default=2.0, show_default=True, help="Minutes that are left out.")
@click.option("--record", is_flag=True, help="Add what was found to docs/benchmarks.jsonl.")
def main(minutes: float, points: int, tick: float, warm_up: float, record: bool) -> None:
    """Runs the soak and prints its table."""
    hours = int(minutes * 60 / tick) + 24
    with tempfile.TemporaryDirectory(prefix="meterstream-soak-") as directory:
        options = Options(Path(directory), points=points, tick=tick, lag_hours=hours, poll_every=tick)
        with LocalSystem(options) as system:
            system.start(lambda step: click.echo(f"· {step}", err=True))
            samples = _watch(system, minutes * 60, warm_up * 60)
            product = {state.name for state in system.stages.states()}
            rows = scrape(system.metrics("sink")).total("meterstream_sink_rows_written_total")
            restarts = sum(state.restarts for state in system.states())
    _report(samples)
    click.echo(f"{rows:,.0f} rows written in {minutes:g} minutes; processes started again: {restarts}")
    report([_slope(name, samples[name], minutes) for name in sorted(product)], record=record)


def _watch(system: LocalSystem, seconds: float, warm_up: float) -> dict[str, list[Sample]]:
    samples: dict[str, list[Sample]] = defaultdict(list)
    began = time.monotonic()
    while (elapsed := time.monotonic() - began) < seconds:
        system.tick()
        if elapsed > warm_up:
            for state in system.states():
                samples[state.name].append((elapsed, memory_mib(state.pid), descriptors(state.pid)))
        time.sleep(LOOK_SECONDS)
    return samples


def _slope(name: str, samples: Sequence[Sample], minutes: float) -> Figure:
    times, memory, _ = zip(*samples, strict=True)
    what = f"memory of {name} over {minutes:g} minutes of load: slope"
    return Figure(what, mib_per_hour(times, memory), "MiB/h", peak_mib={name: max(memory)})


def _report(samples: Mapping[str, Sequence[Sample]]) -> None:
    table = Table("process", "MiB first", "last", "largest", "MiB per hour", "descriptors first", "last", "largest")
    for name, of_process in samples.items():
        times, memory, held = zip(*of_process, strict=True)
        slope = mib_per_hour(times, memory)
        figures = [f"{memory[0]:.1f}", f"{memory[-1]:.1f}", f"{max(memory):.1f}", f"{slope:+.1f}"]
        table.add_row(name, *figures, *(str(count) for count in (held[0], held[-1], max(held))))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
