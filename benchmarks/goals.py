"""What the paces are to reach, on the machine where their raw limits are measured. A figure's goal is in its record."""

from dataclasses import dataclass

from benchmarks.records import Record


@dataclass(frozen=True)
class Goal:
    """At least so much of the raw limit, and so many per second; None: not asked for."""

    ratio: float | None = None
    per_second: float | None = None

    def reached(self, record: Record) -> bool:
        """Whether a pace is as fast."""
        of_limit = self.ratio is None or (record.ratio or 0.0) >= self.ratio
        return of_limit and (record.per_second or 0.0) >= (self.per_second or 0.0)

    def __str__(self) -> str:
        """In words."""
        said = [] if self.ratio is None else [f"≥ {self.ratio:g} of the limit"]
        return ", ".join(said + ([] if self.per_second is None else [f"≥ {self.per_second:,.0f}"]))


GOALS = {
    "producer: JSON bytes to acknowledged, hours": Goal(0.4, 50_000),
    "producer: unchanged windows of days: calls": Goal(per_second=5_000),
    "streams: new readings": Goal(0.4, 25_000),
    "streams: duplicates": Goal(per_second=60_000),
    "sinks: new rows into PostgreSQL": Goal(0.8, 50_000),
    "sinks: known rows again": Goal(per_second=80_000),
    "proof: verify, 240,000 rows with layouts vitec, plain": Goal(per_second=12_000),
    "proof: sign-off, 240,000 rows with layouts vitec, plain": Goal(per_second=9_600),
    "proof: verify, 999,984 rows with layouts vitec": Goal(per_second=16_667),
}
"""By what was measured."""
