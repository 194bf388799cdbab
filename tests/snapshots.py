"""Snapshots of a system in which all is well but for one thing."""

from dataclasses import replace
from typing import Any

from operations.dead_letter_counts import DeadLetterCounts, ReasonCount
from operations.progress import Progress, Reader, TopicEnds
from operations.status.snapshot import Disk, Process, Receiver, Snapshot, Source, Streams

NOW = 1_800_000_000.0
MINUTE, HOUR = 60.0, 3_600.0


def reader(name: str, lag: int = 0, members: int | None = None, beyond: tuple[int, ...] = ()) -> Reader:
    return Reader(name, f"group-{name}", "topic", {0: 10}, {0: lag}, lag, beyond, members)


def process(*about: str, **changed: Any) -> Process:
    asked = Process("http://127.0.0.1:1", "sink", "1.0", answers=True, ready=True, waiting_for=None, about=about)
    return replace(asked, **changed)


SOURCE = Source(
    "hours",
    every=300.0,
    answered_at=NOW - 10,
    period_end=NOW - HOUR,
    authorised=True,
    stopped=False,
    points={"configured": 40, "due": 3, "overdue": 0, "failing": 0, "awaited": 40, "late": 0},
    polled=10.0,
)
RECEIVER = Receiver(
    "vitec", test=False, workers=1, state="live", row_at=NOW - 2, behind=0.0, canaries={"hours": NOW - 30}, written=9.0
)
PROGRESS = Progress(
    "1", (TopicEnds("readings", True, "id", {0: 0}, {0: 10}, 10),), reader("streams", 0, 2), (reader("vitec"),)
)
WELL = Snapshot(
    at=NOW,
    epoch="1",
    progress=PROGRESS,
    dead_letters=DeadLetterCounts((), 0, complete=True),
    sources=(SOURCE,),
    streams=Streams(workers=2, partitions=4, recovering=0, stopped=False, consumed=5.0, held={}),
    receivers=(RECEIVER,),
    processes=(process("source hours"), process("streams"), process("receiver vitec")),
    disks=(Disk("1", 100.0, 50.0),),
    under_replicated=0,
)


def of_source(**changed: Any) -> Snapshot:
    return replace(WELL, sources=(replace(SOURCE, **changed),))


def of_points(**counts: int) -> Snapshot:
    return of_source(points=(SOURCE.points or {}) | counts)


def of_receiver(**changed: Any) -> Snapshot:
    return replace(WELL, receivers=(replace(RECEIVER, **changed),))


def of_streams(**changed: Any) -> Snapshot:
    return replace(WELL, streams=replace(WELL.streams, **changed))


def of_reader(found: Reader) -> Snapshot:
    changed: Any = {"streams": found} if found.name == "streams" else {"receivers": (found,)}
    return replace(WELL, progress=replace(PROGRESS, **changed))


def of_letters(reason: str, open_: int, parked: int = 0, since: float = NOW - 3 * HOUR) -> Snapshot:
    count = ReasonCount("producer", reason, open_, parked, since)
    return replace(WELL, dead_letters=DeadLetterCounts((count,), 0, complete=True))


def of_processes(*processes: Process) -> Snapshot:
    return replace(WELL, processes=processes)
