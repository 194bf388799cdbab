"""Every metric of the product, a line of help each: the table of contents of what can be watched.

Labels are bounded (source, receiver, stage, reason, outcome …); a metering point is never one. Counters are fed once
per batch. Timestamps are seconds since 1970 in UTC, and absent until there is one. The registry is passed in: nothing
is global.
"""

from typing import Literal, get_args

from prometheus_client import CollectorRegistry

from runtime.series import Series

AGES = (0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600)
"""Seconds, in few buckets: for what is kept for each pair of a source and a receiver."""
BATCH = (1, 10, 100, 1_000, 5_000, 10_000, 50_000, 100_000)

ProcessName = Literal["producer", "streams", "sink", "sinks", "observer"]
SinkState = Literal["starting", "waiting", "live", "paused", "retired", "unreachable", "stopped"]
SINK_STATES: tuple[SinkState, ...] = get_args(SinkState)


class ProcessMetrics:
    """What every process says of itself."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.build_info = Series(registry).gauge(
            "meterstream_build_info", "1: this release runs as this process.", "version", "process"
        )


class ProducerMetrics:
    """From the utility's API to the readings topic."""

    def __init__(self, registry: CollectorRegistry) -> None:
        of = Series(registry, ("source",))
        self.calls = of.counter(
            "meterstream_producer_calls",
            "Requests to the utility by outcome: ok, failed, limited (429), unauthorised, unreadable, "
            "refused (other 4xx), resent (by the HTTP client, after a kept connection was closed).",
            "outcome",
        )
        self.call_seconds = of.histogram(
            "meterstream_producer_call_seconds", "From sending a request to its whole body."
        )
        self.rate_limit_wait_seconds = of.counter(
            "meterstream_producer_rate_limit_wait_seconds",
            "Seconds that requests waited for their turn (limits.requests_per_second): the sum over all requests.",
        )
        self.polled = of.counter("meterstream_producer_polled", "Readings in accepted answers.")
        self.published = of.counter("meterstream_producer_published", "Readings published and acknowledged.")
        self.unchanged = of.counter(
            "meterstream_producer_unchanged",
            "Readings not published again: their day or month was published before, as it is.",
        )
        self.refused = of.counter(
            "meterstream_producer_refused", "Readings and answers that became dead letters, by reason.", "reason"
        )
        self.unknown_codes = of.counter(
            "meterstream_producer_unknown_codes",
            "Readings with a category, method or field that the mapping does not know, or off_grid: dated beside the "
            "calendar's grid; they flow on.",
            "kind",
        )
        self.newest_answer = of.gauge(
            "meterstream_producer_newest_answer_timestamp_seconds", "When the newest accepted answer was asked for."
        )
        self.newest_period = of.gauge(
            "meterstream_producer_newest_period_timestamp_seconds", "The end of the newest period received."
        )
        self.points = of.gauge(
            "meterstream_producer_points",
            "Metering points by state: configured; due; overdue (due for longer than a poll interval); failing; "
            "awaited (those that the publishing calendar judges), late (of these: the newest period that should be "
            "there is not), silent (nothing ever came).",
            "state",
        )
        self.authorised = of.gauge(
            "meterstream_producer_source_authorised",
            "1: the utility accepts our credentials; 0: it answered 401 or 403.",
        )
        self.token_obtained = of.gauge(
            "meterstream_producer_token_obtained_timestamp_seconds", "When the token in use was given (OAuth 2)."
        )
        self.token_expires = of.gauge(
            "meterstream_producer_token_expires_timestamp_seconds", "When the token in use expires (OAuth 2)."
        )
        self.stopped = of.gauge(
            "meterstream_producer_source_stopped",
            "1 while the source is not polled, because too much of it would be dead letters (dead_letters.stop_…).",
        )
        self.canaries = of.counter("meterstream_producer_canaries", "Canaries published and acknowledged.")


class StreamsMetrics:
    """From the readings topic to the values topic."""

    def __init__(self, registry: CollectorRegistry) -> None:
        of = Series(registry)
        self.consumed = of.counter("meterstream_streams_consumed", "Records read and committed.")
        self.duplicates = of.counter(
            "meterstream_streams_duplicates", "Readings that changed nothing: equal content, or an older version."
        )
        self.published = of.counter(
            "meterstream_streams_published", "Meter values published, by cause: new, corrected, recomputed.", "cause"
        )
        self.held = of.counter(
            "meterstream_streams_held", "Meter values published with their consumption held back, by reason.", "reason"
        )
        self.dead_letters = of.counter(
            "meterstream_streams_dead_letters", "Records that became dead letters.", "reason"
        )
        self.chunk_records = of.histogram("meterstream_streams_chunk_records", "Records per transaction.", BATCH)
        self.chunk_seconds = of.histogram(
            "meterstream_streams_chunk_seconds", "From taking a chunk to its committed transaction."
        )
        self.delay_seconds = of.batch_histogram(
            "meterstream_streams_delay_seconds",
            "From the utility's answer being asked for to its committed meter value (new and corrected values).",
        )
        self.lag_records = of.gauge(
            "meterstream_streams_lag_records", "Records of the partitions held that are not yet committed."
        )
        self.recovery_seconds = of.histogram(
            "meterstream_streams_recovery_seconds", "Loading the state of one partition."
        )
        self.recovering = of.gauge("meterstream_streams_recovering", "Partitions whose state is being loaded.")
        self.partitions = of.gauge("meterstream_streams_partitions", "Partitions held.")
        self.state_series = of.gauge("meterstream_streams_state_series", "Series held in memory.")
        self.state_bytes = of.gauge("meterstream_streams_state_bytes", "Encoded size of the state held in memory.")
        self.stopped = of.gauge(
            "meterstream_streams_stopped",
            "1 while nothing is committed, because too much of it would be dead letters (dead_letters.stop_…).",
        )


class SinkMetrics:
    """From the values topic to one receiver's database."""

    def __init__(self, registry: CollectorRegistry) -> None:
        of = Series(registry, ("receiver", "stage"))
        self.consumed = of.counter("meterstream_sink_consumed", "Records read and committed.")
        self.written = of.counter("meterstream_sink_rows_written", "Rows inserted or replaced.")
        self.superseded = of.counter(
            "meterstream_sink_rows_superseded", "Rows not written: the table, or the same batch, held a newer one."
        )
        self.withheld = of.counter("meterstream_sink_rows_withheld", "Values not meant for this receiver.")
        self.dead_letters = of.counter(
            "meterstream_sink_dead_letters", "Records and rows that became dead letters.", "reason"
        )
        self.freshness_seconds = of.batch_histogram(
            "meterstream_sink_freshness_seconds",
            "From the utility's answer being asked for to its committed row (new and corrected values).",
        )
        self.newest_row = of.gauge(
            "meterstream_sink_newest_row_timestamp_seconds",
            "When the utility's answer was asked for of which the newest row is that this process has committed.",
        )
        self.batch_rows = of.histogram("meterstream_sink_batch_rows", "Rows per transaction.", BATCH)
        self.transaction_seconds = of.histogram("meterstream_sink_transaction_seconds", "One database transaction.")
        self.lag_records = of.gauge(
            "meterstream_sink_lag_records",
            "Records between this receiver's position and the end of the values topic.",
        )
        self.lag_seconds = of.gauge(
            "meterstream_sink_lag_seconds",
            "0 while everything is read and committed; else the age of the newest record read, since it was published.",
        )
        self.left_records = of.gauge(
            "meterstream_sink_second_pass_records",
            "Records that are still to be read again, for points that were mapped later or after a rewind.",
        )
        self.drops = of.counter("meterstream_sink_drops", "Drops made, by receivers of files.")
        self.state = of.gauge(
            "meterstream_sink_state",
            "1 for the present one of: starting, waiting (for go-live), live, paused, retired, unreachable (the "
            "database), stopped (too much would be dead letters); 0 for the others.",
            "state",
        )
        self.waiting = of.gauge("meterstream_sink_waiting", "1 while the database cannot be written and is waited for.")
        self.stopped = of.gauge(
            "meterstream_sink_stopped",
            "1 while nothing is delivered, because too much of it would be dead letters (dead_letters.stop_…): "
            "records that cannot be read, rows that the database refuses.",
            "what",
        )
        canaries = Series(registry, ("receiver", "stage", "source"))
        self.canary_age_seconds = canaries.histogram(
            "meterstream_sink_canary_age_seconds", "From a canary being published to its committed row.", AGES
        )
        self.canary = canaries.gauge(
            "meterstream_sink_canary_timestamp_seconds", "When the newest committed canary was published."
        )
        self.canaries_missed = canaries.counter(
            "meterstream_sink_canaries_missed", "Canaries that never came: gaps in their numbers."
        )


class SupervisorMetrics:
    """Every receiver's worker on one machine (``python -m sinks --all``)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        of = Series(registry, ("receiver", "stage"))
        self.running = of.gauge(
            "meterstream_receivers_running",
            "1: the receiver's worker runs; 0: it starts, crashed, or is held. How it does its own metrics say.",
        )
        self.restarts = of.counter("meterstream_receivers_restarts", "Starts of the receiver's worker after the first.")


class ObserverMetrics:
    """The system as Kafka has it (``meterstream observe``). What cannot be asked for is not there."""

    def __init__(self, registry: CollectorRegistry) -> None:
        of = Series(registry)
        self.open = of.picture(
            "meterstream_dead_letters_open", "Dead letters that nothing was done about.", "stage", "reason"
        )
        self.parked = of.picture(
            "meterstream_dead_letters_parked",
            "Dead letters that were put back again and again in vain.",
            "stage",
            "reason",
        )
        self.oldest_open = of.picture(
            "meterstream_dead_letters_oldest_open_timestamp_seconds",
            "When the oldest open one was first seen.",
            "stage",
            "reason",
        )
        self.topic_end = of.picture(
            "meterstream_topic_end_offset", "Where the topic ends: the sum over its partitions.", "topic"
        )
        self.topic_bytes = of.picture(
            "meterstream_topic_bytes", "What the topic takes on the disks of all brokers, replicas included.", "topic"
        )
        self.under_replicated = of.picture(
            "meterstream_topic_under_replicated_partitions", "Partitions of which a replica is not in sync.", "topic"
        )
        self.group_lag = of.picture(
            "meterstream_group_lag_records",
            "Records between a consumer group's committed positions and the ends of its topic.",
            "group",
        )
        self.brokers = of.picture("meterstream_brokers", "Brokers in service.")
        self.disk_total = of.picture(
            "meterstream_broker_disk_total_bytes", "Size of the volumes that hold the broker's logs.", "broker"
        )
        self.disk_usable = of.picture("meterstream_broker_disk_usable_bytes", "What is left of them.", "broker")
        self.last_success = of.picture(
            "meterstream_observer_last_success_timestamp_seconds", "When the observer last saw everything."
        )
