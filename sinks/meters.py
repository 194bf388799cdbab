"""What one receiver's worker counts, once per batch."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge

from runtime.metrics import SinkMetrics
from runtime.settings.receiver import Stage
from schemas import instants
from schemas.events import DeadLetter
from sinks.batch import Row
from sinks.decoding import Decoded
from sinks.writer import Written

FRESH_CAUSES = ("new", "corrected")


class Meters:
    """The sink metrics of one receiver's stage."""

    def __init__(self, registry: CollectorRegistry, receiver: str, stage: Stage = "production") -> None:
        """Registers them; every series of the receiver is there from the start."""
        metrics = SinkMetrics(registry)
        labels = (receiver, stage)
        self._consumed = metrics.consumed.labels(*labels)
        self._written = metrics.written.labels(*labels)
        self._superseded = metrics.superseded.labels(*labels)
        self._withheld = metrics.withheld.labels(*labels)
        self._freshness = metrics.freshness_seconds.labels(*labels)
        self._batch_rows = metrics.batch_rows.labels(*labels)
        self._dead_letters = metrics.dead_letters
        self._labels = labels
        self.transaction_seconds = metrics.transaction_seconds.labels(*labels)
        self.waiting = metrics.waiting.labels(*labels)
        self._stopped = metrics.stopped
        self.left = metrics.left_records.labels(*labels)
        self.lag = metrics.lag_records.labels(*labels)

    def decoded(self, records: int, decoded: Decoded) -> None:
        """Records were read, and their dead letters acknowledged."""
        self._consumed.inc(records)
        self._withheld.inc(decoded.withheld)
        for letter in decoded.letters:
            self.dead_letter(letter)

    def dead_letter(self, letter: DeadLetter) -> None:
        """One more dead letter."""
        self._dead_letters.labels(*self._labels, letter.reason).inc()

    def stopped(self, what: str) -> Gauge:
        """1 while nothing is delivered: too many ``records``, or ``rows``, would be dead letters."""
        return self._stopped.labels(*self._labels, what)

    def written_again(self, written: Written | None) -> None:
        """A transaction of a second pass is committed; its values are as old as they are: nothing is said of that."""
        if written is not None:
            self._written.inc(written.rows)

    def delivered(self, rows: Sequence[Row], written: Written | None, now: int) -> None:
        """A transaction is committed; ``written`` is None where its answer was lost: then rows are not counted."""
        if not rows:
            return
        self._batch_rows.observe(len(rows))
        if written is not None:
            self._written.inc(written.rows)
            self._superseded.inc(max(0, len(rows) - written.rows - written.refused))
        self._freshness.observe_all(
            [(now - row.fetched_at) / instants.SECOND for row in rows if row.cause in FRESH_CAUSES]
        )
