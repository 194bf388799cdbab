"""The board of Kafka: what it keeps, who is behind, how much room there is."""

from deploy.grafana import runbooks
from deploy.grafana.board import Board, Line, Section
from deploy.grafana.look import NONE_IS_GOOD, PLAIN, Limits, too_high, too_low
from deploy.grafana.panels import Caption, Panel, Query, figure, graph
from deploy.grafana.processes import processes
from deploy.grafana.promql import age, total
from deploy.grafana.series import RECEIVER

USABLE, TOTAL = "meterstream_broker_disk_usable_bytes", "meterstream_broker_disk_total_bytes"


def board() -> Board:
    """Kafka as the observer sees it."""
    return Board(
        "kafka",
        "Kafka: who is behind, what the topics hold, how much room the brokers have. The observer asks for it.",
        [
            Section("", [Line(4, _figures())]),
            Section("Who is behind", [Line(9, [_groups(), _receivers(), _receivers_seconds()])]),
            Section("Topics", [Line(9, [_ends(), _sizes(), _replicas()])]),
            Section("Brokers", [Line(8, [_used(), _room()])]),
            Section("The observer's process", [processes("observer")]),
        ],
    )


def _figures() -> list[Panel]:
    full = f"min(predict_linear({USABLE}[6h], 4 * 86400))"
    least = f"min({USABLE} / {TOTAL})"
    looked = "How long ago the observer last saw everything: what this board shows is as old as that."
    behind = "The largest lag of a consumer group, in records."
    return [
        _figure("Brokers", "max(meterstream_brokers)", "Brokers in service.", "short", Limits("red", ((1, "green"),))),
        _figure(
            "Under-replicated",
            total("meterstream_topic_under_replicated_partitions"),
            "Partitions of which a replica is not in sync.",
            "short",
            NONE_IS_GOOD,
            runbooks.REPLICAS,
        ),
        _figure(
            "Least room", least, "Free share of the fullest disk.", "percentunit", too_low(0.1, 0.25), runbooks.DISK
        ),
        _figure(
            "Room in 4 days",
            full,
            "If it goes on as in the last 6 hours.",
            "bytes",
            Limits("red", ((1, "green"),)),
            runbooks.DISK,
        ),
        _figure(
            "Furthest behind",
            "max(meterstream_group_lag_records)",
            behind,
            "short",
            too_high(10_000, 1_000_000),
            runbooks.RECEIVER,
        ),
        _figure(
            "Looked",
            age("max(meterstream_observer_last_success_timestamp_seconds)"),
            looked,
            "s",
            too_high(120, 600),
            runbooks.OBSERVER,
        ),
    ]


def _figure(
    title: str, expression: str, description: str, unit: str, limits: Limits = PLAIN, books: tuple[str, ...] = ()
) -> Panel:
    return figure(Caption(title, description, unit, books), Query(expression, title.lower()), limits=limits)


def _groups() -> Panel:
    return graph(
        Caption(
            "Lag of consumer groups",
            "Records between a group's positions and the ends of its topic. Receivers report theirs as groups, too.",
            "short",
            (*runbooks.STREAMS, *runbooks.RECEIVER),
        ),
        Query(total("meterstream_group_lag_records", "group"), "{{group}}"),
    )


def _receivers() -> Panel:
    return graph(
        Caption(
            "Receivers behind, in records",
            "By their own position, kept in their databases.",
            "short",
            runbooks.RECEIVER,
        ),
        Query(f"max by ({RECEIVER}) (meterstream_sink_lag_records)", "{{receiver}} {{stage}}"),
    )


def _receivers_seconds() -> Panel:
    return graph(
        Caption(
            "Receivers behind, in seconds",
            "The age of the newest record that a receiver read; 0 where it has read everything.",
            "s",
            runbooks.RECEIVER,
        ),
        Query(f"max by ({RECEIVER}) (meterstream_sink_lag_seconds)", "{{receiver}} {{stage}}"),
    )


def _ends() -> Panel:
    return graph(
        Caption("Records written", "How fast each topic grows at its end.", "cps"),
        Query("sum by (topic) (rate(meterstream_topic_end_offset[5m]))", "{{topic}}"),
    )


def _sizes() -> Panel:
    return graph(
        Caption("Size of topics", "On the disks of all brokers, replicas included.", "bytes", runbooks.DISK),
        Query(total("meterstream_topic_bytes", "topic"), "{{topic}}"),
        stacked=True,
    )


def _replicas() -> Panel:
    return graph(
        Caption("Under-replicated partitions", "By topic. Each waits for a broker.", "short", runbooks.REPLICAS),
        Query(total("meterstream_topic_under_replicated_partitions", "topic"), "{{topic}}"),
        limits=NONE_IS_GOOD,
    )


def _used() -> Panel:
    return graph(
        Caption(
            "Disk in use",
            "The share of each broker's volumes that is taken, by whatever.",
            "percentunit",
            runbooks.DISK,
        ),
        Query(f"1 - {USABLE} / {TOTAL}", "broker {{broker}}"),
        limits=too_high(0.75, 0.9),
    )


def _room() -> Panel:
    return graph(
        Caption("Room left", "What is left on each broker's volumes.", "bytes", runbooks.DISK),
        Query(USABLE, "broker {{broker}}"),
    )
