"""docs/alerts-seen.md: which alert told of which fault, and how soon."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local.chaos.alarm_rules import FASTER
from local.chaos.records import machine

HEAD = f"""# Which alert tells of which fault

Written by `python -m local.chaos.alarms --write`; do not edit. A real Prometheus scraped the local system each second
and evaluated the rules of [deploy/prometheus](../deploy/prometheus), with every duration in them (`for`, ranges,
offsets, limits in seconds, the canary's interval) divided by {FASTER}. Each fault was held until an alert that is meant
for it fired, and ten seconds more. **Seen** is what passed from the fault to the alert in that run; **by the rules** is
that times {FASTER}: what it takes with the durations as they stand, or less, since what does not depend on them (a
time-out, a session that ends) is counted {FASTER} times, too. The objectives, which judge days, were left out.

"""


@dataclass(frozen=True)
class Seen:
    """What one fault raised.

    Attributes:
        fault: its name.
        expected: alerts of which any tells of it.
        fired: each alert that fired, and how many seconds after the fault; in that order.
        right: whether it was told, or, where nothing was broken, nothing fired.
    """

    fault: str
    expected: tuple[str, ...]
    fired: Mapping[str, float]
    right: bool


def page(seen: Sequence[Seen]) -> str:
    """The whole page."""
    rows = "".join(f"{_row(each)}\n" for each in seen)
    told = sum(each.right for each in seen)
    summary = f"{told} of {len(seen)} as they must be, on {machine()}.\n\n"
    return f"{HEAD}{summary}| fault | told by | seen | by the rules | besides |\n|---|---|---|---|---|\n{rows}"


def _row(seen: Seen) -> str:
    first = next((name for name in seen.fired if name in seen.expected), None)
    besides = ", ".join(f"{_linked(name)} {seconds:.0f} s" for name, seconds in seen.fired.items() if name != first)
    if first is None:
        told = "nothing, as it must be" if seen.right else "**nothing**"
        return f"| {seen.fault} | {told} | | | {besides} |"
    seconds = seen.fired[first]
    return f"| {seen.fault} | {_linked(first)} | {seconds:.0f} s | {seconds * FASTER / 60:.0f} min | {besides} |"


def _linked(name: str) -> str:
    return f"[{name}](runbooks/{name}.md)"
