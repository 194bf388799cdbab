"""What one receiver's worker counts, once per batch."""

import time
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter

from runtime.metrics import SinkMetrics
from runtime.settings.receiver import Stage
from schemas import instants
from schemas.events import DeadLetter
from sinks.batch import Row
from sinks.canaries import Canaries
from sinks.condition import Behind, Condition
from sinks.decoding import Decoded
from sinks.writer import Written

FRESH_CAUSES = ("new", "corrected")


class Meters:
    """The sink metrics of one receiver's stage."""

    def __init__(self, registry: CollectorRegistry, receiver: str, stage: Stage = "production") -> None:
        """Registers them; every series of the receiver is there from the start, but for drops and timestamps."""
        self._metrics = metrics = SinkMetrics(registry)
        labels = (receiver, stage)
        self._consumed = metrics.consumed.labels(*labels)
        self._written = metrics.written.labels(*labels)
        self._superseded = metrics.superseded.labels(*labels)
        self._withheld = metrics.withheld.labels(*labels)
        self._freshness = metrics.freshness_seconds.labels(*labels)
        self._batch_rows = metrics.batch_rows.labels(*labels)
        self._canaries = Canaries(metrics, labels)
        self._dead_letters = metrics.dead_letters
        self._labels = labels
        self.transaction_seconds = metrics.transaction_seconds.labels(*labels)
        self.left = metrics.left_records.labels(*labels)
        self.condition = Condition(metrics, *labels)
        self.behind = Behind(metrics, *labels, time.time)
        self._newest = 0

    def decoded(self, records: int, decoded: Decoded) -> None:
        """Records were read, and their dead letters acknowledged."""
        self._consumed.inc(records)
        self._withheld.inc(decoded.withheld)
        for letter in decoded.letters:
            self.dead_letter(letter)

    def dead_letter(self, letter: DeadLetter) -> None:
        """One more dead letter."""
        self._dead_letters.labels(*self._labels, letter.reason).inc()

    def drops(self) -> Counter:
        """What counts the drops of a receiver of files."""
        return self._metrics.drops.labels(*self._labels)

    def written_again(self, written: Written | None) -> None:
        """A transaction of a second pass is committed; its values are as old as they are: nothing is said of that."""
        if written is not None:
            self._written.inc(written.rows)

    def delivered(self, rows: Sequence[Row], written: Written | None, now: int) -> None:
        """A transaction is committed; ``written`` is None where its answer was lost: then rows are not counted.

        Canaries are counted apart: nobody is shown them, and a feed that brings nothing else is not fresh.
        """
        self._canaries.delivered((row for row in rows if row.canary is not None), now)
        rows = [row for row in rows if row.canary is None]
        if not rows:
            return
        self._batch_rows.observe(len(rows))
        self._newest = max(self._newest, *(row.fetched_at for row in rows))
        self._metrics.newest_row.labels(*self._labels).set(self._newest / instants.SECOND)
        if written is not None:
            self._written.inc(written.rows)
            self._superseded.inc(max(0, len(rows) - written.rows - written.refused))
        self._freshness.observe_all(
            [(now - row.fetched_at) / instants.SECOND for row in rows if row.cause in FRESH_CAUSES]
        )
