"""Two short chaos runs, each a whole system that is broken while it works: nothing lost, doubled or wrong."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.chaos.catalogue import kinds
from local.chaos.course import Course, options
from local.chaos.schedule import Size, draw
from local.system import LocalSystem

pytestmark = pytest.mark.services

SIZE = Size(seconds=10.0, plain=5, alone=0)
PROCESSES = "producer: SIG*,streams-*: SIG*,sink-*: SIG*,Kafka: SIGKILL,PostgreSQL: SIG*,streams: *"
WAYS = "producer–*,streams–*,sinks–*,sink-vitec–*,utility: *"


@pytest.fixture
def directory() -> Iterator[Path]:
    """Not pytest's own, which is closed to the user that PostgreSQL runs as; kept short for sockets."""
    with tempfile.TemporaryDirectory(prefix="meterstream-chaos-") as path:
        yield Path(path)


@pytest.mark.parametrize(("seed", "patterns"), [(1, PROCESSES), (2, WAYS)], ids=["processes", "ways and the utility"])
def test_whatever_strikes_the_tables_are_what_the_ledger_leads_to(directory: Path, seed: int, patterns: str) -> None:
    chosen = [kind for kind in kinds(patterns) if kind.brokers == 1 and not kind.alone]
    schedule = draw(seed, chosen, SIZE)
    said: list[str] = schedule.lines()
    with LocalSystem(options(directory, schedule)) as system:
        system.start()
        record = Course(system, schedule, said.append).run()
    assert record.passed, "\n".join([*said, *record.troubles])
    assert len(record.faults) == SIZE.plain
    assert all(fault.recovery is not None for fault in record.faults), record.faults
    assert {*record.lost.values(), *record.doubled.values(), *record.wrong.values()} == {0}
