"""`make demo` and `make up`: the whole road on one machine."""

import sys
import time

import click
from rich.console import Console

from local import demo as course
from local.chaos.command import chaos
from local.control import controlled
from local.options import Options
from local.running import RUNS, running
from local.screen import Screen
from local.system import LocalSystem
from local.watch import Watch

TURN_SECONDS = 0.5
UNEQUAL = 1

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
    with running("demo", console, options) as system:
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
    options = Options(RUNS / "up", points=points, seed=seed, tick=tick, lag_hours=lag_hours, proxied=True)
    with running("up", console, options) as system:
        system.start(lambda step: console.print(f"· {step}"))
        _addresses(console, system)
        with controlled(system), Screen(console) as screen:
            watch = Watch(system, screen)
            while True:
                system.tick()
                screen.show(watch.look("running; Ctrl-C stops everything"))
                time.sleep(TURN_SECONDS)


def _addresses(console: Console, system: LocalSystem) -> None:
    rows = {
        "Kafka": system.cluster.bootstrap_servers,
        "PostgreSQL (vitec)": f"psql {system.postgres.dsn('receiver')}   (meterstream.meter_values)",
        "SQLite (momentum)": f"sqlite3 {system.options.directory / 'momentum.sqlite'}   (meter_values)",
        "the utility": f"{system.utility}/_status",
        **{f"metrics of {name}": f"http://127.0.0.1:{port}/metrics" for name, port in system.ports.items()},
        "status": f".venv/bin/meterstream --config {system.options.directory / 'meterstream.toml'} status",
        "breaking it": ".venv/bin/meterstream chaos",
        "logs": str(system.options.directory / "logs"),
    }
    for name, address in rows.items():
        console.print(f"  {name:<26} {address}", highlight=False, soft_wrap=True, markup=False)


main.add_command(chaos)
