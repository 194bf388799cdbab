"""What carries a demand: processes, servers, partitions; what gives way first, and how long a re-read takes.

Processes are added until each is used as wished. A receiver's database is one server, and the utility's API allows
what it allows: of these there is one.
"""

from dataclasses import dataclass, replace
from math import ceil

from operations.capacity import HOUR, Demand, Flow, flow
from operations.needs import API, BROKERS, DATABASES, GB, MICRO, PRODUCER, SINKS, STREAMS, Need, needs
from operations.unit_costs import UnitCosts

SERVER = Need(cores=8.0, memory_gb=64.0, disk_gb=4_000.0, network_mbit=1_000.0)
"""What a broker, or a receiver's database, has to itself."""
BROKER_GB = 4.0
"""Memory of a broker. Assumed, not measured."""
LEAST_PARTITIONS = 8
HEADROOM = 2
"""Partitions per worker, so that one more worker finds something to take over."""


@dataclass(frozen=True)
class Part:
    """One line: how many of it, what all of them take together, how many points one carries, and by what it gives way.

    Of brokers the one is a set of as many as there are replicas.
    """

    name: str
    count: int
    need: Need
    carries: int
    scarce: str


@dataclass(frozen=True)
class Api:
    """Calls a second: for the polls, for seeing a delivery of all points in time, for the re-read; and those allowed.

    ``poll_every``: seconds between two polls of a point that the allowance leads to.
    """

    polls: float
    delivery: float
    reread: float
    allowed: float
    poll_every: float


@dataclass(frozen=True)
class Reread:
    """Hours in which this size reads the last 30 days of all points again, by stage.

    ``known``: all were published before (as in a full sweep); ``new``: none was, and receivers get them too.
    """

    api: float
    known: dict[str, float]
    new: dict[str, float]

    def slowest(self, *, new: bool) -> tuple[str, float]:
        """The stage that it waits for, and the hours."""
        stages = {API: self.api} | (self.new if new else self.known)
        return max(stages.items(), key=lambda each: each[1])


@dataclass(frozen=True)
class Plan:
    """The answer. ``parts``: in the order of the road. ``recovery_seconds``: until a restarted worker has its state."""

    demand: Demand
    flow: Flow
    api: Api
    parts: tuple[Part, ...]
    partitions: int
    reread: Reread
    recovery_seconds: float

    @property
    def total(self) -> Need:
        """Of all parts."""
        return sum((part.need for part in self.parts), Need())

    @property
    def first(self) -> Part:
        """What gives way first where there is one of each."""
        return min(self.parts, key=lambda part: part.carries)


def plan(demand: Demand, costs: UnitCosts) -> Plan:
    """The size of everything that a demand takes. Its spans must be sound."""
    moves = flow(demand)
    api = _api(demand, moves)
    parts = {API: Part(API, 1, Need(), int(demand.points * api.allowed / api.polls), "calls")}
    for name, need in needs(demand, moves, costs).items():
        copies = demand.wishes.receivers if name in (SINKS, DATABASES) else 1
        if copies:
            parts[name] = _part(name, demand, need, costs, copies)
    sinks = parts[SINKS].count // demand.wishes.receivers if SINKS in parts else 0
    return Plan(
        demand=demand,
        flow=moves,
        api=api,
        parts=tuple(parts.values()),
        partitions=_partitions(max(parts[STREAMS].count, sinks)),
        reread=_reread(
            demand, moves, costs, {PRODUCER: parts[PRODUCER].count, STREAMS: parts[STREAMS].count, SINKS: sinks}
        ),
        recovery_seconds=moves.kept / parts[STREAMS].count * costs.recovery_reading * MICRO,
    )


def _api(demand: Demand, moves: Flow) -> Api:
    polls, allowed = moves.idle.calls, demand.polling.calls_per_second
    delivery = demand.points / (demand.polling.delivery_hours * HOUR)
    every = demand.spans()[0].every * max(1.0, polls / allowed)
    return Api(polls, delivery, moves.reread.changed, allowed, every)


def _part(name: str, demand: Demand, need: Need, costs: UnitCosts, copies: int) -> Part:
    """``copies``: one for each receiver; the need is that of one."""
    wishes = demand.wishes
    one = Need(1.0, wishes.worker_gb, SERVER.disk_gb, SERVER.network_mbit)
    if name in (BROKERS, DATABASES):
        one = SERVER.times(wishes.replication if name == BROKERS else 1)
    scarce, times = need.scarcest(one)
    count = max(1, ceil(times))
    if name == BROKERS:
        count = max(wishes.replication, ceil(times * wishes.replication))
        need = replace(need, memory_gb=count * BROKER_GB)
    elif name == DATABASES:
        count = 1
    else:
        need = replace(need, memory_gb=need.memory_gb + count * costs.process_memory / GB)
    return Part(name, count * copies, need.times(copies), int(demand.points / times), scarce)


def _partitions(workers: int) -> int:
    """Twice as many as workers, in the next power of two: shares stay even while workers double."""
    return max(LEAST_PARTITIONS, 1 << (HEADROOM * workers - 1).bit_length())


def _reread(demand: Demand, moves: Flow, costs: UnitCosts, counts: dict[str, int]) -> Reread:
    """Beside the polls."""
    polling = moves.idle.calls * (costs.producer_call + moves.answer * costs.producer_unchanged) * MICRO
    spare = {name: count * demand.wishes.utilisation for name, count in counts.items() if count}
    spare[PRODUCER] -= polling
    published = costs.producer_reading + costs.producer_changed * moves.reread_calls / moves.reread_readings
    costs_new = {PRODUCER: published, STREAMS: costs.streams_new, SINKS: costs.sinks_row}
    costs_known = {PRODUCER: published, STREAMS: costs.streams_duplicate}

    def hours(by_stage: dict[str, float]) -> dict[str, float]:
        work = moves.reread_readings * MICRO / HOUR
        return {name: work * each / spare[name] for name, each in by_stage.items() if name in spare}

    return Reread(moves.reread_calls / demand.polling.calls_per_second / HOUR, hours(costs_known), hours(costs_new))
