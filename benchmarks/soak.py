"""How memory and file descriptors of every process do under steady load. Fifteen minutes by default.

    .venv/bin/python -m benchmarks.soak --minutes 15

Starts the whole local system, lets new readings come at an even pace, looks every five seconds, and prints for each
process its first, last and largest resident memory, the slope of a straight line through it, and its descriptors.
The first minute is left out: processes fill their caches.
"""

import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from statistics import linear_regression

import click
import psutil
from rich.console import Console
from rich.table import Table

from local.options import Options
from local.scrape import scrape
from local.system import LocalSystem

LOOK_SECONDS = 5.0
WARM_UP_SECONDS = 60.0
MIB = 1 << 20

Sample = tuple[float, float, int]
"""Seconds since the start, MiB, descriptors."""


@click.command()
@click.option("--minutes", default=15.0, show_default=True)
@click.option("--points", default=100, show_default=True)
@click.option("--tick", default=3.0, show_default=True, help="Seconds in which a simulated hour passes.")
def main(minutes: float, points: int, tick: float) -> None:
    """Runs the soak and prints its table."""
    hours = int(minutes * 60 / tick) + 24
    with tempfile.TemporaryDirectory(prefix="meterstream-soak-") as directory:
        options = Options(Path(directory), points=points, tick=tick, lag_hours=hours, poll_every=tick)
        with LocalSystem(options) as system:
            system.start(lambda step: click.echo(f"· {step}", err=True))
            samples = _watch(system, minutes * 60)
            rows = scrape(system.metrics("sink")).total("meterstream_sink_rows_written_total")
            restarts = sum(state.restarts for state in system.states())
    _report(samples)
    click.echo(f"{rows:,.0f} rows written in {minutes:g} minutes; processes started again: {restarts}")


def _watch(system: LocalSystem, seconds: float) -> dict[str, list[Sample]]:
    samples: dict[str, list[Sample]] = defaultdict(list)
    began = time.monotonic()
    while (elapsed := time.monotonic() - began) < seconds:
        system.tick()
        if elapsed > WARM_UP_SECONDS:
            for state in system.states():
                samples[state.name].append(_sample(elapsed, state.pid))
        time.sleep(LOOK_SECONDS)
    return samples


def _sample(elapsed: float, pid: int) -> Sample:
    """PostgreSQL is its postmaster and all its children; what they share is counted once, by proportion."""
    memory = descriptors = 0
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # a child that has just ended
            memory += process.memory_full_info().pss
            descriptors += process.num_fds()
    return elapsed, memory / MIB, descriptors


def _report(samples: dict[str, list[Sample]]) -> None:
    table = Table("process", "MiB first", "last", "largest", "MiB per hour", "descriptors first", "last", "largest")
    for name, of_process in samples.items():
        times, memory, descriptors = zip(*of_process, strict=True)
        slope = _slope(times, memory)
        figures = [f"{memory[0]:.1f}", f"{memory[-1]:.1f}", f"{max(memory):.1f}", f"{slope:+.1f}"]
        table.add_row(name, *figures, *(str(count) for count in (descriptors[0], descriptors[-1], max(descriptors))))
    Console(width=120).print(table)


def _slope(times: Sequence[float], memory: Sequence[float]) -> float:
    """MiB per hour, by least squares."""
    return linear_regression(times, memory).slope * 3600


if __name__ == "__main__":
    main()
