"""The board of the streams workers: from the readings topic to the values topic."""

from deploy.grafana import runbooks
from deploy.grafana.board import Board, Line, Section
from deploy.grafana.look import NONE_IS_GOOD, PLAIN, STOPPED, Limits, too_high
from deploy.grafana.panels import Caption, Panel, Query, figure, graph
from deploy.grafana.processes import processes
from deploy.grafana.promql import WINDOW, mean, or_none, or_zero, quantile, rate, total

SHARES = (0.5, 0.95, 0.99)


def board() -> Board:
    """How readings become meter values."""
    return Board(
        "streams",
        "The streams workers: do they keep up, what did they make of the readings, how do they do?",
        [
            Section("", [Line(4, _figures())]),
            Section("From readings to meter values", [Line(8, [_consumed(), _published(), _lag()])]),
            Section("What was held or refused", [Line(8, [_held(), _refused()])]),
            Section("How long it takes", [Line(8, [_delay(), _chunks(), _chunk_size()])]),
            Section("State", [Line(8, [_partitions(), _state(), _recovery()])]),
            Section("The workers' processes", [processes("streams")]),
        ],
    )


def _figures() -> list[Panel]:
    lag = "Records of the readings topic that are not committed yet, of all partitions that are held."
    working = "Stopped: too much would become dead letters, so that nothing is committed until the cause is mended."
    return [
        _figure(
            "Workers",
            'count(up{job="streams"} == 1)',
            "Workers that answer when they are asked for their metrics.",
            Limits("red", ((1, "green"),)),
        ),
        _figure(
            "Partitions held",
            total("meterstream_streams_partitions"),
            "By all workers together: every partition of the epoch.",
        ),
        _figure("Behind", total("meterstream_streams_lag_records"), lag, too_high(10_000, 1_000_000), runbooks.STREAMS),
        figure(
            Caption("Working", working, "short", runbooks.STREAMS_STOPPED),
            Query("max(meterstream_streams_stopped)", "working"),
            limits=NONE_IS_GOOD,
            words=STOPPED,
        ),
        _figure(
            "Recovering",
            total("meterstream_streams_recovering"),
            "Partitions whose state is being loaded: their readings wait so long.",
            too_high(1, 1000),
            runbooks.RECOVERING,
        ),
        _figure(
            "Series in memory",
            total("meterstream_streams_state_series"),
            "Pairs of a metering point and a delivery category.",
        ),
    ]


def _figure(
    title: str, expression: str, description: str, limits: Limits = PLAIN, books: tuple[str, ...] = ()
) -> Panel:
    return figure(Caption(title, description, "short", books), Query(expression, title.lower()), limits=limits)


def _consumed() -> Panel:
    return graph(
        Caption("Readings", "Read and committed; of these, those that changed nothing.", "cps", runbooks.STREAMS),
        Query(rate("meterstream_streams_consumed_total"), "consumed"),
        Query(rate("meterstream_streams_duplicates_total"), "of these duplicates"),
    )


def _published() -> Panel:
    return graph(
        Caption(
            "Meter values, by cause",
            "New; corrected: the utility sent other content; recomputed: a neighbour changed.",
            "cps",
        ),
        Query(or_none(rate("meterstream_streams_published_total", by="cause"), "cause"), "{{cause}}"),
        stacked=True,
    )


def _lag() -> Panel:
    return graph(
        Caption("Behind", "Records that are not committed yet, by worker.", "short", runbooks.STREAMS),
        Query("meterstream_streams_lag_records", "{{instance}}"),
        stacked=True,
    )


def _held() -> Panel:
    return graph(
        Caption(
            "Held consumption, by reason",
            "Meter values that were published with their consumption held back.",
            "cps",
            runbooks.HELD,
        ),
        Query(or_none(rate("meterstream_streams_held_total", by="reason"), "reason"), "{{reason}}"),
        stacked=True,
    )


def _refused() -> Panel:
    return graph(
        Caption("Dead letters, by reason", "Records that could not be used.", "cps", runbooks.LETTERS),
        Query(or_none(rate("meterstream_streams_dead_letters_total", by="reason"), "reason"), "{{reason}}"),
        stacked=True,
    )


def _delay() -> Panel:
    return graph(
        Caption(
            "Delay so far",
            "From the utility's answer being asked for to the committed meter value. A gap: nothing new came.",
            "s",
            runbooks.STREAMS,
        ),
        *(Query(quantile(share, "meterstream_streams_delay_seconds"), f"{share:.0%}") for share in SHARES),
    )


def _chunks() -> Panel:
    return graph(
        Caption("Time per transaction", "From taking a chunk of records to its committed transaction.", "s"),
        *(Query(quantile(share, "meterstream_streams_chunk_seconds"), f"{share:.0%}") for share in SHARES),
    )


def _chunk_size() -> Panel:
    return graph(
        Caption("Records per transaction", "Large chunks: the workers are catching up.", "short"),
        Query(mean("meterstream_streams_chunk_records"), "mean"),
    )


def _partitions() -> Panel:
    return graph(
        Caption("Partitions, by worker", "Shares move when a worker comes or goes.", "short", runbooks.RECOVERING),
        Query("meterstream_streams_partitions", "{{instance}}"),
        Query(total("meterstream_streams_recovering"), "being loaded"),
        stacked=True,
    )


def _state() -> Panel:
    return graph(
        Caption(
            "State, by worker", "Encoded size of what is held in memory; the process takes a few times that.", "bytes"
        ),
        Query("meterstream_streams_state_bytes", "{{instance}}"),
        stacked=True,
    )


def _recovery() -> Panel:
    loaded = f"sum(increase(meterstream_streams_recovery_seconds_sum[{WINDOW}]))"
    return graph(
        Caption(
            "Spent loading state",
            "Seconds of loading that ended in each interval, all partitions: at a start, and when partitions move.",
            "s",
            runbooks.RECOVERING,
        ),
        Query(or_zero(loaded), "loading"),
    )
