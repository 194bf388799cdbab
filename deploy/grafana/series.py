"""The answers that several boards give: how fresh, how complete, in which state. One definition of each."""

from deploy.grafana.look import STATES
from deploy.grafana.promql import age, total

RECEIVER = "receiver, stage"
JOBS = 'job=~"producer|streams|sinks|observer"'
FIRING = 'ALERTS{alertstate="firing", severity=~"page|ticket"}'
FRESH_SECONDS = 58.7747
FRESH_WITHIN = "a minute"
"""What deploy/prometheus/rules/freshness.yml counts as fresh: a bound of the buckets."""
FRESH_OBJECTIVE = 0.99
COMPLETE_OBJECTIVE = 0.98
_NAMES = {1: "starting", 2: "waiting", 3: "live", 4: "paused", 5: "retired", 6: "unreachable", 7: "stopped"}
"""The numbers of :data:`STATES` by the label ``state``."""


def receiver_state(selector: str = "") -> str:
    """The state of each receiver's worker as its number in :data:`deploy.grafana.look.STATES`."""
    after = f", {selector}" if selector else ""
    each = (f'{number} * meterstream_sink_state{{state="{_NAMES[number]}"{after}}}' for number in STATES)
    return f"max by ({RECEIVER}) ({' or '.join(each)})"


def complete(selector: str = "") -> str:
    """The share of the awaited points of each source whose newest period is there; all, where none is awaited."""
    matchers = ", ".join(part for part in ('state="awaited"', selector) if part)
    everything = f"1 + 0 * {total(f'meterstream_producer_points{{{matchers}}}', 'source')}"
    return f"1 - source:meterstream_points_late_now:ratio{{{selector}}} or {everything}"


def fresh_share(window: str, selector: str = "") -> str:
    """The share of new values within the objective, for each receiver and stage; all, where none came.

    ``window``: one of those that the rules record.
    """
    everything = f"1 + 0 * max by ({RECEIVER}) (meterstream_sink_lag_records{{{selector}}})"
    return f"1 - receiver_stage:meterstream_sink_late:ratio{window}{{{selector}}} or {everything}"


def canary_age(selector: str = "") -> str:
    """How old the newest canary is that arrived, for each receiver, stage and source."""
    return age(f"max by ({RECEIVER}, source) (meterstream_sink_canary_timestamp_seconds{{{selector}}})")


def fresh_budget(selector: str = "") -> str:
    """What is left of the error budget of freshness, for each receiver and stage: 1 all, 0 none, less: missed."""
    return f"receiver_stage:meterstream_freshness_budget:remaining30d{{{selector}}}"


def complete_budget() -> str:
    """The same of completeness, for each source."""
    return "source:meterstream_completeness_budget:remaining30d"


def budget_left() -> str:
    """Both, one series for each receiver and each source."""
    return f"{fresh_budget()} or {complete_budget()}"
