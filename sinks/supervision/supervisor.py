"""Every receiver of the settings on one machine: a worker process for each stage, and what changes meanwhile."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import msgspec

from runtime.errors import ConfigError
from runtime.metrics import SupervisorMetrics
from runtime.process import Build, Process, Run
from runtime.retry import Backoff
from runtime.signals import SignalListener
from sinks.supervision import roster
from sinks.supervision.child import Child, command
from sinks.supervision.kept import Kept, Report
from sinks.supervision.roster import Place, Roster

log = logging.getLogger(__name__)

TICK = 0.25
"""Seconds between two looks at the workers."""
EVERY = 5.0
"""Seconds between two looks at the settings, at least;"""
SHARE = 0.05
"""and at most this share of the time is spent on them."""
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  # as settings may have it; nothing is bound here


@dataclass(frozen=True)
class Source:
    """What the supervisor works from. ``launch``: starts the worker of a place."""

    read: Callable[[], Roster]
    problems: Callable[[Roster, Place], Sequence[str]]
    look: Callable[[Roster, Place], Hashable]
    launch: Callable[[Place], Child]


def source_of(file: Path | None, environment: Mapping[str, str]) -> Source:
    """The settings of a file, and ``python -m sinks``."""
    return Source(
        read=lambda: roster.read(file, environment),
        problems=lambda found, place: roster.problems(found.settings, place, environment),
        look=lambda found, place: roster.look(found.settings, place, environment),
        launch=lambda place: Child(command(place, file), environment),
    )


def builder(file: Path | None, *, check_only: bool) -> Build:
    """The build function of the supervisor. ``check_only``: whatever is wrong with any receiver is a ConfigError."""

    def build(process: Process) -> Run:
        if check_only:
            found = roster.every_problem(roster.read(file, process.environment), process.environment)
            if found:
                raise ConfigError([line for lines in found.values() for line in lines])
        return Supervisor(source_of(file, process.environment), process).run

    return build


class Supervisor:
    """Keeps the workers as the settings have them. ``run`` works until it is asked to stop."""

    def __init__(self, source: Source, process: Process, backoff: Backoff | None = None, every: float = EVERY) -> None:
        """Starts nothing yet. ``every``: seconds between two looks at the settings, at least."""
        self._source = source
        self._process = process
        self._backoff = backoff or Backoff(initial=0.5, maximum=30.0)
        self._every = every
        self._metrics = SupervisorMetrics(process.registry)
        self._again = threading.Event()
        self._roster: Roster | None = None
        self._sections: dict[Place, Hashable] = {}
        self._kept: dict[Place, Kept] = {}
        self._left_out: dict[str, Sequence[str]] = {}
        self._due = 0.0
        self._reports: Sequence[Report] = ()
        process.pages["/receivers"] = lambda _: msgspec.json.encode(self._reports)
        process.pages["/targets"] = lambda host: msgspec.json.encode(targets(self._reports, host))

    def run(self) -> None:
        """Works until ``stop`` is requested; then every worker is asked to end, and waited for."""
        stop = self._process.stop
        with closing(SignalListener(lambda _: self.look_again(), (signal.SIGHUP,))):
            try:
                while not stop.requested:
                    self.turn()
                    stop.wait(TICK)
            finally:
                self.end()

    def look_again(self) -> None:
        """The next turn looks at the settings, and tries again whoever is held. From any thread."""
        self._again.set()

    def turn(self) -> None:
        """Looks at the settings where it is time to, and at every worker."""
        self._process.health.beat()
        self._round()
        self._tick()

    def _round(self) -> None:
        asked = self._again.is_set()
        began = time.monotonic()
        if not asked and began < self._due:
            return
        self._again.clear()
        try:
            found = self._source.read()
        except ConfigError as error:
            self._leave_out({"": error.problems})
        else:
            self._roster = found
            self._follow(found, asked=asked)
        took = time.monotonic() - began
        self._due = began + max(self._every, took / SHARE)

    def _follow(self, found: Roster, *, asked: bool) -> None:
        """Starts, ends and replaces workers. What is wrong with any of them is said before the first is started.

        A worker whose new settings are wrong goes on with those that it was started with.
        """
        changed = {place for place, section in found.sections.items() if self._sections.get(place) != section}
        problems = {place: self._source.problems(found, place) for place in sorted(changed)}
        self._leave_out({**found.wrong, **{place.label: lines for place, lines in problems.items() if lines}})
        for place in sorted(self._kept):
            if place not in found.sections and place.receiver not in found.wrong:
                self._sections.pop(place, None)
                self._kept[place].end()
            elif asked:
                self._kept[place].release()
        for place, lines in problems.items():
            if not lines:
                self._sections[place] = found.sections[place]
                self._keep(place)
        self._release_what_has_changed(found)

    def _keep(self, place: Place) -> None:
        def launch() -> Child:
            if self._roster is not None:
                self._kept[place].seen = self._source.look(self._roster, place)
            return self._source.launch(place)

        if place in self._kept:
            log.info("the settings of a worker have changed", extra={"receiver": place.label})
            self._kept[place].replace(launch)
        else:
            self._kept[place] = Kept(place, launch, time.monotonic, self._backoff)

    def _release_what_has_changed(self, found: Roster) -> None:
        """A held worker is tried again when its points, layouts or secrets are others."""
        for place, kept in self._kept.items():
            if kept.state == "held" and place in found.sections and kept.seen != self._source.look(found, place):
                kept.release()

    def _leave_out(self, wrong: dict[str, Sequence[str]]) -> None:
        """Says what is wrong, once: again only where it is something else."""
        for name, lines in sorted(wrong.items()):
            if self._left_out.get(name) != lines:
                for line in lines:
                    log.error("not started: %s", line, extra={"receiver": name} if name else {})
        for name in self._left_out.keys() - wrong.keys():
            log.info("its settings are as they must be again", extra={"receiver": name} if name else {})
        self._left_out = wrong

    def _tick(self) -> None:
        free = (os.cpu_count() or 1) - sum(kept.state == "starting" for kept in self._kept.values())
        for place in sorted(self._kept):
            kept = self._kept[place]
            starts = kept.wants_to_start and free > 0
            free -= starts
            kept.tick(may_start=starts)
            if kept.state == "gone":
                self._forget(place)
        self._tell()

    def _forget(self, place: Place) -> None:
        del self._kept[place]
        for metric in (self._metrics.running, self._metrics.restarts):
            with suppress(KeyError):  # it was never told of
                metric.remove(place.receiver, place.stage)

    def _tell(self) -> None:
        before = {(each.receiver, each.stage): each.restarts for each in self._reports}
        self._reports = [self._kept[place].report() for place in sorted(self._kept)]
        for each in self._reports:
            about = each.receiver, each.stage
            self._metrics.running.labels(*about).set(each.state == "running")
            self._metrics.restarts.labels(*about).inc(each.restarts - before.get(about, 0))
        idle = [f"{label(each)} {each.state}" for each in self._reports if each.state != "running"]
        waiting = [*(name or "settings" for name in sorted(self._left_out)), *idle]
        if waiting:
            self._process.health.waiting(f"not running: {', '.join(waiting)}; its log says why")
        else:
            self._process.health.ready()

    def end(self) -> None:
        """Ends every worker in order; returns when all are gone."""
        for kept in self._kept.values():
            kept.end()
        while self._kept:
            self._process.health.beat()
            self._tick()
            time.sleep(TICK / 5)


def label(report: Report) -> str:
    """``vitec.test``."""
    return Place(report.receiver, report.stage).label


def targets(reports: Sequence[Report], host: str) -> list[dict[str, object]]:
    """What Prometheus asks for as ``http_sd_configs``: where each worker serves its metrics.

    ``host``: at which the supervisor was asked; workers that serve at every address are found there, too.
    """
    return [
        {
            "targets": [_reachable(urlsplit(report.address), host)],
            "labels": {"receiver": report.receiver, "stage": report.stage},
        }
        for report in reports
        if report.address
    ]


def _reachable(served: SplitResult, host: str) -> str:
    return f"{host}:{served.port}" if served.hostname in EVERYWHERE and host else served.netloc
