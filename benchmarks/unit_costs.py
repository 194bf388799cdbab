"""The unit costs of `meterstream plan`, from the records of benchmarks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.records import Record
from operations.unit_costs import UnitCost

FILE = Path(__file__).resolve().parents[1] / "operations" / "unit_costs.toml"
LOADS = ("producer: first load through HTTP, days: readings", "producer: first load through HTTP, hours: readings")
SEEN = ("producer: unchanged windows of days: calls", "producer: unchanged windows of hours: calls")
COMPARED = tuple(what.replace(": calls", ", new process: calls") for what in SEEN)
READINGS = (14, 336)
"""In the answers of each of these."""
NEW, DUPLICATES = "streams: new readings", "streams: duplicates"
ROWS = "sinks: new rows into PostgreSQL"
RECOVERY = "recovery: 1,000,000 readings of state, of this to load it"
MIB = 1 << 20


@dataclass(frozen=True)
class Origin:
    """How one unit cost follows from records. ``of``: which they are, in the order that ``derive`` takes them."""

    name: str
    unit: str
    meaning: str
    of: tuple[str, ...]
    derive: Callable[..., float]


def _cpu(process: str) -> Callable[[Record], float]:
    """Microseconds of one are seconds of a million."""
    return lambda record: record.cpu_per_million[process]


def _of_reading(process: str, *, counted: bool = False) -> Callable[[Record, Record], float]:
    """What each reading of an answer adds. ``counted``: the records count readings, and not answers."""

    def derive(*records: Record) -> float:
        few, many = _answers(process, records, counted)
        return max(0.0, (many - few) / (READINGS[1] - READINGS[0]))

    return derive


def _of_answer(process: str, *, counted: bool = False) -> Callable[[Record, Record], float]:
    """What an answer costs but for its readings."""

    def derive(*records: Record) -> float:
        each = _of_reading(process, counted=counted)(*records)
        return max(0.0, _answers(process, records, counted)[0] - READINGS[0] * each)

    return derive


def _answers(process: str, records: Sequence[Record], counted: bool) -> list[float]:
    """Microseconds of an answer with few readings, and of one with many."""
    found = zip(records, READINGS, strict=True)
    return [_cpu(process)(record) * (readings if counted else 1) for record, readings in found]


def _value(record: Record) -> float:
    return record.value or 0.0


CPU, SIZE = "µs", "bytes"
ORIGINS = (
    Origin("producer_call", CPU, "producer: one call", SEEN, _of_answer("worker")),
    Origin("producer_unchanged", CPU, "producer: a reading of an answer as before", SEEN, _of_reading("worker")),
    Origin("producer_compared", CPU, "producer: a known reading of another answer", COMPARED, _of_reading("worker")),
    Origin("producer_changed", CPU, "producer: an answer with news", LOADS, _of_answer("worker", counted=True)),
    Origin("producer_changed_kafka", CPU, "Kafka: the same", LOADS, _of_answer("Kafka", counted=True)),
    Origin("producer_reading", CPU, "producer: a reading of them", LOADS, _of_reading("worker", counted=True)),
    Origin("producer_reading_kafka", CPU, "Kafka: the same", LOADS, _of_reading("Kafka", counted=True)),
    Origin("streams_new", CPU, "streams: a new reading", (NEW,), _cpu("worker")),
    Origin("streams_new_kafka", CPU, "Kafka: the same", (NEW,), _cpu("Kafka")),
    Origin("streams_duplicate", CPU, "streams: a reading that is known", (DUPLICATES,), _cpu("worker")),
    Origin("streams_duplicate_kafka", CPU, "Kafka: the same", (DUPLICATES,), _cpu("Kafka")),
    Origin("sinks_row", CPU, "sink: a row", (ROWS,), _cpu("worker")),
    Origin("sinks_row_kafka", CPU, "Kafka: the same", (ROWS,), _cpu("Kafka")),
    Origin("sinks_row_postgresql", CPU, "PostgreSQL: the same", (ROWS,), _cpu("PostgreSQL")),
    Origin("recovery_reading", CPU, "streams: to load a reading of the state, in time", (RECOVERY,), _value),
    *(
        Origin(name, SIZE, what, (f"size: {what}",), _value)
        for name, what in {
            "answer_reading_bytes": "a reading in an answer",
            "reading_bytes": "a Reading on its topic",
            "value_bytes": "a MeterValue on its topic",
            **{
                f"state_{granularity}_{place}": f"a reading of {granularity}s in the state, {where}"
                for granularity in ("month", "day", "hour", "quarter")
                for place, where in (("bytes", "on its topic"), ("memory", "in memory"))
            },
            "producer_point_memory": "a metering point in the producer, but for its memory record",
            "postgresql_row_bytes": "a row in PostgreSQL",
            "postgresql_index_bytes": "a row in PostgreSQL's index",
        }.items()
    ),
    Origin("process_memory", SIZE, "a process that works", (NEW,), lambda record: record.peak_mib["worker"] * MIB),
)


def derived(records: Mapping[str, Record], before: Mapping[str, UnitCost]) -> dict[str, UnitCost]:
    """Every unit cost: from the newest records, and as it was where one of its records is missing."""
    return {origin.name: _cost(origin, records, before) for origin in ORIGINS}


def _cost(origin: Origin, records: Mapping[str, Record], before: Mapping[str, UnitCost]) -> UnitCost:
    if not all(what in records for what in origin.of):
        return before[origin.name]
    value = origin.derive(*(records[what] for what in origin.of))
    found = "; ".join(f"{what} ({records[what].at})" for what in origin.of)
    return UnitCost(float(f"{value:.3g}"), origin.unit, origin.meaning, found)


def written(costs: Mapping[str, UnitCost]) -> str:
    """The text of :data:`FILE`."""
    head = "# What one of each costs. Written by `python -m benchmarks.page`; do not edit.\n"
    return head + "".join(
        f"\n[{name}]\nvalue = {cost.value:g}\n"
        + "".join(f"{key} = {_quoted(getattr(cost, key))}\n" for key in ("unit", "meaning", "found"))
        for name, cost in costs.items()
    )


def _quoted(text: str) -> str:
    """JSON's strings are TOML's, too."""
    return msgspec.json.encode(text).decode()
