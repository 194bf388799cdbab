"""Each fault of a database really strikes – what the server said is in the sink's log – and the sink goes on by itself.

The faults follow each other on one system under load; at the end every row is judged.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from local.chaos import database_faults, receiver_faults, sqlite_faults
from local.chaos.fault import Kind
from local.chaos.vigil import Vigil
from local.drain import Drain
from local.judge import judge
from local.options import Options, Timeouts
from local.scrape import scrape
from local.system import LocalSystem

pytestmark = pytest.mark.services

WITHIN = 120.0
KINDS = {kind.name: kind for module in (database_faults, sqlite_faults, receiver_faults) for kind in module.KINDS}
SAID = {
    "PostgreSQL: restarted (fast)": "waiting: PostgreSQL of receiver vitec",
    "PostgreSQL: restarted (immediate)": "waiting: PostgreSQL of receiver vitec",
    "PostgreSQL: no connection left": "too many connections for role",
    "PostgreSQL: login revoked": "is not permitted to log in",
    "PostgreSQL: password changed": "password authentication failed",
    "PostgreSQL: rights revoked": "(42501)",
    "PostgreSQL: table locked": "LockNotAvailable (55P03)",
    "PostgreSQL: positions locked": "LockNotAvailable (55P03)",
    "PostgreSQL: deadlock": "DeadlockDetected (40P01)",
    "PostgreSQL: serialization failure": "SerializationFailure (40001)",
    "PostgreSQL: statement cancelled": "QueryCanceled (57014)",
    "PostgreSQL: statement time-out": "QueryCanceled (57014)",
    "PostgreSQL: disk full": "DiskFull (53100)",
    "SQLite: locked by somebody else": "SQLITE_BUSY",
    "SQLite: no room to write": "SQLITE_IOERR",
    "SQLite: file moved away": "is gone; put it back",
    "receiver: table dropped": "meterstream receivers refill",
    "receiver: refuses some rows": "the database refuses rows",
    "receiver: refuses some rows, which are put back": "records that were put back are taken",
    "receiver: restored from a backup": "CRITICAL runtime.process stopped",
}
"""By kind of fault: what its strike makes a sink say."""


@pytest.fixture(scope="module")
def watched() -> Iterator[tuple[LocalSystem, Vigil]]:
    """Not in pytest's own directory: pytest closes that to other users, and as root PostgreSQL runs as another."""
    with tempfile.TemporaryDirectory(prefix="meterstream-database-") as directory:
        options = Options(
            Path(directory),
            points=8,
            seed=11,
            tick=2.0,
            lag_hours=14 * 24,
            poll_every=2.0,
            hours=2 * 24,
            days=10,
            months=12,
            faults=False,
            timeouts=Timeouts(database=3.0),
        )
        with LocalSystem(options) as system, _started(system) as vigil:
            vigil.wait(lambda: rows(system) > 100, WITHIN, "the first rows are delivered")
            yield system, vigil


@contextmanager
def _started(system: LocalSystem) -> Iterator[Vigil]:
    system.start()
    with Vigil(system) as vigil:
        yield vigil


def rows(system: LocalSystem) -> float:
    return scrape(system.metrics("sink")).total("meterstream_sink_rows_written_total")


def said(system: LocalSystem) -> str:
    return "".join(log.read_text("utf-8") for log in sorted(system.directory.joinpath("logs").glob("sink-*.log")))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_it_strikes_and_the_sinks_go_on(watched: tuple[LocalSystem, Vigil], kind: Kind) -> None:
    system, vigil = watched
    if kind.alone:
        vigil.wait_whole(WITHIN)
    before = said(system).count(SAID[kind.name])
    with kind.inject(system, Random(1)) as target:
        assert "nobody" not in target
        if not kind.alone:  # those are checked when they are mended
            vigil.wait(lambda: said(system).count(SAID[kind.name]) > before, WITHIN, f"a sink says {SAID[kind.name]}")
    vigil.wait(lambda: said(system).count(SAID[kind.name]) > before, WITHIN, f"a sink says {SAID[kind.name]}")
    if kind.alone:
        vigil.wait_whole(WITHIN)
    else:
        vigil.wait(lambda: vigil.looks[-1].troubled == (), WITHIN, "every process is ready")


def test_every_kind_has_been_tried() -> None:
    assert SAID.keys() == KINDS.keys()


def test_after_all_of_it_every_row_is_right(watched: tuple[LocalSystem, Vigil]) -> None:
    system, vigil = watched
    system.ask_utility("/_control", {"quiet": True})
    drain = Drain(system.settings)
    vigil.wait(lambda: system.ask_utility("/_status")["pending"] == 0, WITHIN, "every point is served")
    vigil.wait(drain.done, WITHIN, "everything has arrived")
    judgement = judge(system, {"row_refused"})
    assert judgement.survived, judgement.troubles()
