"""`meterstream state rebuild`: after it streams goes on, and the table that receivers see is the same."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from local.cluster import Cluster
from operations import rebuild
from operations.command import main
from runtime.errors import ConfigError, ExitCode
from runtime.mends import NEW_EPOCH, REBUILD_STATE
from schemas.events import MeterValue
from schemas.keys import partition_of
from tests.streams_system import Outcome, StreamsSystem, WorkerProcess, hour, until

pytestmark = pytest.mark.services

POINTS = ("p", "q", "r", "s")
"""On both partitions."""


@pytest.fixture
def system(kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[StreamsSystem]:
    assert {partition_of(point, 2) for point in POINTS} == {0, 1}
    with StreamsSystem(kafka.bootstrap_servers, unique, tmp_path, chunk_records=17) as system:
        yield system


@pytest.fixture
def stopped(system: StreamsSystem) -> StreamsSystem:
    """Three days of readings, corrections and a foreign record have been processed; no worker runs."""
    worker = system.worker()
    system.feed(hour(point, at, 100 + at) for at in range(72) for point in POINTS)
    system.put(b"foreign", "p")
    system.feed(hour(point, at, 99 + at, fetched=9) for at in (3, 40) for point in POINTS)
    system.drain()
    assert worker.stop() == 0
    return system


def run(system: StreamsSystem, *options: str, answer: str = "") -> Result:
    command = ["--config", str(system.config), "state", "rebuild", *options]
    return CliRunner().invoke(main, command, input=answer)


def rebuilt(system: StreamsSystem) -> WorkerProcess:
    """Runs the command, and a worker until it has read everything."""
    done = run(system, "--yes")
    assert done.exit_code == 0, done.output
    assert "is empty. Start the streams workers" in done.stdout
    assert system.committed() == {}
    worker = system.worker()
    system.drain()
    return worker


def events(outcome: Outcome) -> list[tuple[int, int, bytes, MeterValue]]:
    """Everything that was published, in an order that does not depend on chunks."""
    return sorted(
        ((number, value.sequence, key, value) for number, values in outcome.values.items() for key, value in values),
        key=lambda event: event[:3],
    )


def table(outcome: Outcome) -> dict[bytes, MeterValue]:
    """What a receiver finds: a row is replaced by larger sequences only."""
    found: dict[bytes, MeterValue] = {}
    for values in outcome.values.values():
        for key, value in values:
            if key not in found or value.sequence > found[key].sequence:
                found[key] = value
    return found


def stops(system: StreamsSystem) -> None:
    """A worker stops at once, and names the command."""
    worker = system.worker()
    assert worker.ended() == ExitCode.POSITION
    assert REBUILD_STATE in worker.said()


def made_anew(system: StreamsSystem) -> None:
    system.remake(system.names.state)


def incomplete(system: StreamsSystem) -> None:
    system.forget_one_key()


def spoiled(system: StreamsSystem) -> None:
    system.spoil(system.names.state)


@pytest.mark.parametrize("damage", [made_anew, incomplete, spoiled])
def test_a_damaged_state_is_built_anew_and_the_table_stays(
    stopped: StreamsSystem, damage: Callable[[StreamsSystem], None]
) -> None:
    before = stopped.outcome()
    assert len(before.letters) == 1
    damage(stopped)
    stops(stopped)
    worker = rebuilt(stopped)
    after = stopped.outcome()
    assert events(after) == sorted(2 * events(before), key=lambda event: event[:3])  # all the same, once more
    assert table(after) == table(before)
    assert after.letters == 2 * before.letters
    assert len({letter.id for letter in stopped.letters()}) == 1
    stopped.feed(hour(point, at, 100 + at) for at in range(72, 80) for point in POINTS)
    stopped.feed(hour(point, 50, 149, fetched=9) for point in POINTS)
    stopped.drain()
    assert worker.stop() == 0
    assert table(stopped.outcome()) == table(stopped.expected())


def untouched(system: StreamsSystem, *why: str) -> None:
    """The command ends with 2, says why, and has changed nothing."""
    state, offsets = system.records(system.names.state), system.committed()
    done = run(system, "--yes")
    assert done.exit_code == ExitCode.CONFIG, done.output
    for text in why:
        assert text in done.stderr
    assert system.records(system.names.state) == state
    assert system.committed() == offsets


def test_it_refuses_while_workers_run(system: StreamsSystem) -> None:
    worker = system.worker()
    system.feed([hour("p", 0, 0)])
    system.drain()
    untouched(system, "1 streams workers are running", "stop every streams worker")
    with pytest.raises(ConfigError, match="has members"):
        rebuild.rebuild(system.settings)  # as if the worker had been started since the look
    system.feed([hour("p", 1, 1)])
    system.drain()
    assert worker.stop() == 0


def test_it_refuses_where_the_readings_would_not_give_the_same_rows(stopped: StreamsSystem) -> None:
    names = stopped.names
    with stopped.config.open("a", encoding="utf-8") as config:
        config.write("history_days = 30\n")
    untouched(stopped, "days=400", "days=30", "set them back", NEW_EPOCH)
    stopped.delete_read()
    untouched(stopped, "days=30", "readings were removed", NEW_EPOCH)
    stopped.remake(names.readings)
    untouched(stopped, "days=30", "was made anew", NEW_EPOCH)
    stopped.admin.delete_groups([names.streams_group])
    untouched(stopped, "was made anew")  # the marker tells it
    stopped.admin.delete_topics([names.values])
    until(lambda: not stopped.exists(names.values), what="deletion")
    untouched(stopped, f"topic {names.values} is missing")
    assert not stopped.exists(names.values)


def test_it_asks_first_and_may_be_run_again(stopped: StreamsSystem) -> None:
    before = table(stopped.outcome())
    state = stopped.records(stopped.names.state)
    done = run(stopped, answer="n\n")
    assert done.exit_code == 1
    assert "297 readings are read again. Go on?" in done.stdout
    assert stopped.records(stopped.names.state) == state
    assert stopped.committed()
    assert run(stopped, answer="y\n").exit_code == 0
    assert stopped.records(stopped.names.state) == []
    rebuilt(stopped)
    assert table(stopped.outcome()) == before


def test_a_worker_that_came_in_between_is_noticed(stopped: StreamsSystem) -> None:
    """By its offsets, also where it is gone again."""
    with pytest.raises(ConfigError, match="was started while the state was rebuilt"):
        rebuild.check_nobody_came(stopped.settings)


def test_interrupted_between_its_steps_it_is_run_again(stopped: StreamsSystem) -> None:
    before = table(stopped.outcome())
    incomplete(stopped)
    stopped.admin.delete_groups([stopped.names.streams_group])  # the first step alone
    stops(stopped)
    stopped.admin.delete_topics([stopped.names.state])  # the second
    until(lambda: not stopped.exists(stopped.names.state), what="deletion")
    worker = stopped.worker()
    assert worker.ended() == ExitCode.CONFIG
    assert "meterstream topics create" in worker.said()
    rebuilt(stopped)
    assert table(stopped.outcome()) == before
