"""The board of dead letters: what could not be used, and whether anybody deals with it."""

from deploy.grafana import runbooks, series
from deploy.grafana.board import Board, Line, Section
from deploy.grafana.look import NONE_IS_GOOD, PLAIN, STOPPED, Limits, too_high
from deploy.grafana.panels import Caption, Panel, Query, figure, graph, timeline
from deploy.grafana.promql import age, or_none, or_zero, rate, total

OPEN, PARKED = "meterstream_dead_letters_open", "meterstream_dead_letters_parked"
OLDEST = "meterstream_dead_letters_oldest_open_timestamp_seconds"


def board() -> Board:
    """What stands open, since when, and what comes."""
    return Board(
        "dead-letters",
        "Dead letters: what could not be used, why, and whether anybody deals with it. "
        "`meterstream dead-letters list` and `replay` do the rest.",
        [
            Section("", [Line(4, _figures())]),
            Section("What stands open", [Line(9, [_open(), _oldest(), _parked()])]),
            Section("What comes", [Line(9, [_producer(), _streams(), _sinks()])]),
            Section("Stages that stop rather than drain their feed", [Line(6, [_circuits()])]),
        ],
        since="now-24h",
    )


def _figures() -> list[Panel]:
    coming = or_zero(" + ".join(f"({or_zero(f'sum(increase({name}[24h]))')})" for name in _COUNTED))
    stopped = "Sources, streams workers and receivers that stopped, because too much would become dead letters."
    return [
        _figure("Open", or_zero(total(OPEN)), "Nobody has dealt with them yet.", "short", NONE_IS_GOOD),
        _figure(
            "Parked",
            or_zero(total(PARKED)),
            "Put back three times in vain: they want a decision.",
            "short",
            NONE_IS_GOOD,
        ),
        _figure(
            "Oldest open", or_zero(age(f"min({OLDEST})")), "Since it was first seen.", "s", too_high(86_400, 604_800)
        ),
        _figure("Seen, last day", coming, "Sightings at all stages in the last 24 hours.", "short", PLAIN),
        _figure("Stopped", or_zero(f"sum({_STOPPED})"), stopped, "short", NONE_IS_GOOD),
    ]


_COUNTED = (
    "meterstream_producer_refused_total",
    "meterstream_streams_dead_letters_total",
    "meterstream_sink_dead_letters_total",
)
_STOPPED = (
    "max by (source) (meterstream_producer_source_stopped) or max by (job) (meterstream_streams_stopped)"
    f" or max by ({series.RECEIVER}) (meterstream_sink_stopped)"
)


def _figure(title: str, expression: str, description: str, unit: str, limits: Limits) -> Panel:
    caption = Caption(title, description, unit, runbooks.LETTERS)
    return figure(caption, Query(expression, title.lower()), limits=limits)


def _open() -> Panel:
    return _standing("Open", "By the stage that refused them, and the reason.", "short", total(OPEN, "stage, reason"))


def _oldest() -> Panel:
    oldest = age(f"min by (stage, reason) ({OLDEST})")
    return _standing("Age of the oldest open one", "Since it was first seen, by stage and reason.", "s", oldest)


def _parked() -> Panel:
    return _standing("Parked", "Put back three times in vain.", "short", total(PARKED, "stage, reason"))


def _standing(title: str, description: str, unit: str, expression: str) -> Panel:
    caption = Caption(title, description, unit, (*runbooks.LETTERS, *runbooks.PARKED))
    return graph(caption, Query(or_none(expression, "stage"), "{{stage}} {{reason}}"))


def _producer() -> Panel:
    expression = rate("meterstream_producer_refused_total", by="source, reason")
    return _coming("Of the producer", "Readings and answers.", expression, "source", "{{source}} {{reason}}")


def _streams() -> Panel:
    expression = rate("meterstream_streams_dead_letters_total", by="reason")
    return _coming("Of streams", "Records of the readings topic.", expression, "reason", "{{reason}}")


def _sinks() -> Panel:
    expression = rate("meterstream_sink_dead_letters_total", by="receiver, stage, reason")
    return _coming(
        "Of receivers", "Records, and rows refused.", expression, "receiver", "{{receiver}} {{stage}} {{reason}}"
    )


def _coming(title: str, description: str, expression: str, label: str, legend: str) -> Panel:
    caption = Caption(title, description, "cps", runbooks.LETTERS)
    return graph(caption, Query(or_none(expression, label), legend), stacked=True)


def _circuits() -> Panel:
    return timeline(
        Caption(
            "Circuits",
            "A stage that would drain its feed into the dead letters stops; it goes on once the cause is mended.",
            "short",
            (*runbooks.SOURCE_STOPPED, *runbooks.STREAMS_STOPPED, *runbooks.RECEIVER_STOPPED),
        ),
        Query("max by (source) (meterstream_producer_source_stopped)", "source {{source}}"),
        Query("max(meterstream_streams_stopped)", "streams"),
        Query(or_none(f"max by ({series.RECEIVER}) (meterstream_sink_stopped)", "receiver"), "{{receiver}} {{stage}}"),
        words=STOPPED,
    )
