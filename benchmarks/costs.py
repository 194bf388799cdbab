"""What processes under measure cost, by name: CPU seconds and memory, their children's too."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from statistics import linear_regression
from typing import Any

import psutil

MIB = 1 << 20


class Costs:
    """Looks at processes now and then; CPU counts from the last :meth:`begin`."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        """``pids`` by name; a name that begins with another one and a number stays apart."""
        self._pids = dict(pids)
        self._peaks: dict[str, float] = {}
        self.begin()

    def begin(self) -> None:
        """CPU counts from here on; memory is looked at."""
        self._before = self._now()
        self.look()

    def look(self) -> None:
        """Notes the memory that is resident now."""
        for name, pid in self._pids.items():
            self._peaks[name] = max(self._peaks.get(name, 0.0), memory_mib(pid))

    def cpu_per_million(self, count: float) -> dict[str, float]:
        """CPU seconds since the beginning, for each million of what was done."""
        return {name: (after - self._before[name]) / count * 1_000_000 for name, after in self._now().items()}

    def peak_mib(self) -> dict[str, float]:
        """The largest memory that was seen."""
        return dict(self._peaks)

    def _now(self) -> dict[str, float]:
        return {name: cpu_seconds(pid) for name, pid in self._pids.items()}


def cpu_seconds(pid: int) -> float:
    """Of a process and its children: PostgreSQL works in them. What ended children spent is counted by their parent."""
    return sum(_of_each(pid, lambda process: sum(process.cpu_times()[:2])))


def memory_mib(pid: int) -> float:
    """Of a process and its children; what they share is counted once, by proportion."""
    return sum(_of_each(pid, lambda process: process.memory_full_info().pss)) / MIB


def descriptors(pid: int) -> int:
    """How many files and sockets a process and its children hold open."""
    return int(sum(_of_each(pid, lambda process: process.num_fds())))


def mib_per_hour(seconds: Sequence[float], mib: Sequence[float]) -> float:
    """The slope of a straight line through looks at memory, by least squares; at least two."""
    return linear_regression(seconds, mib).slope * 3_600


def _of_each(pid: int, figure: Any) -> list[float]:
    found = []
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # a child that has just ended
                found.append(figure(process))
    return found
