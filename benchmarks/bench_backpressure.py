"""What a database that is away costs under load: does memory stay flat, and does the sink catch up by itself?

    .venv/bin/python -m benchmarks.bench_backpressure --minutes 10

Starts the whole local system, lets new readings come at an even pace, takes PostgreSQL away for so many minutes and
brings it back. Prints the memory of every process (one look every five seconds) before, while the database
is away, and when all has been caught up with; how many records had piled up; how long the sink took to read what
there was when the database came back; and whether the other receiver noticed anything.
"""

import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from math import nan
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.costs import memory_mib, mib_per_hour
from benchmarks.results import Figure, report
from local.options import Options
from local.scrape import Samples, scrape
from local.system import LocalSystem
from operations.progress import progress

LOOK_SECONDS = 5.0
TURN_SECONDS = 0.5
WARM_UP_SECONDS = 60.0
SETTLE_SECONDS = 30.0
CATCH_UP_WITHIN = 900.0


@dataclass
class Memory:
    """Looks at every process: MiB by its name and by the phase of the run."""

    system: LocalSystem
    phase: str = "before"
    seen: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    _looked: float = 0.0

    def look(self) -> None:
        """Once every few seconds; a process that has just ended is left out."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        for state in self.system.states():
            if found := memory_mib(state.pid):
                self.seen[state.name][self.phase].append(found)

    def slope_away(self, name: str) -> Figure:
        """How a process grew while the database was away."""
        mib = self.seen[name]["away"]
        slope = mib_per_hour([number * LOOK_SECONDS for number in range(len(mib))], mib)
        what = f"memory of {name} while a database is away under load: slope"
        return Figure(what, slope, "MiB/h", peak_mib={name: max(mib)})


@click.command()
@click.option("--minutes", default=10.0, show_default=True, help="How long the database is away.")
@click.option("--points", default=200, show_default=True)
@click.option("--tick", default=2.0, show_default=True, help="Seconds in which a simulated hour passes.")
@click.option("--record", is_flag=True, help="Add what was found to docs/benchmarks.jsonl.")
def main(minutes: float, points: int, tick: float, record: bool) -> None:
    """Takes the database away under load and prints what that did."""
    hours = int((minutes * 60 + 2 * WARM_UP_SECONDS + CATCH_UP_WITHIN) / tick)
    with tempfile.TemporaryDirectory(prefix="meterstream-backpressure-") as directory:
        options = Options(Path(directory), points=points, tick=tick, lag_hours=hours, poll_every=2.0, faults=False)
        with LocalSystem(options) as system:
            system.start(lambda step: click.echo(f"· {step}", err=True))
            memory = Memory(system)
            _pass(memory, WARM_UP_SECONDS)
            before, memory.phase = _sinks(system), "away"
            _outage(system, memory, minutes * 60)
            away, memory.phase = _sinks(system), "after"
            missed, seconds = _catch_up(system, memory)
            _pass(memory, SETTLE_SECONDS)
            _report(memory)
            product = sorted(state.name for state in system.stages.states())
            restarts = {state.name: state.exits for state in system.states() if state.exits}
    written = _rows(away, "momentum") - _rows(before, "momentum")
    click.echo(f"{missed:,.0f} records had piled up; caught up in {seconds:.1f} s ({missed / seconds:,.0f} records/s)")
    click.echo(f"momentum meanwhile: {written:,.0f} rows, lag {_lag(away, 'momentum'):,.0f}")
    click.echo(f"processes started again, and how they had ended: {restarts}")
    caught_up = Figure(f"caught up after {minutes:g} minutes without a database", seconds, "s")
    report([caught_up, *(memory.slope_away(name) for name in product)], record=record)


def _pass(memory: Memory, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        memory.system.tick()
        memory.look()
        time.sleep(TURN_SECONDS)


def _outage(system: LocalSystem, memory: Memory, seconds: float) -> None:
    name = system.postgres.service.name
    with system.services.held(name):
        system.services.process(name).stop()
        click.echo(f"· {name} is away for {seconds / 60:g} minutes", err=True)
        _pass(memory, seconds)


def _catch_up(system: LocalSystem, memory: Memory) -> tuple[int, float]:
    """How many records lay before the sink when the database was back, and in how many seconds it had read them."""
    while not system.postgres.ready():
        _pass(memory, TURN_SECONDS)
    began = time.monotonic()
    ends, positions = _road(system)
    missed = sum(ends.values()) - sum(positions.values())
    while any(positions[partition] < end for partition, end in ends.items()):
        if time.monotonic() - began > CATCH_UP_WITHIN:
            raise click.ClickException(f"not caught up within {CATCH_UP_WITHIN:g} s")
        _pass(memory, TURN_SECONDS)
        positions = _road(system)[1]
    return missed, time.monotonic() - began


def _road(system: LocalSystem) -> tuple[dict[int, int], dict[int, int]]:
    """By partition of the values topic: where it ends, and how far the sink says that it is."""
    found = progress(system.settings)
    (sink,) = [reader for reader in found.receivers if reader.name == "vitec"]
    (topic,) = [topic for topic in found.topics if topic.name == sink.topic]
    return dict(topic.ends), {partition: sink.positions.get(partition) or 0 for partition in topic.ends}


def _sinks(system: LocalSystem) -> Samples:
    return scrape(system.metrics("sink"))


def _rows(samples: Samples, receiver: str) -> float:
    return samples.total("meterstream_sink_rows_written_total", receiver=receiver)


def _lag(samples: Samples, receiver: str) -> float:
    return samples.total("meterstream_sink_lag_records", receiver=receiver)


def _report(memory: Memory) -> None:
    """PostgreSQL is not there while it is away."""
    table = Table("MiB", "before", "away: first", "away: last", "away: largest", "after: largest", "after: last")
    for name, phases in memory.seen.items():
        before, away, after = (phases[phase] or [nan] for phase in ("before", "away", "after"))
        figures = (before[-1], away[0], away[-1], max(away), max(after), after[-1])
        table.add_row(name, *(f"{figure:.1f}" for figure in figures))
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
