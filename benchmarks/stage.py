"""One worker process under measure: how fast it counts up, what it costs, how large it grows."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.costs import cpu_seconds
from local.ports import free_port
from local.scrape import Samples, scrape

LOOK_SECONDS = 0.1
SELDOM_SECONDS = 1.0
"""Between two looks in the middle of a run: ten a second cost the worker a twentieth of its pace."""
WITHIN = 900.0


@dataclass(frozen=True)
class Pace:
    """``count`` things in ``seconds``; CPU seconds by process name, and the worker's largest resident memory."""

    count: float
    seconds: float
    cpu: Mapping[str, float]
    peak_mib: float

    @property
    def per_second(self) -> float:
        """Things per second of wall time."""
        return self.count / self.seconds


class Stage:
    """``python -m NAME …`` for as long as the context lasts."""

    def __init__(self, command: Sequence[str], log: Path, beside: Mapping[str, int] | None = None) -> None:
        """``beside``: pids of the services whose CPU counts too, by name."""
        self.port = free_port()
        self._command = [sys.executable, "-m", *command]
        self._log = log
        self._beside = beside or {}

    def __enter__(self) -> Self:
        environment = os.environ | {"METERSTREAM__METRICS__PORT": str(self.port)}
        with self._log.open("ab") as output:
            self._child = subprocess.Popen(self._command, stdout=output, stderr=output, env=environment)
        return self

    def __exit__(self, *_: object) -> None:
        self._child.terminate()
        self._child.wait(60)

    @property
    def pid(self) -> int:
        """Of the worker."""
        return self._child.pid

    def metric(self, name: str) -> float:
        """A metric's total; 0 while the process does not serve yet."""
        return self.samples().total(name)

    def samples(self) -> Samples:
        """All metrics; none while the process does not serve yet."""
        return scrape([f"http://127.0.0.1:{self.port}/metrics"])

    def check(self) -> None:
        """Raises RuntimeError, with the end of its log, where the worker has ended."""
        if self._child.poll() is not None:
            raise RuntimeError(f"the worker has ended: {self._log.read_text('utf-8')[-2_000:]}")

    def ready(self) -> bool:
        """Whether the worker says that it can do its work."""
        self.check()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                return int(answer.status) == 200
        except OSError:
            return False

    def complaints(self) -> list[str]:
        """The lines of its log that are no plain information: warnings, errors, and what a crash leaves."""
        return [line for line in self._log.read_text("utf-8").splitlines() if '"level": "INFO"' not in line]

    def kill(self) -> None:
        """Ends the worker as a crash would."""
        self._child.kill()
        self._child.wait()

    def pace(self, metric: str, until: float) -> Pace:
        """As the function :func:`pace`, of this worker alone."""
        return pace([self], metric, until)

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far, of the worker and of the services beside it."""
        return {name: cpu_seconds(pid) for name, pid in {"worker": self._child.pid, **self._beside}.items()}

    def peak(self) -> float:
        """The worker's largest resident memory so far, in MiB."""
        lines = Path(f"/proc/{self._child.pid}/status").read_text("utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def pace(stages: Sequence[Stage], metric: str, until: float) -> Pace:
    """Waits until a counter, summed over workers, has risen to ``until``; from where it was first seen to have moved.

    CPU seconds of the workers are summed; the peak is that of the largest.
    """
    begun, cpu = _total(stages, metric), _cpu(stages)
    start, first = time.perf_counter(), begun
    while (now := _total(stages, metric)) < until:
        for stage in stages:
            stage.check()
        if first == begun:  # it has not moved yet: starting is not counted
            start, first, cpu = time.perf_counter(), now, _cpu(stages)
        if time.perf_counter() - start > WITHIN:
            raise RuntimeError(f"{metric} is {now:,.0f}, not {until:,.0f}, after {WITHIN:g} s")
        time.sleep(_until_next_look(time.perf_counter() - start, now - first, until - now))
    seconds = time.perf_counter() - start
    spent = {name: after - cpu[name] for name, after in _cpu(stages).items()}
    return Pace(now - first, seconds, spent, max(stage.peak() for stage in stages))


def _until_next_look(seconds: float, done: float, left: float) -> float:
    """Seconds: a part of what is left at this pace; so that begin and end are seen as they come."""
    ahead = seconds * left / done if done else 0.0
    return min(SELDOM_SECONDS, max(LOOK_SECONDS, ahead / 4))


def _total(stages: Sequence[Stage], metric: str) -> float:
    return sum(stage.metric(metric) for stage in stages)


def _cpu(stages: Sequence[Stage]) -> dict[str, float]:
    each = [stage.cpu() for stage in stages]
    return each[0] | {"worker": sum(one["worker"] for one in each)}


def wait_until(reached: Callable[[], bool], what: str, within: float = WITHIN, every: float = 0.05) -> None:
    """Looks again and again.

    Raises:
        RuntimeError: it was not so within so many seconds.
    """
    end = time.monotonic() + within
    while not reached():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {within:g} s")
        time.sleep(every)
