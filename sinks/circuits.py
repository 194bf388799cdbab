"""When a receiver's worker stops instead of draining the values topic into the dead letters."""

from collections.abc import Callable
from dataclasses import dataclass

from runtime.circuit import Circuit, Shown
from runtime.settings.dead_letters import DeadLetterSettings


@dataclass(frozen=True)
class Circuits:
    """Two, since they fail for different reasons: records that are no values, and rows that the database refuses."""

    records: Circuit
    rows: Circuit

    @classmethod
    def of(cls, limits: DeadLetterSettings, receiver: str, stopped: Callable[[str], Shown]) -> "Circuits":
        """Those of a receiver. ``stopped``: gives the metric of ``records``, and that of ``rows``."""
        records = Circuit(limits, f"the records for receiver {receiver}", stopped("records"))
        return cls(records, Circuit(limits, f"the rows of receiver {receiver}", stopped("rows")))
