"""The board for one look: does everything arrive, fresh and complete, everywhere?"""

from deploy.grafana import runbooks, series
from deploy.grafana.board import Board, Line, Section, way_to
from deploy.grafana.look import NONE_IS_GOOD, PLAIN, STATES, too_high, too_low
from deploy.grafana.panels import Caption, Column, Key, Panel, Query, figure, graph, rows, timeline
from deploy.grafana.promql import age, or_none, or_zero, quantile, rate, total
from deploy.grafana.series import RECEIVER

WORST = "Worst"


def board() -> Board:
    """One screen: figures, the road from left to right, and how it went lately."""
    road = Line(7, [_sources(), _topics(), _receivers()], widths=(8, 5, 11))
    lately = Line(7, [_flow(), _freshness(), _completeness(), _canaries()])
    trouble = Line(6, [_letters(), _budget(), _alerts()])
    return Board(
        "overview",
        "Is everything fresh, is everything complete? From the sources over the topics to each receiver. "
        "Click a source or a receiver for its own board.",
        [Section("", [Line(4, _figures()), road, lately, trouble])],
    )


def _figures() -> list[Panel]:
    return [
        figure(
            Caption(
                "Alerts",
                "Alerts that fire now, of severity page or ticket. The timeline below names them; each has a runbook.",
                "short",
            ),
            Query(or_zero(f"count({series.FIRING})"), "firing"),
            limits=NONE_IS_GOOD,
        ),
        figure(
            Caption(
                "Freshness, worst receiver",
                f"The share of new and corrected values of the last hour that were in the receiver's database within "
                f"{series.FRESH_WITHIN} of the utility's answer. The objective is {series.FRESH_OBJECTIVE:.0%}.",
                "percentunit",
                runbooks.FRESHNESS,
            ),
            Query(f"min({series.fresh_share('1h')})", WORST),
            limits=too_low(0.95, series.FRESH_OBJECTIVE),
        ),
        figure(
            Caption(
                "Completeness, worst source",
                "The share of the metering points whose newest period should be there by the source's publishing "
                "calendar, and is. Between two publishings of a nightly feed nothing new is awaited.",
                "percentunit",
                runbooks.COMPLETENESS,
            ),
            Query(f"min({series.complete()})", WORST),
            limits=too_low(0.95, series.COMPLETE_OBJECTIVE),
        ),
        figure(
            Caption(
                "Error budget left",
                "What is left of what the objectives allow to be late or missing in 30 days, where least is left. "
                "Below zero the objective is missed.",
                "percentunit",
                runbooks.FRESHNESS,
            ),
            Query(f"min({series.budget_left()})", WORST),
            limits=too_low(0.0, 0.25),
        ),
        figure(
            Caption(
                "Canary, oldest",
                "A canary is sent through the whole road each minute, for each source. This is how long ago the newest "
                "one was published that reached the receiver which is furthest behind.",
                "s",
                runbooks.CANARY,
            ),
            Query(f"max({series.canary_age()})", WORST),
            limits=too_high(180, 600),
        ),
        figure(
            Caption(
                "Open dead letters",
                "Readings, records and rows that could not be used and that nobody has dealt with yet.",
                "short",
                runbooks.LETTERS,
            ),
            Query(or_zero(total("meterstream_dead_letters_open")), "open"),
            limits=NONE_IS_GOOD,
        ),
        figure(
            Caption(
                "Held, last day",
                "Meter values whose consumption was held back in the last 24 hours: a register that fell, a value "
                "beyond its limit, a unit without conversion. Receivers get the value, and why it is held.",
                "short",
                runbooks.HELD,
            ),
            Query(or_zero("sum(increase(meterstream_streams_held_total[24h]))"), "held"),
            limits=too_high(1, 1000),
        ),
        figure(
            Caption(
                "Processes away",
                "Processes of the system that do not answer when they are asked for their metrics.",
                "short",
                runbooks.AWAY,
            ),
            Query(or_zero(f"count(up{{{series.JOBS}}} == 0)"), "away"),
            limits=NONE_IS_GOOD,
        ),
    ]


def _sources() -> Panel:
    points = "meterstream_producer_points"
    return rows(
        Caption(
            "Sources", "What the utilities deliver. Click a source for its own board.", "short", runbooks.NOT_ANSWERING
        ),
        Column("Answered", age("max by (source) (meterstream_producer_newest_answer_timestamp_seconds)"), "s"),
        Column("Complete", series.complete(), "percentunit", too_low(0.95, series.COMPLETE_OBJECTIVE)),
        Column("Points", total(f'{points}{{state="configured"}}', "source"), "short"),
        Column("Failing", total(f'{points}{{state="failing"}}', "source"), "short", NONE_IS_GOOD),
        Column("Readings/s", rate("meterstream_producer_polled_total", by="source"), "short"),
        key=Key("source", way_to("source", "source")),
    )


def _topics() -> Panel:
    return rows(
        Caption("Topics", "What Kafka keeps on the way.", "short", runbooks.DISK),
        Column("Records/s", "sum by (topic) (rate(meterstream_topic_end_offset[5m]))", "short"),
        Column("Size", total("meterstream_topic_bytes", "topic"), "bytes"),
        key=Key("topic", way_to("kafka")),
    )


def _receivers() -> Panel:
    return rows(
        Caption(
            "Receivers",
            "What each receiver's worker delivers, for each of its stages. Click a receiver for its own board.",
            "short",
            runbooks.RECEIVER,
        ),
        Column("State", series.receiver_state(), "short", PLAIN, STATES),
        Column("Fresh, 1 h", series.fresh_share("1h"), "percentunit", too_low(0.95, series.FRESH_OBJECTIVE)),
        Column("Newest row", age(f"max by ({RECEIVER}) (meterstream_sink_newest_row_timestamp_seconds)"), "s"),
        Column("Behind", f"max by ({RECEIVER}) (meterstream_sink_lag_records)", "short", too_high(10_000, 1_000_000)),
        Column("Canary", f"max by ({RECEIVER}) ({series.canary_age()})", "s", too_high(180, 600)),
        Column("Rows/s", rate("meterstream_sink_rows_written_total", by=RECEIVER), "short"),
        key=Key("receiver", way_to("receiver", "receiver", "stage")),
        also=("stage",),
    )


def _flow() -> Panel:
    return graph(
        Caption("Along the road", "How much flows at each step: each keeps pace with the one before it.", "cps"),
        Query(rate("meterstream_producer_polled_total"), "readings polled"),
        Query(rate("meterstream_producer_published_total"), "readings published"),
        Query(rate("meterstream_streams_published_total"), "meter values"),
        Query(rate("meterstream_sink_rows_written_total", by="receiver"), "rows of {{receiver}}"),
    )


def _freshness() -> Panel:
    spread = quantile(0.99, "meterstream_sink_freshness_seconds", by=RECEIVER)
    return graph(
        Caption(
            "Freshness, 99 %",
            "From the utility's answer being asked for to the committed row: 99 of 100 new values took no longer. "
            "A gap: nothing new came.",
            "s",
            runbooks.FRESHNESS,
        ),
        Query(spread, "{{receiver}} {{stage}}"),
        limits=too_high(series.FRESH_SECONDS, 5 * series.FRESH_SECONDS),
    )


def _completeness() -> Panel:
    return graph(
        Caption(
            "Completeness",
            "The share of the awaited metering points of each source whose newest period is there.",
            "percentunit",
            runbooks.COMPLETENESS,
        ),
        Query(series.complete(), "{{source}}"),
    )


def _canaries() -> Panel:
    return graph(
        Caption(
            "Age of the newest canary",
            "At each receiver, for each source. It rises from 0 to 60 seconds and begins anew; what rises further "
            "says that the road is blocked, even when the utility sends nothing.",
            "s",
            runbooks.CANARY,
        ),
        Query(series.canary_age(), "{{source}} at {{receiver}} {{stage}}"),
        limits=too_high(180, 600),
    )


def _letters() -> Panel:
    return graph(
        Caption("Open dead letters", "By the stage that refused them.", "short", runbooks.LETTERS),
        Query(or_none(total("meterstream_dead_letters_open", "stage"), "stage"), "{{stage}}"),
        stacked=True,
    )


def _budget() -> Panel:
    return graph(
        Caption(
            "Error budget left",
            "What the objectives of 30 days still allow. A steep fall is what pages; a slow one is a ticket.",
            "percentunit",
            (*runbooks.FRESHNESS, *runbooks.COMPLETENESS),
        ),
        Query(series.fresh_budget(), "fresh: {{receiver}} {{stage}}"),
        Query(series.complete_budget(), "complete: {{source}}"),
    )


def _alerts() -> Panel:
    return timeline(
        Caption("Alerts", "Which alerts fired when. A zero alone: none.", "short"),
        Query(or_none(f"count by (alertname) ({series.FIRING})", "alertname"), "{{alertname}}"),
        words={},
        limits=NONE_IS_GOOD,
    )
