"""Which dates to ask a point for: first load, recent window, deep sweep, full sweep. Pure scheduling.

A load or a sweep runs from its oldest day to today in bounded requests, one after another; meanwhile the recent
window waits, because the load ends in it.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from producer.memory import Remembered, Task
from runtime.settings.source import PollSettings
from runtime.settings.streams import StreamsSettings
from schemas.events import Granularity
from schemas.instants import DAY

_EPOCH = date(1970, 1, 1)
_EVERY: dict[Granularity, float] = {"month": 3_600.0, "day": 900.0, "hour": 300.0, "quarter": 300.0}
_SLACK = 10
"""Parts that are remembered beyond the longest span."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Lengths in months (of a month source) or days; intervals in seconds (``every``) and microseconds."""

    monthly: bool
    every: float
    window: int
    sweep_window: int
    first_load: int
    history: int
    request: int
    sweep_every: int
    full_every: int

    @property
    def most_parts(self) -> int:
        """How many parts of a point are worth remembering: nothing older than the history is asked for twice."""
        return max(self.history, self.window) + _SLACK


@dataclass(frozen=True, slots=True)
class Window:
    """One request: the dates from ``first`` (days since 1970) up to, not including, ``end``."""

    first: int
    end: int
    task: Task
    last: bool

    @property
    def dates(self) -> tuple[date, date]:
        """Both bounds as dates."""
        return _EPOCH + timedelta(days=self.first), _EPOCH + timedelta(days=self.end)


@dataclass(frozen=True, slots=True)
class Day:
    """A day on the source's wall clock (days since 1970), from which spans are measured."""

    today: int
    spans: Spans

    def back(self, span: int) -> int:
        """The day so many months (from the first of that month) or days before."""
        return _months(self.today, -span) if self.spans.monthly else self.today - span

    def forward(self, cursor: int) -> int:
        """Where a request that begins at a day must end."""
        return _months(cursor, self.spans.request) if self.spans.monthly else cursor + self.spans.request


def spans_of(poll: PollSettings, streams: StreamsSettings, granularity: Granularity) -> tuple[Spans, list[str]]:
    """The spans that some settings lead to, and what is wrong with them."""
    monthly = granularity == "month"
    window, sweep, history, request = {
        "month": (3, 24, streams.history_months, 48),
        "day": (14, 390, streams.history_days, 500),
    }.get(granularity, (14, 40, streams.history_hour_days, 31))
    spans = Spans(
        monthly=monthly,
        every=poll.every or _EVERY[granularity],
        window=poll.window or min(window, history),
        sweep_window=poll.sweep_window or min(sweep, history),
        first_load=poll.first_load or history,
        history=history,
        request=poll.request_span or request,
        sweep_every=int(poll.sweep_every_days * DAY),
        full_every=int(poll.full_sweep_every_days * DAY),
    )
    unit = "months" if monthly else "days"
    problems = [
        f"poll.{name}: {length} {unit} reach beyond the history of {history} {unit}; what lies beyond it is never a "
        "base: shorten it, or lengthen the history (streams.history_*) with a new epoch"
        for name, length in (("window", spans.window), ("sweep_window", spans.sweep_window))
        if length > history
    ]
    return spans, problems


def begin(remembered: Remembered, fingerprint: bytes, now: int, day: Day, early: float = 0.0) -> Remembered:
    """What is remembered, with the load or sweep that is due begun.

    Other settings than those the parts were published with: nothing is remembered of them, and the history is loaded
    again, oldest first. ``early``: 0 to 1, another one for each point, so that sweeps spread over a quarter of their
    interval although all points were loaded together.
    """
    share = 1 - early / 4
    if remembered.fingerprint != fingerprint:
        span = day.spans.first_load if remembered.new else day.spans.history
        return replace(remembered, fingerprint=fingerprint, task="load", cursor=day.back(span), parts={})
    if remembered.task != "none":
        return remembered
    if now - remembered.full_at >= day.spans.full_every * share:
        return replace(remembered, task="full", cursor=day.back(day.spans.history))
    if now - remembered.swept_at >= day.spans.sweep_every * share:
        return replace(remembered, task="sweep", cursor=day.back(day.spans.sweep_window))
    return remembered


def window_of(remembered: Remembered, day: Day) -> Window:
    """What to ask for next: the next piece of a load or sweep, else the recent window."""
    end = day.today + 1
    if remembered.task == "none":
        return Window(day.back(day.spans.window), end, "none", last=True)
    stop = min(end, day.forward(remembered.cursor))
    return Window(min(remembered.cursor, day.today), stop, remembered.task, last=stop >= end)


def after(remembered: Remembered, window: Window, now: int) -> Remembered:
    """What to remember of a window that has been polled."""
    if window.task == "none":
        return remembered
    if not window.last:
        return replace(remembered, task=window.task, cursor=window.end)
    full_at = remembered.full_at if window.task == "sweep" else now
    return replace(remembered, task="none", cursor=0, swept_at=now, full_at=full_at)


def _months(day: int, months: int) -> int:
    """The first day of the month so many months before or after that of a day; never before 1970."""
    at = _EPOCH + timedelta(days=day)
    count = max(at.year * 12 + at.month - 1 + months, _EPOCH.year * 12)
    return (date(count // 12, count % 12 + 1, 1) - _EPOCH).days
