"""The board of one source: what its utility answers, what of it is missing, and what was made of it."""

from deploy.grafana import runbooks, series
from deploy.grafana.board import Board, Line, Section, Variable
from deploy.grafana.look import NONE_IS_GOOD, ONE_IS_GOOD, STOPPED, YES_NO, Limits, too_high, too_low
from deploy.grafana.panels import Caption, Panel, Query, figure, graph
from deploy.grafana.processes import processes
from deploy.grafana.promql import age, mean, or_none, quantile, rate, total

SOURCE = 'source="$source"'
POINTS = "meterstream_producer_points"


def board() -> Board:
    """From the utility's door to the readings topic."""
    return Board(
        "source",
        "One source: does the utility answer, is everything there that should be, what was refused?",
        [
            Section("", [Line(4, _doors()), Line(4, _points())]),
            Section("The utility's answers", [Line(8, [_calls(), _seconds(), _limit()])]),
            Section("What was in them", [Line(8, [_readings(), _refused(), _codes()])]),
            Section("Metering points", [Line(8, [_states(), _late(), _canaries()])]),
            Section("The producer's processes", [processes("producer")]),
        ],
        [Variable("source", "Source", POINTS)],
    )


def _doors() -> list[Panel]:
    newest = f"max(meterstream_producer_newest_period_timestamp_seconds{{{SOURCE}}})"
    return [
        figure(
            Caption(
                "Accepted",
                "Whether the utility accepts our credentials (it answered neither 401 nor 403).",
                "short",
                runbooks.UNAUTHORISED,
            ),
            Query(f"min(meterstream_producer_source_authorised{{{SOURCE}}})", "accepted"),
            limits=ONE_IS_GOOD,
            words=YES_NO,
        ),
        figure(
            Caption(
                "Polling",
                "Stopped: too much of what the source sends would become dead letters, so that nothing is polled until "
                "the cause is mended.",
                "short",
                runbooks.SOURCE_STOPPED,
            ),
            Query(f"max(meterstream_producer_source_stopped{{{SOURCE}}})", "polling"),
            limits=NONE_IS_GOOD,
            words=STOPPED,
        ),
        figure(
            Caption(
                "Newest answer", "How long ago the newest accepted answer was asked for.", "s", runbooks.NOT_ANSWERING
            ),
            Query(age(f"max(meterstream_producer_newest_answer_timestamp_seconds{{{SOURCE}}})"), "ago"),
        ),
        figure(
            Caption(
                "Newest period",
                "How long ago the newest period ended that was received. What is normal depends on when the utility "
                "publishes: completeness judges it.",
                "s",
            ),
            Query(age(newest), "ago"),
        ),
        figure(
            Caption(
                "Token expires", "In how long the access token expires; sources with OAuth2 only.", "s", runbooks.TOKEN
            ),
            Query(f"min(meterstream_producer_token_expires_timestamp_seconds{{{SOURCE}}}) - time()", "from now"),
            limits=too_low(0, 60),
        ),
        figure(
            Caption("Token's age", "How long ago the access token was obtained; sources with OAuth2 only.", "s"),
            Query(age(f"max(meterstream_producer_token_obtained_timestamp_seconds{{{SOURCE}}})"), "ago"),
        ),
    ]


def _state(title: str, state: str, description: str, limits: Limits, runbooks: tuple[str, ...] = ()) -> Panel:
    query = Query(total(f'{POINTS}{{{SOURCE}, state="{state}"}}'), state)
    return figure(Caption(title, description, "short", runbooks), query, limits=limits)


def _points() -> list[Panel]:
    complete = Caption(
        "Complete",
        "The share of the awaited points whose newest period is there.",
        "percentunit",
        runbooks.COMPLETENESS,
    )
    neutral, late = Limits("blue"), "The newest period should be there by the publishing calendar, and is not."
    return [
        figure(complete, Query(series.complete(SOURCE), "complete"), limits=too_low(0.95, series.COMPLETE_OBJECTIVE)),
        _state("Late", "late", late, NONE_IS_GOOD, runbooks.COMPLETENESS),
        _state("Awaited", "awaited", "Points that the publishing calendar judges now.", neutral),
        _state("Points", "configured", "Metering points in the settings' file.", neutral),
        _state("Failing", "failing", "Points whose last requests failed.", NONE_IS_GOOD, runbooks.POINTS),
        _state(
            "Overdue", "overdue", "Due to be polled for longer than one interval.", too_high(1, 100), runbooks.OVERDUE
        ),
    ]


def _calls() -> Panel:
    return graph(
        Caption(
            "Requests",
            "By outcome: ok, failed, limited (429), unauthorised, unreadable, refused (other 4xx), resent.",
            "reqps",
            runbooks.NOT_ANSWERING,
        ),
        Query(rate("meterstream_producer_calls_total", SOURCE, "outcome"), "{{outcome}}"),
        stacked=True,
    )


def _seconds() -> Panel:
    name = "meterstream_producer_call_seconds"
    return graph(
        Caption("Time per request", "From sending a request to its whole body.", "s"),
        *(Query(quantile(share, name, SOURCE), f"{share:.0%}") for share in (0.5, 0.95, 0.99)),
        Query(mean(name, SOURCE), "mean"),
    )


def _limit() -> Panel:
    return graph(
        Caption(
            "Requests that wait for their turn",
            "How many requests wait at a time for the source's rate limit (limits.requests_per_second). Where it is "
            "always above zero, the limit decides how fast this source is.",
            "short",
        ),
        Query(rate("meterstream_producer_rate_limit_wait_seconds_total", SOURCE), "waiting"),
    )


def _readings() -> Panel:
    names = {"polled": "polled", "unchanged": "unchanged, not published again", "published": "published"}
    return graph(
        Caption("Readings", "Polled: in accepted answers. Most are known already and not published again.", "cps"),
        *(Query(rate(f"meterstream_producer_{name}_total", SOURCE), legend) for name, legend in names.items()),
    )


def _refused() -> Panel:
    return graph(
        Caption(
            "Refused, by reason",
            "Readings and answers that became dead letters.",
            "cps",
            runbooks.LETTERS,
        ),
        Query(or_none(rate("meterstream_producer_refused_total", SOURCE, "reason"), "reason"), "{{reason}}"),
        stacked=True,
    )


def _codes() -> Panel:
    return graph(
        Caption(
            "Unknown codes, by kind",
            "Readings with a category, method or field that the mapping does not know, or dated beside the grid. They "
            "flow on; the mapping wants a look.",
            "cps",
        ),
        Query(or_none(rate("meterstream_producer_unknown_codes_total", SOURCE, "kind"), "kind"), "{{kind}}"),
        stacked=True,
    )


def _states() -> Panel:
    return graph(
        Caption("Metering points, by state", "A point may be in several states.", "short", runbooks.POINTS),
        Query(total(f"{POINTS}{{{SOURCE}}}", "state"), "{{state}}"),
    )


def _late() -> Panel:
    return graph(
        Caption(
            "Completeness",
            "The share of the awaited points whose newest period is there. A dip when the utility publishes is normal; "
            "one that stays is a missing delivery.",
            "percentunit",
            runbooks.COMPLETENESS,
        ),
        Query(series.complete(SOURCE), "complete"),
    )


def _canaries() -> Panel:
    return graph(
        Caption("Canaries sent", "One a minute, unless they are switched off.", "cpm", runbooks.CANARY_SENT),
        Query(f"60 * {rate('meterstream_producer_canaries_total', SOURCE, window='5m')}", "a minute"),
    )
