"""The work of one source: its points polled when they are due, several at a time, failures put off with back-off."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from producer.auth import Unauthorised
from producer.points import Point
from producer.report import Report
from producer.response import Unreadable
from producer.schedule import Schedule
from producer.source_circuit import SourceCircuit
from runtime.circuit import CircuitOpen
from runtime.errors import MeterstreamError, Transient
from runtime.logs import Pseudonyms
from runtime.retry import Backoff
from runtime.settings.source import PollSettings

log = logging.getLogger(__name__)

IN_HAND = 4
"""Points in hand for each request that may be under way: while some are asked, others are written."""


class Polls(Protocol):
    """What polls one point; :class:`producer.poller.Poller` does."""

    async def poll(self, point: Point) -> bool:
        """Returns whether to go on with the point at once. Raises Transient or Unreadable: to be tried again."""


@dataclass(frozen=True)
class Pace:
    """How often, in seconds, and what happens to a point that fails, and to all where the source is stopped."""

    every: float
    poll: PollSettings
    in_hand: int
    circuit: SourceCircuit


class SourceWork:
    """Polls the points of one source until it is cancelled or asked to finish."""

    reason: str | None = None
    """Why nothing of it can be done: its gate and its circuit say that."""

    def __init__(
        self, points: Sequence[Point], poller: Polls, pace: Pace, report: Report, pseudonyms: Pseudonyms
    ) -> None:
        """Polls nothing yet; to be made inside the event loop."""
        self._points = points
        self._poller = poller
        self._pace = pace
        self._report = report
        self._pseudonyms = pseudonyms
        self._backoff = Backoff(pace.poll.retry_initial, pace.poll.retry_maximum)
        self._schedule = Schedule(range(len(points)))
        self._failures: dict[int, int] = {}

    async def run(self) -> None:
        """Works until :meth:`finish`; then what is in hand is finished.

        Raises:
            MeterstreamError: Fatal; or a defect.
        """
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._pace.in_hand, len(self._points))):
                group.create_task(self._turns())

    def finish(self) -> None:
        """Takes no more points."""
        self._schedule.close()

    def tell(self) -> None:
        """Updates what is told of the points; called now and then."""
        failing = sum(count >= self._pace.poll.failing_after for count in self._failures.values())
        due, overdue = self._schedule.due(), self._schedule.due(self._pace.every)
        self._report.points(configured=len(self._points), due=due, overdue=overdue, failing=failing)

    async def _turns(self) -> None:
        while (index := await self._schedule.take()) is not None:
            self._schedule.put(index, await self._turn(index))

    async def _turn(self, index: int) -> float:
        """Polls a point once; returns the seconds after which it is due again."""
        if wait := self._pace.circuit.wait():
            return wait
        try:
            more = await self._poller.poll(self._points[index])
        except Unauthorised:
            return self._pace.poll.unauthorised_retry  # told by the gate, for the source as a whole
        except CircuitOpen as error:
            return error.retry_after or 0.0  # told by the circuit, for the source as a whole
        except (Transient, Unreadable) as error:
            return self._failed(index, error)
        if self._failures.pop(index, 0) >= self._pace.poll.failing_after:
            log.info("a failing point is polled again", extra=self._extra(index))
        return 0.0 if more else self._pace.every

    def _failed(self, index: int, error: MeterstreamError) -> float:
        failures = self._failures[index] = self._failures.get(index, 0) + 1
        if failures == self._pace.poll.failing_after:
            log.error("a point fails again and again: %s; it is tried on, more slowly", error, extra=self._extra(index))
        return self._backoff.wait(failures, error)

    def _extra(self, index: int) -> dict[str, str]:
        return {
            "source": self._report.source,
            "metering_point": self._pseudonyms.point(self._points[index].metering_point),
        }
