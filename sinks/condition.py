"""How a worker is, in one word; and how far behind, in seconds. Told when asked: also while it waits in a call."""

import math
from collections.abc import Callable
from functools import partial

from prometheus_client import Gauge

from runtime.metrics import SINK_STATES, SinkMetrics, SinkState


class Flag:
    """Whether something is so, shown as 1 or 0."""

    def __init__(self, gauge: Gauge) -> None:
        """It is not."""
        self.up = False
        self._gauge = gauge
        gauge.set(0)

    def set(self, value: float) -> None:
        """Any number but 0: it is."""
        self.up = bool(value)
        self._gauge.set(value)


class Condition:
    """Of one receiver's stage."""

    def __init__(self, metrics: SinkMetrics, receiver: str, stage: str) -> None:
        """Starting."""
        self.word: SinkState = "starting"
        """What the worker does where nothing keeps it from it."""
        self.waiting = Flag(metrics.waiting.labels(receiver, stage))
        self._stopped: list[Flag] = []
        self._new_stop: Callable[[str], Gauge] = partial(metrics.stopped.labels, receiver, stage)
        for state in SINK_STATES:
            metrics.state.labels(receiver, stage, state).set_function(partial(self._is, state))

    def stopped(self, what: str) -> Flag:
        """Set while too many ``records``, or ``rows``, would be dead letters."""
        self._stopped.append(Flag(self._new_stop(what)))
        return self._stopped[-1]

    @property
    def state(self) -> SinkState:
        """The worst that is true. A wait for persons is one for the database, too, where that is away."""
        if any(flag.up for flag in self._stopped):
            return "stopped"
        return "unreachable" if self.waiting.up else self.word

    def _is(self, state: SinkState) -> float:
        return float(state == self.state)


class Behind:
    """How far a worker is behind. Nobody knows before it has looked for the first time."""

    def __init__(self, metrics: SinkMetrics, receiver: str, stage: str, now: Callable[[], float]) -> None:
        """``now``: seconds since 1970."""
        self._now = now
        self._records = metrics.lag_records.labels(receiver, stage)
        self._whole: bool | None = None
        self._in_hand = False
        self._newest: float | None = None
        metrics.lag_seconds.labels(receiver, stage).set_function(self._seconds)

    def read(self, newest: float | None) -> None:
        """Records were read, to be committed; ``newest``: when the newest was published, in seconds; None: none."""
        if newest is None:
            return
        self._newest = max(newest, self._newest or 0.0)
        self._in_hand = True

    def begun(self) -> None:
        """A batch is being written."""
        self._in_hand = True

    def settled(self, records: int) -> None:
        """What was read is committed, or needs not be; so many more lie ahead."""
        self._records.set(records)
        self._whole = records == 0
        self._in_hand = False

    def _seconds(self) -> float:
        if self._whole and not self._in_hand:
            return 0.0
        return math.nan if self._newest is None else max(0.0, self._now() - self._newest)
