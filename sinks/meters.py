"""What one receiver's worker counts, once per batch."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from runtime.metrics import SinkMetrics
from schemas import instants
from schemas.events import DeadLetter
from sinks.batch import Row
from sinks.decoding import Decoded
from sinks.writer import Written

FRESH_CAUSES = ("new", "corrected")


class Meters:
    """The sink metrics of one receiver."""

    def __init__(self, registry: CollectorRegistry, receiver: str) -> None:
        """Registers them; every series of the receiver is there from the start."""
        metrics = SinkMetrics(registry)
        self._consumed = metrics.consumed.labels(receiver)
        self._written = metrics.written.labels(receiver)
        self._superseded = metrics.superseded.labels(receiver)
        self._withheld = metrics.withheld.labels(receiver)
        self._freshness = metrics.freshness_seconds.labels(receiver)
        self._batch_rows = metrics.batch_rows.labels(receiver)
        self._dead_letters = metrics.dead_letters
        self._receiver = receiver
        self.transaction_seconds = metrics.transaction_seconds.labels(receiver)
        self.waiting = metrics.waiting.labels(receiver)
        self.stopped = metrics.stopped
        self.lag = metrics.lag_records.labels(receiver)

    def decoded(self, records: int, decoded: Decoded) -> None:
        """Records were read, and their dead letters acknowledged."""
        self._consumed.inc(records)
        self._withheld.inc(decoded.withheld)
        for letter in decoded.letters:
            self.dead_letter(letter)

    def dead_letter(self, letter: DeadLetter) -> None:
        """One more dead letter."""
        self._dead_letters.labels(self._receiver, letter.reason).inc()

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
