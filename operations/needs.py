"""What a demand needs of cores, memory, disk and network, part by part: flows times unit costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from operations.capacity import Demand, Flow, Rates
from operations.unit_costs import UnitCosts
from producer.memory import Remembered
from producer.parts import HASH

API, PRODUCER, STREAMS, BROKERS, SINKS, DATABASES = (
    "utility's API",
    "producer",
    "streams",
    "brokers",
    "sinks",
    "databases",
)
GB = 1e9
MBIT = 1e6 / 8
"""Bytes per second."""
MICRO = 1e-6
PAGE = 8_192
"""Of PostgreSQL: the newest row of each series lies on another page of the index."""
DIRTY = 2.0
"""A compacted topic holds up to as much again that is not compacted yet."""


@dataclass(frozen=True)
class Need:
    """An amount of each resource; ``cores`` are those to set aside, not only those that are busy."""

    cores: float = 0.0
    memory_gb: float = 0.0
    disk_gb: float = 0.0
    network_mbit: float = 0.0

    def scarcest(self, one: "Need") -> tuple[str, float]:
        """Which of them one unit has too little of first, and how many units that takes."""
        units = {name: amount / getattr(one, name) for name, amount in vars(self).items() if amount}
        name = max(units, key=lambda each: units[each], default="cores")
        return name, units.get(name, 0.0)

    def times(self, count: int) -> "Need":
        """Of so many."""
        return Need(*(amount * count for amount in vars(self).values()))

    def __add__(self, other: "Need") -> "Need":
        return Need(*(own + more for own, more in zip(vars(self).values(), vars(other).values(), strict=True)))


def needs(demand: Demand, moves: Flow, costs: UnitCosts) -> dict[str, Need]:
    """Of every part but the API, without what a process takes that does nothing.

    Sinks and databases: of one receiver. The polls go on while a delivery is taken in, or the last days are read again;
    whichever of the two takes more counts.
    """
    peaks = [moves.idle + moves.delivery, moves.idle + moves.reread]
    busy = _largest([_cpu(demand, moves, rates, costs) for rates in peaks])
    traffic = _largest([_traffic(demand, moves, rates, costs) for rates in peaks])
    memory, disk = _memory(demand, moves, costs), _disk(demand, moves, costs)
    return {
        name: Need(
            cores / demand.wishes.utilisation,
            memory.get(name, 0.0) / GB,
            disk.get(name, 0.0) / GB,
            traffic[name] / MBIT,
        )
        for name, cores in busy.items()
    }


def _largest(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: max(each[name] for each in found) for name in found[0]}


def _cpu(demand: Demand, moves: Flow, rates: Rates, costs: UnitCosts) -> dict[str, float]:
    """CPU seconds per second. Each replica of what a broker does is reckoned as if it were the first."""
    receivers, replication = demand.wishes.receivers, demand.wishes.replication
    call = costs.producer_call + moves.answer * costs.producer_unchanged
    broker = (
        rates.changed * costs.producer_changed_kafka
        + rates.published * costs.producer_reading_kafka
        + rates.new * (costs.streams_new_kafka + receivers * costs.sinks_row_kafka)
        + rates.again * costs.streams_duplicate_kafka
    )
    of = {
        PRODUCER: rates.calls * call
        + rates.changed * costs.producer_changed
        + rates.compared * costs.producer_compared
        + rates.published * costs.producer_reading,
        STREAMS: rates.new * costs.streams_new + rates.again * costs.streams_duplicate,
        BROKERS: broker * replication,
        SINKS: rates.new * costs.sinks_row,
        DATABASES: rates.new * costs.sinks_row_postgresql,
    }
    return {name: microseconds * MICRO for name, microseconds in of.items()}


def _traffic(demand: Demand, moves: Flow, rates: Rates, costs: UnitCosts) -> dict[str, float]:
    """Bytes per second, in and out together. Nothing is compressed."""
    answers = (rates.calls * moves.answer + rates.compared + rates.published) * costs.answer_reading_bytes
    readings, values = rates.published * costs.reading_bytes, rates.new * costs.value_bytes
    written = values + rates.published * costs.state_bytes(demand.granularity)
    into, replicas = readings + written, demand.wishes.replication - 1
    return {
        PRODUCER: answers + readings,
        STREAMS: readings + written,
        BROKERS: into + 2 * replicas * into + readings + demand.wishes.receivers * values,
        SINKS: 2 * values,
        DATABASES: values,
    }


def _memory(demand: Demand, moves: Flow, costs: UnitCosts) -> dict[str, float]:
    """Bytes that grow with the points. Of a database: the pages of the index that new rows are put on."""
    index = moves.rows * costs.postgresql_index_bytes
    return {
        PRODUCER: demand.points * (costs.producer_point_memory + memory_record(int(moves.parts))),
        STREAMS: moves.kept * costs.state_memory(demand.granularity),
        DATABASES: min(demand.points * PAGE, index),
    }


def _disk(demand: Demand, moves: Flow, costs: UnitCosts) -> dict[str, float]:
    """Bytes in the end: of all replicas."""
    topics = (
        moves.stored * costs.reading_bytes
        + moves.rows * costs.value_bytes
        + DIRTY * moves.kept * costs.state_bytes(demand.granularity)
        + DIRTY * demand.points * memory_record(int(moves.parts))
    )
    return {BROKERS: topics * demand.wishes.replication, DATABASES: moves.rows * costs.postgresql_row_bytes}


def memory_record(parts: int) -> int:
    """Bytes of what the producer remembers of a point."""
    return len(Remembered(parts=dict.fromkeys(range(parts), bytes(HASH))).encode(parts))
