"""`make chaos`: seeded runs, one after another, each on a system of its own."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console

from local.chaos import records
from local.chaos.catalogue import kinds
from local.chaos.course import Course, options
from local.chaos.records import RunRecord
from local.chaos.schedule import Schedule, Size, draw
from local.running import RUNS, running

FAILED = 1


@click.command()
@click.option("--seed", type=click.IntRange(min=1), default=None, help="Run this seed only.")
@click.option("--seeds", default="1", show_default=True, help="Run so many, from seed 1; or a range, such as 21-40.")
@click.option("--kinds", "patterns", default="*", show_default=True, help="Which kinds of fault: names, *, commas.")
@click.option("--seconds", type=float, default=Size.seconds, show_default=True, help="Over which the faults spread.")
@click.option(
    "--faults", type=int, default=Size.plain, show_default=True, help="In a run, beside those that need more."
)
@click.option("--record", type=click.Path(path_type=Path, dir_okay=False), help="Add a JSON line for each run.")
@click.option("--list", "only_list", is_flag=True, help="Print the schedules and end.")
def chaos(
    seed: int | None,
    seeds: str,
    patterns: str,
    seconds: float,
    faults: int,
    record: Path | None,
    only_list: bool,
) -> None:
    """Breaks a whole system in every way there is, while it works; exit code 0 only if nothing is lost or wrong."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    size = Size(seconds=seconds, plain=faults, alone=Size.alone if faults >= Size.plain else 0)
    try:
        schedules = [draw(number, kinds(patterns), size) for number in ([seed] if seed else _range(seeds))]
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    failed = []
    for schedule in schedules:
        console.print("\n".join(schedule.lines()))
        if not only_list and not _passed(schedule, console, record):
            failed.append(schedule.seed)
    if failed:
        console.print(f"FAILED: seeds {', '.join(map(str, failed))}")
        sys.exit(FAILED)


def _range(text: str) -> range:
    """Seeds as they are asked for: `20`, or `21-40`."""
    first, _, last = text.rpartition("-")
    return range(int(first or 1), int(last) + 1)


def _passed(schedule: Schedule, console: Console, record: Path | None) -> bool:
    directory = RUNS / "chaos" / f"seed-{schedule.seed}"
    with running("chaos", console, options(directory, schedule)) as system:
        system.start(lambda step: console.print(f"· {step}"))
        found = Course(system, schedule, console.print).run()
    if record:
        records.write(record, found)
    tell(found, console.print)
    if found.passed:
        shutil.rmtree(directory)
    else:
        console.print(f"the logs are in {directory}")
    return found.passed


def tell(record: RunRecord, say: Callable[[str], object]) -> None:
    """A run's outcome, for people."""
    for fault in record.faults:
        recovery = "not seen" if fault.recovery is None else f"{fault.recovery:.1f} s"
        say(f"  {fault.kind} ({fault.target}) at {fault.began:.1f} s for {fault.seconds:.1f} s; whole after {recovery}")
    for trouble in record.troubles:
        say(f"  ! {trouble}")
    counts = " ".join(f"{name} {sum(getattr(record, name).values())}" for name in ("lost", "doubled", "wrong"))
    verdict = "equal" if record.passed else "NOT EQUAL"
    say(f"seed {record.seed}: {verdict} after {len(record.faults)} faults in {record.seconds:.0f} s; rows {counts}")
