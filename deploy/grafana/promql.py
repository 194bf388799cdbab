"""Phrases of PromQL that the boards have in common. A selector is written without braces: ``source="$source"``."""

WINDOW = "$__rate_interval"
"""Grafana's own: wide enough for four scrapes, whatever the time range."""


def rate(counter: str, selector: str = "", by: str = "", window: str = WINDOW) -> str:
    """How much a counter rises a second, over every process, for each value of ``by`` (label names)."""
    return total(f"rate({counter}{{{selector}}}[{window}])", by)


def total(series: str, by: str = "") -> str:
    """The sum over every process, for each value of ``by``."""
    return f"sum by ({by}) ({series})" if by else f"sum({series})"


def quantile(share: float, histogram: str, selector: str = "", by: str = "", window: str = WINDOW) -> str:
    """A quantile of what a histogram counted lately, over every process, for each value of ``by``."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share:g}, {rate(f'{histogram}_bucket', selector, labels, window)})"


def mean(histogram: str, selector: str = "") -> str:
    """The mean of what a histogram counted lately; nothing where it counted nothing."""
    return f"{rate(f'{histogram}_sum', selector)} / ({rate(f'{histogram}_count', selector)} > 0)"


def age(timestamp: str) -> str:
    """Seconds since an instant."""
    return f"time() - {timestamp}"


def or_zero(expression: str) -> str:
    """Zero where there is nothing: what never happened was not counted."""
    return f"({expression}) or on () vector(0)"


def or_none(expression: str, label: str) -> str:
    """A zero that is labelled ``none`` where there is nothing."""
    return f'({expression}) or on () label_replace(vector(0), "{label}", "none", "", "")'
