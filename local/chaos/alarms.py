"""Which alert tells of which fault, and how soon: `python -m local.chaos.alarms --write`.

A real Prometheus scrapes a running system each second and evaluates the rules, with every duration in them divided by
FASTER. First the system is left alone: nothing may fire. Then each fault is held until an alert tells of it.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.console import Console

from local import settings_file
from local.chaos.alarm_page import Seen, page
from local.chaos.alarm_rules import FASTER, write_faster
from local.chaos.alarm_trials import Trial, trials
from local.chaos.course import TIMEOUTS
from local.chaos.vigil import Vigil
from local.options import Options
from local.prometheus import PrometheusServer, Scraping
from local.running import RUNS, running
from local.system import LocalSystem

PAGE = Path("docs/alerts-seen.md")
CANARY_SECONDS = 60 // FASTER
ALONE_SECONDS = 60.0
"""For so long nothing may fire: twenty minutes by the rules' own durations."""
FIRES_WITHIN, QUIET_WITHIN, WHOLE_WITHIN = 240.0, 240.0, 300.0
MORE_SECONDS = 10.0
"""In which what follows from the fault may fire, too."""
LOOK_SECONDS = 0.5
LEFT_OUT = ("Watchdog", "FreshnessBurns", "CompletenessBurns", "BrokerDisk")
"""What begins so is not looked at: it fires always; it judges days; it is about this machine's own disk."""


@dataclass
class Watch:
    """One run on a running system."""

    system: LocalSystem
    prometheus: PrometheusServer
    vigil: Vigil
    say: Callable[[str], object]
    seen: list[Seen] = field(default_factory=list)

    def leave_alone(self) -> None:
        """Nothing is broken, and nothing may fire."""
        self.vigil.wait_whole(WHOLE_WITHIN)
        self._quiet()
        fired = self._hold(ALONE_SECONDS, ())
        self._note(Seen("nothing", (), fired, not fired))

    def hold(self, trial: Trial) -> None:
        """A fault, until an alert tells of it."""
        self.vigil.wait_whole(WHOLE_WITHIN)
        self._quiet()
        with trial.inject(self.system):
            fired = self._hold(FIRES_WITHIN, trial.expected)
        self._note(Seen(trial.name, trial.expected, fired, any(name in fired for name in trial.expected)))

    def _note(self, seen: Seen) -> None:
        self.seen.append(seen)
        fired = ", ".join(f"{name} after {seconds:.0f} s" for name, seconds in seen.fired.items()) or "nothing"
        self.say(f"{'·' if seen.right else '!'} {seen.fault}: {fired}")

    def _quiet(self) -> None:
        self.vigil.wait(lambda: not self._told("firing", "pending"), QUIET_WITHIN, "no alert fires, or is about to")

    def _told(self, *states: str) -> set[str]:
        told = (alert.name for alert in self.prometheus.alerts() if alert.state in states)
        return {name for name in told if not name.startswith(LEFT_OUT)}

    def _hold(self, within: float, expected: Sequence[str]) -> Mapping[str, float]:
        """What fires, and after how many seconds; ends a while after one that is expected."""
        began = time.monotonic()
        fired: dict[str, float] = {}
        end = began + within
        while time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
            for name in self._told("firing") - fired.keys():
                fired[name] = time.monotonic() - began
                if name in expected:
                    end = min(end, time.monotonic() + MORE_SECONDS)
        return fired


def scraping(system: LocalSystem, rules: Sequence[Path]) -> Scraping:
    """Every process of a system, under the jobs that the rules know."""
    groups = json.loads((system.directory / settings_file.TARGETS).read_text("utf-8"))
    jobs: dict[str, list[str]] = {}
    for group in groups:
        jobs.setdefault(group["labels"]["job"], []).extend(group["targets"])
    return Scraping(jobs=jobs, rules=rules)


@click.command()
@click.option("--only", default="", help="Only faults whose name holds this, or one of these, with commas between.")
@click.option("--write", is_flag=True, help=f"Write {PAGE}.")
def alarms(only: str, write: bool) -> None:
    """Breaks a running system, fault by fault, and shows which alert tells of it; exit code 1 where none does."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    os.environ["METERSTREAM__CANARY__EVERY"] = str(CANARY_SECONDS)
    directory = RUNS / "alarms"
    options = Options(directory, points=24, lag_hours=24, timeouts=TIMEOUTS, proxied=True, faults=False)
    with running("alarms", console, options) as system:
        system.start(lambda step: console.print(f"· {step}"))
        told = scraping(system, write_faster(system.directory / "rules"))
        with PrometheusServer(system.directory / "prometheus", told) as prometheus, Vigil(system) as vigil:
            watch = Watch(system, prometheus, vigil, console.print)
            watch.leave_alone()
            for trial in trials():
                if any(part in trial.name for part in only.split(",")):
                    watch.hold(trial)
                    if write:  # after each: a run takes half an hour
                        PAGE.write_text(page(watch.seen), "utf-8")
    sys.exit(0 if all(seen.right for seen in watch.seen) else 1)


if __name__ == "__main__":
    alarms()
