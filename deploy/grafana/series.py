"""The answers that several boards give: how fresh, how complete, in which state. One definition of each."""

from deploy.grafana.look import STATES
from deploy.grafana.promql import age, rate, total

RECEIVER = "receiver, stage"
JOBS = 'job=~"producer|streams|sinks|observer"'
FIRING = 'ALERTS{alertstate="firing", severity=~"page|ticket"}'
FRESH_SECONDS = 58.7747
"""A bound of the buckets in which freshness is counted."""
FRESH_WITHIN = "a minute"
FRESH_OBJECTIVE = 0.99
COMPLETE_OBJECTIVE = 0.99
PERIOD = "30d"
_NAMES = {1: "starting", 2: "waiting", 3: "live", 4: "paused", 5: "retired", 6: "unreachable", 7: "stopped"}
"""The numbers of :data:`STATES` by the label ``state``."""


def receiver_state(selector: str = "") -> str:
    """The state of each receiver's worker as its number in :data:`deploy.grafana.look.STATES`."""
    after = f", {selector}" if selector else ""
    each = (f'{number} * meterstream_sink_state{{state="{_NAMES[number]}"{after}}}' for number in STATES)
    return f"max by ({RECEIVER}) ({' or '.join(each)})"


def complete(selector: str = "") -> str:
    """The share of the awaited points of each source whose newest period is there; all, where none is awaited."""
    late, awaited = (_points(state, selector) for state in ("late", "awaited"))
    return f"1 - ({late} / ({awaited} > 0) or 0 * {awaited})"


def _points(state: str, selector: str) -> str:
    matchers = ", ".join(part for part in (f'state="{state}"', selector) if part)
    return total(f"meterstream_producer_points{{{matchers}}}", "source")


def fresh_share(window: str, selector: str = "") -> str:
    """The share of new values within the objective, for each receiver and stage; all, where none came."""
    bucket = ", ".join(part for part in (f'le="{FRESH_SECONDS}"', selector) if part)
    fresh = rate("meterstream_sink_freshness_seconds_bucket", bucket, RECEIVER, window)
    every = rate("meterstream_sink_freshness_seconds_count", selector, RECEIVER, window)
    return f"({fresh} / ({every} > 0)) or 1 + 0 * {every}"


def canary_age(selector: str = "") -> str:
    """How old the newest canary is that arrived, for each receiver, stage and source."""
    return age(f"max by ({RECEIVER}, source) (meterstream_sink_canary_timestamp_seconds{{{selector}}})")


def fresh_budget(selector: str = "") -> str:
    """What is left of the error budget of freshness, for each receiver and stage: 1 all, 0 none, less: missed."""
    return f"1 - (1 - ({fresh_share(PERIOD, selector)})) / {1 - FRESH_OBJECTIVE:.3g}"


def complete_budget(selector: str = "") -> str:
    """The same of completeness, for each source."""
    return f"1 - (1 - avg_over_time(({complete(selector)})[{PERIOD}:5m])) / {1 - COMPLETE_OBJECTIVE:.3g}"


def budget_left() -> str:
    """Both, one series for each receiver and each source."""
    return f"({fresh_budget()}) or ({complete_budget()})"
