"""What a source's polls are counted and told as: metrics per answer, a log line once per unknown code."""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from producer.arrivals import Arrivals
from producer.points import Point
from runtime.metrics import ProducerMetrics
from schemas import instants
from schemas.events import DeadLetter

log = logging.getLogger(__name__)

_TOLD = {
    "field": "readings have a field that the mapping does not know; they flow on",
    "category": "the mapping does not know this category; it flows on with the defaults",
    "method": "the mapping does not know this method; its quality is unknown",
    "off_grid": "readings of this category are dated beside the calendar's grid: check the stamp convention",
}
_TOLD_AT_MOST = 1_000
_SHOWN = 40


class Report:
    """Counts for one source."""

    def __init__(self, source: str, metrics: ProducerMetrics, arrivals: Arrivals | None = None) -> None:
        """Every series of the source exists from the start. ``arrivals``: None: the points are not judged."""
        self.source = source
        self._metrics = metrics
        self._arrivals = arrivals
        self._told: set[tuple[str, str]] = set()
        counters = (metrics.polled, metrics.unchanged, metrics.published)
        self._polled, self._unchanged, self._published = (counter.labels(source) for counter in counters)
        self._newest_answer = self._newest_period = 0

    def received(self, fetched_at: int, newest_period: int | None = None) -> None:
        """An accepted answer: when it was asked for, and the end of the newest period that it has a value of."""
        if fetched_at > self._newest_answer:
            self._newest_answer = fetched_at
            self._metrics.newest_answer.labels(self.source).set(fetched_at / instants.SECOND)
        if newest_period is not None and newest_period > self._newest_period:
            self._newest_period = newest_period
            self._metrics.newest_period.labels(self.source).set(newest_period / instants.SECOND)

    def arrived(self, point: Point, newest_period: int | None, remembered: Collection[int]) -> None:
        """A point was asked for up to today; see :meth:`producer.arrivals.Arrivals.note`."""
        if self._arrivals is not None:
            self._arrivals.note(point.metering_point, newest_period, remembered)

    def polled(self, readings: int, unchanged: int) -> None:
        """What an accepted answer held."""
        self._polled.inc(readings)
        self._unchanged.inc(unchanged)

    def published(self, readings: int) -> None:
        """Readings that were acknowledged."""
        self._published.inc(readings)

    def refused(self, letters: Sequence[DeadLetter]) -> None:
        """Dead letters that were acknowledged."""
        for reason, number in Counter(letter.reason for letter in letters).items():
            self._metrics.refused.labels(self.source, reason).inc(number)

    def unknown(self, found: Iterable[tuple[str, str]]) -> None:
        """Codes that the mapping does not know: (kind, code). They flow on; each is told once."""
        for (kind, code), number in Counter(found).items():
            self._metrics.unknown_codes.labels(self.source, kind).inc(number)
            if (kind, code) not in self._told and len(self._told) < _TOLD_AT_MOST:
                self._told.add((kind, code))
                log.warning(_TOLD[kind], extra={"source": self.source, "code": code[:_SHOWN]})

    def token(self, obtained: float, expires: float) -> None:
        """A new token is in use; both in seconds since 1970."""
        self._metrics.token_obtained.labels(self.source).set(obtained)
        self._metrics.token_expires.labels(self.source).set(expires)

    def points(self, **numbers: int) -> None:
        """How many of the source's points are in each state; and how many are late now."""
        judged = {} if self._arrivals is None else self._arrivals.punctuality(instants.now())._asdict()
        for state, number in (numbers | judged).items():
            self._metrics.points.labels(self.source, state).set(number)
