"""`make demo` and `make up`: the whole road on one machine."""

import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from local import demo as course
from local.lock import Busy, only_one
from local.options import Options
from local.screen import Screen
from local.system import LocalSystem
from local.watch import NotInTime, Watch
from runtime.errors import ConfigError, MeterstreamError
from runtime.process import report

RUNS = Path(".run")
TURN_SECONDS = 0.5
UNEQUAL, TROUBLE, INTERRUPTED = 1, 70, 130

points_option = click.option("--points", default=40, show_default=True, help="Simulated metering points.")
seed_option = click.option("--seed", default=1, show_default=True, help="The simulated world; the same seed, the same.")
tick_help = "Seconds in which a simulated hour passes."


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The whole road on one machine, without containers: for trials, demonstrations and tests."""


@main.command()
@points_option
@seed_option
@click.option("--tick", default=1.0, show_default=True, help=tick_help)
@click.option("--seconds", default=15.0, show_default=True, help="How long the utility lives before the verdict.")
@click.option("--faults/--no-faults", default=True, help="Whether requests meet 429, 500, slow and cut answers.")
def demo(points: int, seed: int, tick: float, seconds: float, faults: bool) -> None:
    """Everything from start to verdict; exit code 0 only if every receiver's table is equal to the ledger."""
    console = Console(soft_wrap=True, highlight=False)
    options = Options(RUNS / "demo", points=points, seed=seed, tick=tick, faults=faults)
    with _running("demo", console, options) as system:
        equal = course.run(system, course.Course(live=seconds), console)
    sys.exit(0 if equal else UNEQUAL)


@main.command()
@points_option
@seed_option
@click.option("--tick", default=5.0, show_default=True, help=tick_help)
@click.option(
    "--lag-hours", default=240, show_default=True, help="How far behind the clock the simulated world begins."
)
def up(points: int, seed: int, tick: float, lag_hours: int) -> None:
    """The same system, until Ctrl-C."""
    console = Console(soft_wrap=True, highlight=False)
    options = Options(RUNS / "up", points=points, seed=seed, tick=tick, lag_hours=lag_hours)
    with _running("up", console, options) as system:
        system.start(lambda step: console.print(f"· {step}"))
        _addresses(console, system)
        with Screen(console) as screen:
            watch = Watch(system, screen)
            while True:
                system.tick()
                screen.show(watch.look("running; Ctrl-C stops everything"))
                time.sleep(TURN_SECONDS)


@contextmanager
def _running(name: str, console: Console, options: Options) -> Iterator[LocalSystem]:
    """A system that is stopped whatever happens, Ctrl-C at any moment included."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with only_one(RUNS / f"{name}.lock"):
            shutil.rmtree(options.directory, ignore_errors=True)
            system = LocalSystem(options)
            try:
                yield system
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C must not leave half of it
                console.print("· stopping")
                system.stop()
    except KeyboardInterrupt:
        console.print("· stopped; nothing is left running")
        sys.exit(INTERRUPTED)
    except ConfigError as error:
        report(error)
        sys.exit(error.exit_code)
    except (MeterstreamError, NotInTime, Busy) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(TROUBLE)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _addresses(console: Console, system: LocalSystem) -> None:
    rows = {
        "Kafka": system.cluster.bootstrap_servers,
        "PostgreSQL (vitec)": f"psql {system.postgres.dsn('receiver')}   (meterstream.meter_values)",
        "SQLite (momentum)": f"sqlite3 {system.options.directory / 'momentum.sqlite'}   (meter_values)",
        "the utility": f"{system.utility}/_status",
        **{f"metrics of {name}": f"http://127.0.0.1:{port}/metrics" for name, port in system.ports.items()},
        "status": f".venv/bin/meterstream --config {system.options.directory / 'meterstream.toml'} status",
        "logs": str(system.options.directory / "logs"),
    }
    for name, address in rows.items():
        console.print(f"  {name:<26} {address}", highlight=False, soft_wrap=True, markup=False)


if __name__ == "__main__":
    main()
