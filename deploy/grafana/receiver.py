"""The board of one receiver's stage: from the values topic to its database."""

from deploy.grafana import runbooks, series
from deploy.grafana.board import Board, Line, Section, Variable
from deploy.grafana.look import NONE_IS_GOOD, PLAIN, STATES, STOPPED, Limits, too_high, too_low
from deploy.grafana.panels import Caption, Panel, Query, figure, graph, timeline
from deploy.grafana.processes import processes
from deploy.grafana.promql import age, mean, or_none, or_zero, quantile, rate
from deploy.grafana.receiver_freshness import SHARES, WHICH, canaries, canary_ages, freshness, missed, share


def board() -> Board:
    """Is this receiver served?"""
    return Board(
        "receiver",
        "One receiver: is it served, how fresh is what it has, what was refused or withheld?",
        [
            Section("", [Line(4, _figures()), Line(4, [_states()])]),
            Section("Fresh", [Line(8, [freshness(), share(), canaries(), canary_ages()])]),
            Section("Keeping up", [Line(8, [_lag(), _lag_seconds(), _rows()])]),
            Section("Refused", [Line(8, [_refused(), _circuits(), missed()])]),
            Section("Its database", [Line(8, [_transactions(), _batches(), _waiting()])]),
            Section("Besides", [Line(8, [_second_pass(), _worker(), _restarts(), _drops()])]),
            Section("The sinks' processes", [processes("sinks")]),
        ],
        [
            Variable("receiver", "Receiver", "meterstream_sink_consumed_total"),
            Variable("stage", "Stage", 'meterstream_sink_consumed_total{receiver="$receiver"}'),
        ],
    )


def _figures() -> list[Panel]:
    newest = age(f"max(meterstream_sink_newest_row_timestamp_seconds{{{WHICH}}})")
    answered = "How long before now the utility's answer was asked for that brought the newest row."
    objective = f"The share of new values of the last hour that came within {series.FRESH_WITHIN}."
    budget = "What is left of what the objective of 30 days allows to be late. Below zero the objective is missed."
    canary = "How long ago the canary was published that arrived last, for the source which is furthest behind."
    behind = "Records between this receiver's position and the end of the values topic."
    return [
        figure(
            Caption("State", "What the receiver's worker is doing.", "short", runbooks.UNREACHABLE),
            Query(series.receiver_state(WHICH), "state"),
            limits=Limits("blue"),
            words=STATES,
        ),
        _figure(
            "Fresh, 1 h",
            series.fresh_share("1h", WHICH),
            objective,
            "percentunit",
            too_low(0.95, series.FRESH_OBJECTIVE),
        ),
        _figure("Error budget left", series.fresh_budget(WHICH), budget, "percentunit", too_low(0, 0.25)),
        _figure("Newest row", newest, answered, "s"),
        _figure("Canary, oldest", f"max({series.canary_age(WHICH)})", canary, "s", too_high(180, 600)),
        _figure(
            "Behind", f"max(meterstream_sink_lag_records{{{WHICH}}})", behind, "short", too_high(10_000, 1_000_000)
        ),
    ]


def _figure(title: str, expression: str, description: str, unit: str, limits: Limits = PLAIN) -> Panel:
    caption = Caption(title, description, unit, runbooks.RECEIVER)
    return figure(caption, Query(expression, title.lower()), limits=limits)


def _states() -> Panel:
    return timeline(
        Caption("State over time", "What the receiver's worker was doing.", "short", runbooks.UNREACHABLE),
        Query(series.receiver_state(WHICH), "{{receiver}} {{stage}}"),
        words=STATES,
    )


def _lag() -> Panel:
    return graph(
        Caption("Behind, in records", "Up to the end of the values topic.", "short", runbooks.RECEIVER),
        Query(f"max(meterstream_sink_lag_records{{{WHICH}}})", "behind"),
    )


def _lag_seconds() -> Panel:
    return graph(
        Caption(
            "Behind, in seconds",
            "0 while everything is read and committed; else the age of the newest record read.",
            "s",
            runbooks.RECEIVER,
        ),
        Query(f"max(meterstream_sink_lag_seconds{{{WHICH}}})", "behind"),
    )


def _rows() -> Panel:
    names = {
        "consumed": "records read",
        "rows_written": "written",
        "rows_superseded": "superseded: a newer one was there",
        "rows_withheld": "withheld: not meant for this receiver",
    }
    return graph(
        Caption("Rows", "What became of the values that were read.", "rowsps", runbooks.RECEIVER),
        *(Query(rate(f"meterstream_sink_{name}_total", WHICH), legend) for name, legend in names.items()),
    )


def _refused() -> Panel:
    return graph(
        Caption(
            "Dead letters, by reason",
            "Records that cannot be read, rows that the database refuses.",
            "cps",
            runbooks.LETTERS,
        ),
        Query(or_none(rate("meterstream_sink_dead_letters_total", WHICH, "reason"), "reason"), "{{reason}}"),
        stacked=True,
    )


def _circuits() -> Panel:
    return timeline(
        Caption(
            "Circuits",
            "Stopped: too many records, or rows, would become dead letters; nothing is delivered meanwhile.",
            "short",
            runbooks.RECEIVER_STOPPED,
        ),
        Query(or_none(f"max by (what) (meterstream_sink_stopped{{{WHICH}}})", "what"), "{{what}}"),
        words=STOPPED,
    )


def _transactions() -> Panel:
    name = "meterstream_sink_transaction_seconds"
    return graph(
        Caption("Time per transaction", "One transaction in the receiver's database.", "s", runbooks.UNREACHABLE),
        *(Query(quantile(share, name, WHICH), f"{share:.0%}") for share in SHARES),
    )


def _batches() -> Panel:
    return graph(
        Caption("Rows per transaction", "Large batches: the receiver is catching up.", "short"),
        Query(mean("meterstream_sink_batch_rows", WHICH), "mean"),
    )


def _waiting() -> Panel:
    return timeline(
        Caption("Database", "Whether the database can be written, or is waited for.", "short", runbooks.UNREACHABLE),
        Query(f"max(meterstream_sink_waiting{{{WHICH}}})", "database"),
        words={0: ("written", "green"), 1: ("waited for", "red")},
    )


def _second_pass() -> Panel:
    return graph(
        Caption(
            "Second pass",
            "Records that are still to be read again, for points that were mapped later or after a rewind.",
            "short",
        ),
        Query(f"max(meterstream_sink_second_pass_records{{{WHICH}}})", "left"),
    )


def _worker() -> Panel:
    kept, alone = f"max(meterstream_receivers_running{{{WHICH}}})", f"max(meterstream_sink_state{{{WHICH}}} >= bool 0)"
    return timeline(
        Caption(
            "Worker",
            "Whether the receiver's worker runs: as the process says that keeps the workers of all receivers, else by "
            "its own metrics being there.",
            "short",
            runbooks.RESTARTS,
        ),
        Query(f"{kept} or {alone}", "worker"),
        words={0: ("away", "red"), 1: ("runs", "green")},
    )


def _restarts() -> Panel:
    restarts = f"sum(increase(meterstream_receivers_restarts_total{{{WHICH}}}[1h]))"
    return graph(
        Caption(
            "Restarts, last hour",
            "How often the worker was started again, where one process keeps the workers of all receivers.",
            "short",
            runbooks.RESTARTS,
        ),
        Query(or_zero(restarts), "restarts"),
        limits=NONE_IS_GOOD,
    )


def _drops() -> Panel:
    drops = f"sum(increase(meterstream_sink_drops_total{{{WHICH}}}[1h]))"
    return graph(
        Caption("Drops, last hour", "Sets of files that were made, by receivers of files only.", "short"),
        Query(or_zero(drops), "drops"),
    )
