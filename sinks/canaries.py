"""Canaries as they arrive at one receiver: how old they are when they are committed, and which never came."""

from collections.abc import Iterable

from runtime.metrics import SinkMetrics
from schemas import instants
from sinks.batch import Row


class Canaries:
    """The canaries of one receiver's stage, by source."""

    def __init__(self, metrics: SinkMetrics, labels: tuple[str, str]) -> None:
        """``labels``: receiver and stage. What came before the start of the process is not known."""
        self._metrics = metrics
        self._labels = labels
        self._newest: dict[str, Row] = {}

    def delivered(self, rows: Iterable[Row], now: int) -> None:
        """Rows of canaries are committed."""
        for row in rows:
            labels = (*self._labels, row.source)
            self._metrics.canary_age_seconds.labels(*labels).observe((now - row.fetched_at) / instants.SECOND)
            newest = self._newest.get(row.source)
            missed = self._metrics.canaries_missed.labels(*labels)
            if newest is None or row.fetched_at > newest.fetched_at:
                missed.inc(0 if newest is None else _missed(newest, row))
                self._newest[row.source] = row
                self._metrics.canary.labels(*labels).set(row.fetched_at / instants.SECOND)


def _missed(before: Row, row: Row) -> int:
    """How many numbers were left out between two canaries.

    They rise at most once a second; what is further apart was sent at another interval, and its numbers begin anew.
    """
    risen = (row.canary or 0) - (before.canary or 0)
    possible = (row.fetched_at - before.fetched_at) // instants.SECOND + 1
    return risen - 1 if 1 <= risen <= possible else 0
