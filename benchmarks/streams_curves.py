"""What the pace of streams is drawn over: the number of workers, of metering points, the share of duplicates."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from benchmarks import events
from benchmarks.events import Encoded
from benchmarks.topics import PARTITIONS

WORKERS = (1, 2)
POINTS = (1_000, 10_000, 100_000)
KNOWN = (0, 50, 90)
"""Per cent of the readings that are there already. What is asked for anew overlaps with what was."""


@dataclass(frozen=True)
class Case:
    """One point of a curve; the last of its loads is what counts."""

    what: str
    workers: int
    loads: Callable[[], Sequence[list[Encoded]]]


def cases(count: int, points: int) -> Iterator[Case]:
    """All points of all curves, of so many readings each."""
    for workers in WORKERS:
        name = f"streams: new readings, {workers} worker{'s' if workers > 1 else ''}"
        yield Case(name, workers, lambda: [list(events.readings(count, points, PARTITIONS))])
    for many in POINTS:
        together = max(1, min(events.HOURS, count // many))
        yield Case(f"streams: new readings, {many:,} points", 1, _of_points(count, many, together))
    for share in KNOWN:
        yield Case(f"streams: readings, {share} % duplicates", 1, _overlapping(count, points, share))


def _of_points(count: int, points: int, together: int) -> Callable[[], Sequence[list[Encoded]]]:
    return lambda: [list(events.readings(count, points, PARTITIONS, together=together))]


def _overlapping(count: int, points: int, share: int) -> Callable[[], Sequence[list[Encoded]]]:
    """``count`` readings, and then as many of which a share are those once more."""

    def loads() -> Sequence[list[Encoded]]:
        before = list(events.readings(count, points, PARTITIONS))
        return [before, list(_mixed(count, points, share))]

    return loads


def _mixed(count: int, points: int, share: int) -> Iterator[Encoded]:
    """By the answer: the hours of one point are all known or all new."""
    known = events.readings(count, points, PARTITIONS, asked_at=events.LATER)
    fresh = islice(events.readings(2 * count, points, PARTITIONS, asked_at=events.LATER), count, None)
    for answer in range(-(-count // events.HOURS)):
        again = (answer + 1) * share // 100 > answer * share // 100
        yield from islice(known if again else fresh, min(events.HOURS, count - answer * events.HOURS))
