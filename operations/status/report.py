"""The status for programs: one JSON object, whose shape is in docs/status.md."""

from dataclasses import dataclass

import msgspec

from operations.status.finding import Finding
from operations.status.findings import healthy
from operations.status.snapshot import Snapshot

FORMAT = 1
"""Rises when a field is taken away or comes to mean something else; a new one does not raise it."""


@dataclass(frozen=True)
class _Line:
    severity: str
    alert: str | None
    subject: str
    text: str
    next: str
    runbook: str | None


def as_json(seen: Snapshot, found: tuple[Finding, ...]) -> str:
    """The findings, the worst first, and everything that was seen."""
    lines = [_Line(each.severity, each.alert, each.subject, each.text, each.next, each.runbook) for each in found]
    shown = {"format": FORMAT, "healthy": healthy(found), "findings": lines, **vars(seen)}
    return msgspec.json.format(msgspec.json.encode(shown), indent=2).decode()
