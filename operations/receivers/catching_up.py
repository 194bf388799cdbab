"""How far a receiver's worker is on the way to a goal, from its database; with a bar for who waits."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from kafka import TopicPartition
from kafka.admin import OffsetSpec
from kafka.protocol.consumer import IsolationLevel
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from operations.receivers.stages import Chosen
from runtime.errors import Transient
from runtime.kafka_admin import admin
from runtime.topics import TopicNames
from sinks.upkeep import Upkeep

LOOK = 0.5
"""Seconds between two looks."""
NO_WORKER = 15.0
"""Seconds without a step after which it is said that perhaps no worker runs."""


@dataclass(frozen=True)
class Place:
    """How many of the goal's records are read, and how many are read again after that."""

    read: int
    again: int


def ends(chosen: Chosen) -> Mapping[int, int]:
    """By partition the end of what is committed of the values topic now.

    Raises:
        Transient: the cluster does not answer.
    """
    return offsets(chosen, OffsetSpec.LATEST)


def offsets(chosen: Chosen, spec: OffsetSpec | int) -> Mapping[int, int]:
    """By partition of the values topic the offset of a place, or that of the first record since a time.

    Args:
        chosen: whose epoch's topic.
        spec: Kafka's name of the place, or milliseconds since 1970. A partition without later records is left out.

    Raises:
        Transient: the cluster does not answer.
    """
    topic = TopicNames.of(chosen.settings).values
    with admin(chosen.settings.kafka) as client:
        (found,) = client.describe_topics([topic])
        parts = [TopicPartition(topic, part["partition_index"]) for part in found["partitions"]]
        places = client.list_partition_offsets(
            dict.fromkeys(parts, spec), isolation_level=IsolationLevel.READ_COMMITTED
        )
    return {part.partition: place.offset for part, place in places.items() if place.offset >= 0}


def places(upkeep: Upkeep, goal: Mapping[int, int], within: float, clock: Callable[[], float]) -> Iterator[Place]:
    """Where the worker stands, again and again, until it has reached the goal and reads nothing again.

    Raises:
        Transient: it has not within so many seconds.
    """
    end = clock() + within
    while True:
        positions, again = upkeep.place()
        place = Place(sum(min(positions.get(number, 0), offset) for number, offset in goal.items()), again)
        yield place
        if place == Place(sum(goal.values()), 0):
            return
        if clock() > end:
            raise Transient(f"not within {within:g} s: {sum(goal.values()) - place.read + place.again:,} to go")
        time.sleep(LOOK)


def watch(chosen: Chosen, goal: Mapping[int, int], within: float) -> float:
    """Shows a bar until the worker has reached the goal; the seconds that it took.

    Raises:
        Transient: it has not within so many seconds.
    """
    began = moved = time.monotonic()
    console, last = Console(stderr=True), -1
    bar = Progress(TextColumn(chosen.label), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)
    with bar:
        task = bar.add_task(chosen.label, total=sum(goal.values()))
        for place in places(chosen.upkeep(), goal, within, time.monotonic):
            bar.update(task, completed=place.read, total=sum(goal.values()) + place.again)
            now = time.monotonic()
            if place.read - place.again != last:
                last, moved = place.read - place.again, now
            elif now - moved > NO_WORKER:
                console.print(f"nothing moves: does its worker run? python -m sinks {chosen.options}")
                moved = now
    return time.monotonic() - began
