"""A small supervisor: starts processes, starts again what ends, stops all. Containers get this from their engine."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock

from local.process import Service, ServiceError, ServiceProcess
from runtime.retry import Backoff

STEADY_SECONDS = 30.0
"""A process that has run this long starts its back-off anew."""


@dataclass(frozen=True)
class Program:
    """What to keep running; ``environment`` None: ours."""

    service: Service
    command: Sequence[str]
    environment: Mapping[str, str] | None = None
    drain_seconds: float = 20.0


@dataclass(frozen=True)
class State:
    """How a program does; ``restart_in`` in seconds, where it waits to be started again.

    ``exits``: how every process of it has ended so far, oldest first; a signal is negative.
    """

    name: str
    pid: int
    alive: bool
    restarts: int
    exit_code: int | None
    restart_in: float | None
    exits: tuple[int, ...] = ()


@dataclass
class _Kept:
    program: Program
    process: ServiceProcess
    started: float
    restarts: int = 0
    attempt: int = 0
    due: float | None = None
    holders: int = 0
    exits: list[int] = field(default_factory=list)


@dataclass
class Supervisor:
    """Keeps programs running. Call :meth:`tick` a few times a second; any thread may call anything."""

    backoff: Backoff = field(default_factory=lambda: Backoff(initial=0.5, maximum=10.0))
    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)
    _stopped: bool = False

    def start(self, program: Program) -> None:
        """Starts a program and keeps it running.

        Raises:
            ServiceError: the supervisor has been stopped meanwhile.
        """
        with self._lock:
            if self._stopped:
                raise ServiceError(f"{program.service.name} is not started any more: everything is being stopped")
            self._kept[program.service.name] = _Kept(program, _launch(program), self.clock())

    def tick(self) -> None:
        """Starts again what has ended, after a growing pause."""
        with self._lock:
            for kept in self._kept.values():
                if not kept.process.alive:
                    self._ended(kept, self.clock())

    def _ended(self, kept: _Kept, now: float) -> None:
        if kept.due is None:
            kept.exits.append(kept.process.exit_code or 0)
            kept.attempt = 1 if now - kept.started > STEADY_SECONDS else kept.attempt + 1
            kept.due = now + self.backoff.wait(kept.attempt)
        elif now >= kept.due and not kept.holders:
            kept.process, kept.started, kept.due = _launch(kept.program), now, None
            kept.restarts += 1

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """While inside, the program is not started again when it ends."""
        with self._lock:
            kept = self._kept[name]
            kept.holders += 1
        try:
            yield
        finally:
            with self._lock:
                kept.holders -= 1

    def remove(self, name: str) -> None:
        """Ends a program in order, and keeps it no longer. Returns when it is gone."""
        with self._lock:
            kept = self._kept.pop(name)
        kept.process.stop(kept.program.drain_seconds)

    def states(self) -> list[State]:
        """How every program does, in order of start."""
        with self._lock:
            now = self.clock()
            return [
                State(
                    name,
                    kept.process.pid,
                    kept.process.alive,
                    kept.restarts,
                    kept.process.exit_code,
                    None if kept.due is None else max(0.0, kept.due - now),
                    tuple(kept.exits),
                )
                for name, kept in self._kept.items()
            ]

    def process(self, name: str) -> ServiceProcess:
        """The process of a program, as it is now."""
        with self._lock:
            return self._kept[name].process

    def stop(self) -> None:
        """Ends every program in order (SIGTERM, all at once; SIGKILL after its time). Returns when all are gone."""
        with self._lock:
            self._stopped = True
            kept, self._kept = self._kept, {}
        with ThreadPoolExecutor(max_workers=len(kept) or 1) as pool:
            for one in kept.values():
                pool.submit(one.process.stop, one.program.drain_seconds)


def _launch(program: Program) -> ServiceProcess:
    program.service.log.parent.mkdir(parents=True, exist_ok=True)
    return ServiceProcess(program.service, program.command, program.environment)
