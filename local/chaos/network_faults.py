"""A network that is cut, late, narrow, silent, or breaks off at the worst moment: on each way of the system."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from random import Random

from local.chaos.fault import Kind
from local.network import Network
from local.proxy import Strikes, Trouble
from local.system import LocalSystem
from local.ways import DATABASE, UTILITY

WAYS = {
    "producer–utility": UTILITY,
    "producer–Kafka": "producer-kafka-",
    "streams–Kafka": "streams-kafka-",
    "sinks–Kafka": "sinks-kafka-",
    "sink-vitec–PostgreSQL": DATABASE,
}
"""How the routes of each way begin."""
ONE_BROKER = 0.5
"""How often, of several brokers, the way to one of them is struck alone."""
STRIKE_SECONDS = 5.0
"""So long the end of a fault waits for its first strike: what is struck may have been away for another fault's sake."""
BEYOND_TIMEOUTS = (13.0, 17.0)
BEYOND_FAUSTS = (18.0, 22.0)
"""Faust's time-out of a request is 10 s longer than a session at least."""
STEPS = ("AddPartitionsToTxn", "Produce", "AddOffsetsToTxn", "TxnOffsetCommit")
"""Of a transaction, before its end."""

Draw = Callable[[Random], Trouble]


def _cut(_: Random) -> Trouble:
    return Trouble(cut=True)


def _late(random: Random) -> Trouble:
    return Trouble(latency=math.exp(random.uniform(math.log(0.05), math.log(1.5))))


def _narrow(random: Random) -> Trouble:
    return Trouble(bandwidth=random.uniform(2_000, 50_000))


def _reset(random: Random) -> Trouble:
    return Trouble(reset_after=int(math.exp(random.uniform(math.log(10), math.log(20_000)))))


def _silent(_: Random) -> Trouble:
    return Trouble(silent=True)


def _unanswered(*requests: str) -> Draw:
    return lambda random: Trouble(unanswered=(random.choice(requests),))


def _troubled(way: str, draw: Draw) -> Callable[[LocalSystem, Random], AbstractContextManager[str]]:
    @contextmanager
    def inject(system: LocalSystem, random: Random) -> Iterator[str]:
        trouble = draw(random)
        routes = _routes(system.network, WAYS[way], random)
        with system.network.troubled(routes, trouble) as strikes:
            yield ", ".join(routes)
            _await_strike(strikes)

    return inject


def _routes(network: Network, beginning: str, random: Random) -> list[str]:
    alone, which = random.random() < ONE_BROKER, random.random()
    names = network.names(beginning)
    return [names[int(which * len(names))]] if alone and names else names


def _await_strike(strikes: Strikes) -> None:
    end = time.monotonic() + STRIKE_SECONDS
    while not strikes.count and time.monotonic() < end:
        time.sleep(0.05)


def _kinds(way: str) -> Iterator[Kind]:
    silence = BEYOND_FAUSTS if way.startswith("streams") else BEYOND_TIMEOUTS
    for name, draw, seconds in (
        ("cut", _cut, (1.0, 6.0)),
        ("latency", _late, (3.0, 8.0)),
        ("little bandwidth", _narrow, (3.0, 8.0)),
        ("reset in the middle of a message", _reset, (1.0, 4.0)),
        ("half-open beyond the time-outs", _silent, silence),
    ):
        yield Kind(f"{way}: {name}", "network", _troubled(way, draw), seconds)


def _lost(way: str, what: str, *requests: str) -> Kind:
    return Kind(f"{way}: {what}", "network", _troubled(way, _unanswered(*requests)), (1.0, 4.0))


KINDS = (
    *(kind for way in WAYS for kind in _kinds(way)),
    _lost("producer–Kafka", "written, its answer lost", "Produce"),
    _lost("streams–Kafka", "a step of a transaction done, its answer lost", *STEPS),
    _lost("streams–Kafka", "committed, its answer lost", "EndTxn"),
    _lost("sink-vitec–PostgreSQL", "committed, its answer lost", "COMMIT"),
)
