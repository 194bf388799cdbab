"""The demo: the whole road for a minute, from the utility's first answer to a verdict on every row."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console

from local.drain import Drain
from local.judge import judge, report
from local.screen import Picture, Screen
from local.system import LocalSystem
from local.watch import Watch

HISTORY_SECONDS = 120.0
SETTLE_SECONDS = 90.0


@dataclass(frozen=True)
class Course:
    """How long the utility lives before the verdict, in seconds."""

    live: float = 15.0


def run(system: LocalSystem, course: Course, console: Console) -> bool:
    """Runs the demo on a system that is not started yet; returns whether every table is equal.

    Raises:
        NotInTime: the road did not carry what there was in time.
        ServiceError, JarError, ConfigError: the system could not be started.
    """
    began = time.monotonic()
    system.start(lambda step: console.print(f"· {step}"))
    console.print(f"· everything runs after {time.monotonic() - began:.1f} s; logs: {system.directory}")
    drain = Drain(system.settings)
    with Screen(console) as screen:
        watch = Watch(system, screen)
        loaded_from = time.monotonic()
        system.ask_utility("/_control", {"quiet": True})
        history = watch.phase("1 history", _served_and(drain, system), HISTORY_SECONDS)
        seconds = time.monotonic() - loaded_from
        system.ask_utility("/_control", {"quiet": False})
        live = watch.phase("2 new, late, corrected, broken", _after(course.live), course.live + SETTLE_SECONDS)
        system.ask_utility("/_control", {"quiet": True})
        watch.phase("3 quiet: until everything has arrived", _served_and(drain, system), SETTLE_SECONDS)
    _rates(console, history, seconds)
    judgement = judge(system)
    report(console, judgement, live)
    console.print(f"· the demo took {time.monotonic() - began:.0f} s")
    return judgement.equal


def _after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def _served_and(drain: Drain, system: LocalSystem) -> Callable[[], bool]:
    """Every point has been served in whole, and what that brought has arrived everywhere."""
    return lambda: system.ask_utility("/_status")["pending"] == 0 and drain.done()


def _rates(console: Console, history: Picture, seconds: float) -> None:
    readings = history.now.total("meterstream_producer_published_total")
    rows = history.now.total("meterstream_sink_rows_written_total")
    console.print(
        f"· history: {readings:,.0f} readings published and {rows:,.0f} rows delivered in {seconds:.1f} s"
        f" ({readings / seconds:,.0f} readings/s)"
    )
