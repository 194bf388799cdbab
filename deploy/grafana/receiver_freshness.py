"""The panels of one receiver's stage that say how fresh it is."""

from deploy.grafana import runbooks, series
from deploy.grafana.look import NONE_IS_GOOD, too_high
from deploy.grafana.panels import Caption, Panel, Query, graph
from deploy.grafana.promql import or_none, quantile

WHICH = 'receiver="$receiver", stage="$stage"'
SHARES = (0.5, 0.95, 0.99)


def freshness() -> Panel:
    """How long new values took."""
    name = "meterstream_sink_freshness_seconds"
    return graph(
        Caption(
            "Freshness",
            "From the utility's answer being asked for to the committed row, of new and corrected values. A gap: "
            "nothing new came.",
            "s",
            runbooks.FRESHNESS,
        ),
        *(Query(quantile(share, name, WHICH), f"{share:.0%}") for share in SHARES),
        limits=too_high(series.FRESH_SECONDS, 5 * series.FRESH_SECONDS),
    )


def share() -> Panel:
    """How many of them were in time."""
    return graph(
        Caption(
            "Share that is fresh",
            f"Of the new values, how many came within {series.FRESH_WITHIN}: in the last five minutes, hour and day.",
            "percentunit",
            runbooks.FRESHNESS,
        ),
        *(Query(series.fresh_share(window, WHICH), window) for window in ("5m", "1h", "1d")),
    )


def canaries() -> Panel:
    """Whether the road is open now."""
    return graph(
        Caption(
            "Age of the newest canary",
            "For each source. It rises from 0 to 60 seconds and begins anew, as long as the road is open.",
            "s",
            runbooks.CANARY,
        ),
        Query(series.canary_age(WHICH), "{{source}}"),
        limits=too_high(180, 600),
    )


def canary_ages() -> Panel:
    """How long a canary takes."""
    name = "meterstream_sink_canary_age_seconds"
    return graph(
        Caption(
            "A canary's way",
            "From a canary being published to its committed row, the slowest of a hundred, for each source.",
            "s",
            runbooks.CANARY,
        ),
        Query(quantile(0.99, name, WHICH, "source", "5m"), "{{source}}"),
    )


def missed() -> Panel:
    """Whether canaries were lost."""
    gaps = f"sum by (source) (increase(meterstream_sink_canaries_missed_total{{{WHICH}}}[1h]))"
    return graph(
        Caption(
            "Canaries missed, last hour",
            "Gaps in the canaries' numbers: what was published and never arrived. A receiver that reads the topic from "
            "its start sees some, since the topic is compacted.",
            "short",
            runbooks.CANARY,
        ),
        Query(or_none(gaps, "source"), "{{source}}"),
        limits=NONE_IS_GOOD,
    )
