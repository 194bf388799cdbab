"""A worker that is kept running: started again when it crashes, held where a person must look."""

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Literal

from runtime.errors import ExitCode
from runtime.retry import Backoff
from runtime.settings.receiver import Stage
from sinks.supervision.child import Child
from sinks.supervision.roster import Place

log = logging.getLogger(__name__)

State = Literal["starting", "running", "waiting", "held", "ending", "gone"]

STEADY = 60.0
"""Seconds after which a worker that crashes begins its back-off anew."""
SLOWLY = 30.0
"""Seconds before a superseded worker is tried again: the other one may have been a mistake, and gone."""
DRAIN = 20.0
"""Seconds that a worker has to end, before it is killed."""
HELD = {
    ExitCode.DONE: "it has ended by itself",
    ExitCode.CONFIG: "settings, topics or tables are not as they must be",
    ExitCode.POSITION: "its positions and the log contradict each other: a person must decide",
    ExitCode.SUPERSEDED: "another worker has taken its place",
}
"""Exit codes that another start at once would not mend."""


@dataclass(frozen=True)
class Report:
    """How a worker does. ``exit_code``: of the last one that ended, a signal is negative."""

    receiver: str
    stage: Stage
    state: State
    pid: int | None
    address: str | None
    restarts: int
    exit_code: int | None


class Kept:
    """One place's worker. Call :meth:`tick` a few times a second."""

    def __init__(self, place: Place, launch: Callable[[], Child], clock: Callable[[], float], backoff: Backoff) -> None:
        """Starts nothing yet: the first tick that may does."""
        self.place = place
        self.state: State = "waiting"
        self.restarts = 0
        self.seen: Hashable = None
        """Of whoever launches it: what the worker could see when it was started."""
        self._launch = launch
        self._clock = clock
        self._backoff = backoff
        self._child: Child | None = None
        self._due: float | None = clock()
        self._since = 0.0
        self._attempt = 0
        self._again = False
        self._last: int | None = None

    @property
    def wants_to_start(self) -> bool:
        """Whether the next tick would start it."""
        return self._child is None and self._due is not None and self._clock() >= self._due

    def tick(self, *, may_start: bool) -> None:
        """Looks after it."""
        if self._child is not None:
            self._look(self._child)
        elif may_start and self.wants_to_start:
            self._start()

    def release(self) -> None:
        """A held one is tried again now."""
        if self.state == "held":
            self._wait(0.0)

    def end(self) -> None:
        """Ends it in order; it is gone when its state says so."""
        self._again = False
        self._end()

    def replace(self, launch: Callable[[], Child]) -> None:
        """Ends it in order, and starts another."""
        self._launch, self._again, self._attempt = launch, True, 0
        self._end()

    def report(self) -> Report:
        """How it does."""
        child = self._child
        return Report(
            self.place.receiver,
            self.place.stage,
            self.state,
            None if child is None else child.pid,
            None if child is None else child.address(),
            self.restarts,
            self._last,
        )

    def _start(self) -> None:
        self.restarts += self._last is not None
        self._child, self._since, self._due = self._launch(), self._clock(), None
        self.state = "starting"
        log.info("worker started", extra={"receiver": self.place.label, "pid": self._child.pid})

    def _look(self, child: Child) -> None:
        code = child.exit_code()
        if code is not None:
            child.close()
            self._child, self._last = None, code
            self._ended(code)
        elif self.state == "starting" and (address := child.address()):
            self.state = "running"
            log.info("worker serves", extra={"receiver": self.place.label, "address": f"{address}/metrics"})
        elif self.state == "ending" and self._clock() - self._since > DRAIN:
            log.warning("worker does not end, it is killed", extra={"receiver": self.place.label, "pid": child.pid})
            child.kill()

    def _ended(self, code: int) -> None:
        about = {"receiver": self.place.label, "exit_code": code}
        if self.state == "ending":
            log.info("worker ended", extra=about)
            if self._again:
                self._wait(0.0)
            else:
                self.state = "gone"
        elif code in HELD:
            self.state = "held"
            self._due = self._clock() + SLOWLY if code == ExitCode.SUPERSEDED else None
            log.error("worker is held: %s; its own log says more", HELD[ExitCode(code)], extra=about)
        else:
            self._attempt = 1 if self._clock() - self._since > STEADY else self._attempt + 1
            seconds = self._backoff.wait(self._attempt)
            self._wait(seconds)
            log.error("worker crashed; it is started again in %.1f s", seconds, extra=about)

    def _wait(self, seconds: float) -> None:
        self.state, self._due = "waiting", self._clock() + seconds

    def _end(self) -> None:
        if self._child is None:
            if self._again:
                self._wait(0.0)
            else:
                self.state = "gone"
        elif self.state != "ending":
            self.state, self._since = "ending", self._clock()
            self._child.end()
