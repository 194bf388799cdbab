"""Who signed off a receiver's test stage, and what has changed since."""

from dataclasses import dataclass

import msgspec

from operations.proof.configuration import configuration
from operations.receivers.stages import Chosen

MADE, SIGNED_OFF = "report_made", "signed_off"
"""Actions of the journal: a report was written, a person confirmed one."""


@dataclass(frozen=True)
class SignOff:
    """A sign-off: of the report with this SHA-256, by whom, when (instant); what has ``changed`` since.

    ``verdict``: of the report. ``despite``: why it was confirmed although it found differences.
    """

    sha256: str
    who: str
    at: int
    changed: tuple[str, ...]
    verdict: str
    despite: str | None


def signed_off(test: Chosen) -> SignOff | None:
    """The newest sign-off of a test stage; None: there is none.

    Raises:
        Transient: its database cannot be used now.
        ConfigError: it has no tables: nothing was ever tested.
    """
    found = [entry for entry in test.upkeep().journal() if entry.action == SIGNED_OFF]
    if not found:
        return None
    said = msgspec.json.decode(found[-1].detail, type=dict[str, str])
    changed = tuple(name for name, now in configuration(test).parts.items() if now != said.get(name))
    return SignOff(said["sha256"], found[-1].who, found[-1].at, changed, said["verdict"], said.get("despite"))


def reports_made(test: Chosen) -> set[str]:
    """The SHA-256 of each report that was made of a test stage.

    Raises:
        Transient, ConfigError: see :func:`signed_off`.
    """
    made = [entry for entry in test.upkeep().journal() if entry.action == MADE]
    return {msgspec.json.decode(entry.detail)["sha256"] for entry in made}
