"""Every metric of the product, a line of help each: the table of contents of what can be watched.

Labels are bounded (source, receiver, stage, reason, outcome …); a metering point is never one. Counters are fed once
per batch. The registry is passed in: nothing is global.
"""

import collections
from bisect import bisect_left
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = tuple(round(0.005 * 1.25**step, 4) for step in range(50))
"""5 ms to 280 s, each bucket 25 % above the last: a quantile read from them is off by at most that."""
BATCH = (1, 10, 100, 1_000, 5_000, 10_000, 50_000, 100_000)


class BatchHistogram(Histogram):
    """A histogram that is told of a batch at once: 0.2 µs an amount instead of 1."""

    def observe_all(self, amounts: Sequence[float]) -> None:
        """As many calls of ``observe``. The names are private to prometheus_client, which is pinned."""
        for place, count in collections.Counter(bisect_left(self._upper_bounds, each) for each in amounts).items():
            self._buckets[place].inc(count)
        self._sum.inc(sum(amounts))


class ProducerMetrics:
    """From the utility's API to the readings topic."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Registers every series."""
        self.calls = Counter(
            "meterstream_producer_calls",
            "Requests to the utility by outcome: ok, failed, limited (429), unauthorised, unreadable, "
            "refused (other 4xx), resent (by the HTTP client, after a kept connection was closed).",
            ["source", "outcome"],
            registry=registry,
        )
        self.call_seconds = Histogram(
            "meterstream_producer_call_seconds",
            "From sending a request to its whole body.",
            ["source"],
            buckets=SECONDS,
            registry=registry,
        )
        self.polled = Counter(
            "meterstream_producer_polled", "Readings in accepted answers.", ["source"], registry=registry
        )
        self.published = Counter(
            "meterstream_producer_published",
            "Readings published and acknowledged.",
            ["source"],
            registry=registry,
        )
        self.unchanged = Counter(
            "meterstream_producer_unchanged",
            "Readings not published again: their day or month was published before, as it is.",
            ["source"],
            registry=registry,
        )
        self.refused = Counter(
            "meterstream_producer_refused",
            "Readings and answers that became dead letters, by reason.",
            ["source", "reason"],
            registry=registry,
        )
        self.unknown_codes = Counter(
            "meterstream_producer_unknown_codes",
            "Readings with a category, method or field that the mapping does not know, or off_grid: dated beside the "
            "calendar's grid; they flow on.",
            ["source", "kind"],
            registry=registry,
        )
        self.points = Gauge(
            "meterstream_producer_points",
            "Metering points by state: configured, due, failing.",
            ["source", "state"],
            registry=registry,
        )
        self.authorised = Gauge(
            "meterstream_producer_source_authorised",
            "1: the utility accepts our credentials; 0: it answered 401 or 403.",
            ["source"],
            registry=registry,
        )
        self.stopped = Gauge(
            "meterstream_producer_source_stopped",
            "1 while the source is not polled, because too much of it would be dead letters (dead_letters.stop_…).",
            ["source"],
            registry=registry,
        )


class StreamsMetrics:
    """From the readings topic to the values topic."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Registers every series."""
        self.consumed = Counter("meterstream_streams_consumed", "Records read and committed.", registry=registry)
        self.duplicates = Counter(
            "meterstream_streams_duplicates",
            "Readings that changed nothing: equal content, or an older version.",
            registry=registry,
        )
        self.published = Counter(
            "meterstream_streams_published",
            "Meter values published, by cause: new, corrected, recomputed.",
            ["cause"],
            registry=registry,
        )
        self.held = Counter(
            "meterstream_streams_held",
            "Meter values published with their consumption held back, by reason.",
            ["reason"],
            registry=registry,
        )
        self.dead_letters = Counter(
            "meterstream_streams_dead_letters", "Records that became dead letters.", ["reason"], registry=registry
        )
        self.chunk_records = Histogram(
            "meterstream_streams_chunk_records", "Records per transaction.", buckets=BATCH, registry=registry
        )
        self.chunk_seconds = Histogram(
            "meterstream_streams_chunk_seconds",
            "From taking a chunk to its committed transaction.",
            buckets=SECONDS,
            registry=registry,
        )
        self.recovery_seconds = Histogram(
            "meterstream_streams_recovery_seconds",
            "Loading the state of one partition.",
            buckets=SECONDS,
            registry=registry,
        )
        self.partitions = Gauge("meterstream_streams_partitions", "Partitions held.", registry=registry)
        self.state_series = Gauge("meterstream_streams_state_series", "Series held in memory.", registry=registry)
        self.state_bytes = Gauge(
            "meterstream_streams_state_bytes", "Encoded size of the state held in memory.", registry=registry
        )
        self.stopped = Gauge(
            "meterstream_streams_stopped",
            "1 while nothing is committed, because too much of it would be dead letters (dead_letters.stop_…).",
            registry=registry,
        )


class SinkMetrics:
    """From the values topic to one receiver's database."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Registers every series."""
        self.consumed = Counter(
            "meterstream_sink_consumed", "Records read and committed.", ["receiver", "stage"], registry=registry
        )
        self.written = Counter(
            "meterstream_sink_rows_written", "Rows inserted or replaced.", ["receiver", "stage"], registry=registry
        )
        self.superseded = Counter(
            "meterstream_sink_rows_superseded",
            "Rows not written: the table, or the same batch, held a newer one.",
            ["receiver", "stage"],
            registry=registry,
        )
        self.withheld = Counter(
            "meterstream_sink_rows_withheld",
            "Values not meant for this receiver.",
            ["receiver", "stage"],
            registry=registry,
        )
        self.dead_letters = Counter(
            "meterstream_sink_dead_letters",
            "Records and rows that became dead letters.",
            ["receiver", "stage", "reason"],
            registry=registry,
        )
        self.freshness_seconds = BatchHistogram(
            "meterstream_sink_freshness_seconds",
            "From the utility's answer being asked for to its committed row (new and corrected values).",
            ["receiver", "stage"],
            buckets=SECONDS,
            registry=registry,
        )
        self.batch_rows = Histogram(
            "meterstream_sink_batch_rows",
            "Rows per transaction.",
            ["receiver", "stage"],
            buckets=BATCH,
            registry=registry,
        )
        self.transaction_seconds = Histogram(
            "meterstream_sink_transaction_seconds",
            "One database transaction.",
            ["receiver", "stage"],
            buckets=SECONDS,
            registry=registry,
        )
        self.lag_records = Gauge(
            "meterstream_sink_lag_records",
            "Records between this receiver's position and the end of the values topic.",
            ["receiver", "stage"],
            registry=registry,
        )
        self.left_records = Gauge(
            "meterstream_sink_second_pass_records",
            "Records that are still to be read again, for points that were mapped later or after a rewind.",
            ["receiver", "stage"],
            registry=registry,
        )
        self.waiting = Gauge(
            "meterstream_sink_waiting",
            "1 while the database cannot be written and is waited for.",
            ["receiver", "stage"],
            registry=registry,
        )
        self.stopped = Gauge(
            "meterstream_sink_stopped",
            "1 while nothing is delivered, because too much of it would be dead letters (dead_letters.stop_…): "
            "records that cannot be read, rows that the database refuses.",
            ["receiver", "stage", "what"],
            registry=registry,
        )


class SupervisorMetrics:
    """Every receiver's worker on one machine (``python -m sinks --all``)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Registers every series."""
        self.running = Gauge(
            "meterstream_receivers_running",
            "1: the receiver's worker runs; 0: it starts, crashed, or is held. How it does its own metrics say.",
            ["receiver", "stage"],
            registry=registry,
        )
        self.restarts = Counter(
            "meterstream_receivers_restarts",
            "Starts of the receiver's worker after the first.",
            ["receiver", "stage"],
            registry=registry,
        )
