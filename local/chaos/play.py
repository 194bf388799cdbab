"""Plays a schedule on a running system: each fault in a thread of its own, beginning and healing in its time."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from random import Random
from threading import Event, Lock

from local.chaos.schedule import Schedule, Strike
from local.chaos.vigil import Vigil
from local.system import LocalSystem

WHOLE_WITHIN = 300.0
"""Seconds in which the system must be whole again before and after a fault that strikes alone."""


@dataclass(frozen=True)
class Struck:
    """One fault that was injected.

    Attributes:
        strike: What was drawn.
        target: What exactly was struck.
        began: Seconds after the first moment of the play.
        seconds: How long it lasted, with what its injector did to strike and to heal.
        healed_at: When it had been healed (monotonic seconds).
        trouble: What went wrong with the injector itself, or with the mend that it checks; None: nothing.
    """

    strike: Strike
    target: str
    began: float
    seconds: float
    healed_at: float
    trouble: str | None = None


@dataclass
class Play:
    """One run of a schedule. ``say`` is told what happens, from any thread."""

    system: LocalSystem
    vigil: Vigil
    say: Callable[[str], object] = lambda line: None
    struck: list[Struck] = field(default_factory=list)
    _began: float = 0.0
    _over: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)

    def run(self, schedule: Schedule) -> list[Struck]:
        """Injects every fault; returns when all are healed, in the order of their healing.

        Raises:
            NotWell: the system was not whole in time beside a fault that strikes alone.
        """
        self._began = time.monotonic()
        later = 0.0  # what the faults that strike alone have cost the others
        with ThreadPoolExecutor(max_workers=len(schedule.strikes) or 1) as pool:
            running: list[Future[None]] = []
            try:
                for strike in schedule.strikes:
                    self._over.wait(max(0.0, self._began + later + strike.at - time.monotonic()))
                    if strike.kind.alone:
                        later += self._alone(strike, pool, running)
                    else:
                        running.append(pool.submit(self._inject, strike))
            except BaseException:  # Ctrl-C too: what is broken heals at once
                self._over.set()
                raise
        return self.struck

    def _alone(self, strike: Strike, pool: ThreadPoolExecutor, running: list[Future[None]]) -> float:
        """Strikes once the system is whole, and waits until it is whole again; gives the seconds it all took."""
        began = time.monotonic()
        wait(running)
        self.vigil.wait_whole(WHOLE_WITHIN)
        struck = pool.submit(self._inject, strike)
        wait([struck])
        self.vigil.wait_whole(WHOLE_WITHIN)
        return time.monotonic() - began

    def _inject(self, strike: Strike) -> None:
        began = time.monotonic()
        target, trouble = "", None
        try:
            with strike.kind.inject(self.system, Random(strike.seed)) as target:
                self.say(f"+ {strike.kind.name}: {target}")
                self._over.wait(strike.seconds)
        except Exception as error:  # noqa: BLE001 - told with the fault, and the run has failed; the others must heal
            trouble = f"{type(error).__name__}: {error}"
        healed = time.monotonic()
        with self._lock:
            self.struck.append(Struck(strike, target, began - self._began, healed - began, healed, trouble))
        self.say(f"- {strike.kind.name}" + (f": {trouble}" if trouble else ""))
