"""One thing that is not as it should be, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["page", "ticket", "info"]
"""As in the alerts: somebody must look now; on the next working day; never, it is as somebody wants it."""
SEVERITIES: tuple[Severity, ...] = ("page", "ticket", "info")


@dataclass(frozen=True)
class Finding:
    """One line.

    Attributes:
        severity: how bad it is.
        alert: the alert that says the same, and has a runbook; None where there is none.
        subject: what it is about: ``source NAME``, ``streams``, ``receiver NAME``, ``cluster`` …
        text: what is the matter.
        action: a command, or a page of this handbook.
    """

    severity: Severity
    alert: str | None
    subject: str
    text: str
    action: str = ""

    @property
    def runbook(self) -> str | None:
        """The page about its alert."""
        return None if self.alert is None else f"docs/runbooks/{self.alert}.md"

    @property
    def next(self) -> str:
        """What to do next."""
        return self.action or self.runbook or ""


@dataclass(frozen=True)
class Limits:
    """From where on a figure is a finding: as in the alerts, as far as one look can tell. Seconds, records, shares.

    Attributes:
        answer_polls: a source should have answered within so many polls of a point,
        answer: and within this, whatever the polls.
        missing: share of a source's points that lack a period: more is a missing feed,
        late: more is beyond what is promised for a month.
        overdue: share of the points that wait for a poll.
        token: for how long one may be expired.
        lag: records that streams may be behind, as when somebody has just loaded a point's history.
        behind: that a receiver may be.
        canary: how old the newest canary of a receiver may be.
        letters: for how long a dead letter may be open.
        disk_low: share of a broker's disk that is free; less is a ticket,
        disk_full: and less than this is a page.
    """

    answer_polls: float = 3.0
    answer: float = 1_800.0
    missing: float = 0.5
    late: float = 0.02
    overdue: float = 0.5
    token: float = 300.0
    lag: int = 10_000
    behind: float = 600.0
    canary: float = 300.0
    letters: float = 3 * 86_400.0
    disk_low: float = 0.2
    disk_full: float = 0.1


def span(seconds: float) -> str:
    """``45 s``, ``12 min``, ``5 h``, ``3 d``."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
