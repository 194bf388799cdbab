"""What one of each costs: microseconds of CPU and bytes, measured. The model of `meterstream plan` is made of these.

`python -m benchmarks.page` writes them into ``unit_costs.toml`` from docs/benchmarks.jsonl, each with its origin.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

from schemas.events import Granularity


@dataclass(frozen=True)
class UnitCosts:
    """CPU in microseconds, sizes in bytes."""

    producer_call: float
    producer_unchanged: float
    producer_compared: float
    producer_changed: float
    producer_changed_kafka: float
    producer_reading: float
    producer_reading_kafka: float
    streams_new: float
    streams_new_kafka: float
    streams_duplicate: float
    streams_duplicate_kafka: float
    sinks_row: float
    sinks_row_kafka: float
    sinks_row_postgresql: float
    recovery_reading: float
    answer_reading_bytes: float
    reading_bytes: float
    value_bytes: float
    state_month_bytes: float
    state_month_memory: float
    state_day_bytes: float
    state_day_memory: float
    state_hour_bytes: float
    state_hour_memory: float
    state_quarter_bytes: float
    state_quarter_memory: float
    producer_point_memory: float
    postgresql_row_bytes: float
    postgresql_index_bytes: float
    process_memory: float

    def state_bytes(self, granularity: Granularity) -> float:
        """Of a reading that is kept, on the state topic once compacted."""
        return float(getattr(self, f"state_{granularity}_bytes"))

    def state_memory(self, granularity: Granularity) -> float:
        """Of a reading that is kept, in the worker that holds it."""
        return float(getattr(self, f"state_{granularity}_memory"))


@dataclass(frozen=True)
class UnitCost:
    """One of them as it stands in the file. ``found``: in which benchmark, or how else."""

    value: float
    unit: str
    meaning: str
    found: str


def table() -> Mapping[str, UnitCost]:
    """Every unit cost that ships, by name."""
    text = files("operations").joinpath("unit_costs.toml").read_text("utf-8")
    return {name: UnitCost(**cost) for name, cost in tomllib.loads(text).items()}


@cache
def shipped() -> UnitCosts:
    """The unit costs that ship."""
    known = table()
    return UnitCosts(**{field.name: known[field.name].value for field in fields(UnitCosts)})
