"""What contradicts itself stops the worker, loudly, with the command that mends it."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from aiokafka.structs import TopicPartition
from kafka.admin import NewPartitions

from local.cluster import Cluster
from runtime.errors import ExitCode
from runtime.health import Health
from runtime.kafka import aiokafka_options
from runtime.mends import NEW_EPOCH, REBUILD_STATE
from runtime.topic_admin import create
from schemas.events import Reading
from streams.patience import Patience
from streams.position import Expected, starting_point
from streams.pulse import Pulse
from streams.state_log import StateLog
from tests.streams_system import StreamsSystem, hour, until

pytestmark = pytest.mark.services

FETCH_BYTES = 1_024
"""The least that a worker can be set to ask for at a time. A broker gives one batch at least, however large."""


@pytest.fixture
def system(kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[StreamsSystem]:
    with StreamsSystem(kafka.bootstrap_servers, unique, tmp_path, partitions=1) as system:
        yield system


@pytest.fixture
def stopped(system: StreamsSystem) -> StreamsSystem:
    """Ten readings have been processed; no worker runs."""
    worker = system.worker()
    system.feed(hour("p", at, at) for at in range(10))
    system.drain()
    assert worker.stop() == 0
    return system


def refuses(system: StreamsSystem, because: str, mend: str) -> None:
    """A worker starts and stops at once, publishing nothing."""
    before = system.outcome()
    worker = system.worker()
    assert worker.ended() == ExitCode.POSITION
    assert because in worker.said()
    assert mend in worker.said()
    assert system.outcome() == before


def test_a_state_topic_that_was_made_anew(stopped: StreamsSystem) -> None:
    stopped.remake(stopped.names.state)
    refuses(stopped, "the state is empty", REBUILD_STATE)


def test_a_state_topic_that_was_emptied_without_offsets_left_behind(stopped: StreamsSystem) -> None:
    """Looks like a new epoch, but for its readings, which no longer begin at zero."""
    stopped.remake(stopped.names.state)
    stopped.delete_read()
    stopped.admin.delete_groups([stopped.names.streams_group])
    refuses(stopped, "were removed before they were read", NEW_EPOCH)


def test_a_readings_topic_that_was_made_anew(stopped: StreamsSystem) -> None:
    stopped.remake(stopped.names.readings)
    refuses(stopped, "its readings topic was made anew", NEW_EPOCH)


def test_topics_that_were_made_anew_and_have_outgrown_the_position(stopped: StreamsSystem) -> None:
    """Offsets alone would say nothing: the log holds the next one."""
    stopped.remake(stopped.names.readings)
    stopped.feed(hour("p", at, at) for at in range(20))
    refuses(stopped, "its readings topic was made anew", NEW_EPOCH)


def test_a_values_topic_that_was_made_anew(stopped: StreamsSystem) -> None:
    stopped.remake(stopped.names.values)
    refuses(stopped, "its values topic was made anew", NEW_EPOCH)


def test_a_topic_made_anew_under_a_running_worker_that_reads_nothing(system: StreamsSystem) -> None:
    worker = system.worker()
    system.feed([hour("p", 0, 0)])
    system.drain()
    system.remake(system.names.values)
    assert worker.ended() == ExitCode.POSITION
    assert f"topic {system.names.values} was made anew while it was in use" in worker.said()


def test_dead_letters_made_anew_are_no_contradiction(system: StreamsSystem) -> None:
    worker = system.worker()
    system.feed([hour("p", 0, 0)])
    system.drain()
    system.remake(system.names.dead_letters)
    system.put(b"foreign", "p")
    system.feed([hour("p", 1, 1)])
    system.drain()
    assert len(system.letters()) == 1
    assert worker.code is None


def test_a_group_moved_ahead_of_the_state(stopped: StreamsSystem) -> None:
    stopped.move_group(12)
    stopped.feed(hour("p", at, at) for at in range(10, 15))
    refuses(stopped, "ahead of the state's marker", REBUILD_STATE)


@pytest.mark.parametrize("moved", [3, None], ids=["moved back", "expired"])
def test_a_group_behind_the_state_catches_up_though_nothing_new_comes(
    stopped: StreamsSystem, moved: int | None
) -> None:
    """What the state contains is skipped; without this, lag would be seen until the next reading."""
    if moved is None:
        stopped.admin.delete_groups([stopped.names.streams_group])
    else:
        stopped.move_group(moved)
    worker = stopped.worker()
    until(stopped.all_read, what="the group stands where the state does")
    assert worker.stop() == 0
    assert stopped.outcome() == stopped.expected()


def test_readings_deleted_before_they_were_read(stopped: StreamsSystem) -> None:
    stopped.feed(hour("p", at, at) for at in range(10, 15))
    stopped.delete_read()
    refuses(stopped, "10 to 14 were removed before they were read", NEW_EPOCH)


def test_readings_deleted_before_a_running_worker_read_them(system: StreamsSystem) -> None:
    """It sees it with the next reading that comes."""
    with system.config.open("a", encoding="utf-8") as config:
        config.write(f"fetch_bytes = {FETCH_BYTES}\n")
    worker = system.worker()
    system.feed([hour("p", 0, 0)])
    system.drain()
    worker.freeze()
    system.feed([_larger_than_a_fetch(1)])  # may still come, in the answer to a fetch that was sent before
    system.feed([_larger_than_a_fetch(2)])  # does not fit into that answer, however late the broker gives it
    system.delete_read()
    system.feed([hour("p", 3, 3)])
    worker.thaw()
    assert worker.ended() == ExitCode.POSITION
    assert "2 were removed before they were read" in worker.said()


def test_partitions_that_are_added_to_a_running_system(system: StreamsSystem) -> None:
    """A worker asks about its topics every few seconds; aiokafka alone would for five minutes."""
    worker = system.worker()
    system.feed([hour("p", 0, 0)])
    system.drain()
    system.admin.create_partitions({system.names.readings: NewPartitions(2)})
    assert worker.ended(60) == ExitCode.POSITION
    assert "partition 1: partitions were added" in worker.said()


class _Overtaken(Patience):
    """While the state is loaded, another worker opens the partition and goes on: ours was frozen."""

    def __init__(self, system: StreamsSystem) -> None:
        super().__init__(Pulse(60), Health())
        self._system: StreamsSystem | None = system

    async def turn(self) -> None:
        system, self._system = self._system, None
        if system is not None:
            other = system.worker()
            system.feed(hour("p", at, at) for at in range(10, 15))
            system.drain()
            assert other.stop() == 0


async def test_what_another_owner_does_meanwhile_is_no_contradiction(stopped: StreamsSystem) -> None:
    names = stopped.names
    readings, state = TopicPartition(names.readings, 0), TopicPartition(names.state, 0)
    log = StateLog(aiokafka_options(stopped.settings.kafka), names.streams_group, _Overtaken(stopped))
    _, found = await log.restore(readings, state)
    assert (found.group_offset, found.log_end) == (10, 15), "what trails was read first, what leads last"
    assert found.marker is not None
    marker = found.marker
    expected = Expected(marker.epoch, marker.history, marker.readings_id or "", marker.values_id or "")
    assert starting_point("it", found, expected) == 10


def _larger_than_a_fetch(number: int) -> Reading:
    return msgspec.structs.replace(hour("p", number, number), reading_date="x" * FETCH_BYTES)


def test_state_of_another_history_setting(stopped: StreamsSystem) -> None:
    with stopped.config.open("a", encoding="utf-8") as config:
        config.write("history_days = 30\n")
    refuses(stopped, "days=30", NEW_EPOCH)


def test_a_state_topic_that_holds_something_else(stopped: StreamsSystem) -> None:
    stopped.spoil(stopped.names.state)
    refuses(stopped, "the topic holds something else", REBUILD_STATE)


def test_topics_that_are_missing_are_named_with_the_command_that_creates_them(system: StreamsSystem) -> None:
    system.admin.delete_topics([system.names.state, system.names.dead_letters])
    until(lambda: not system.exists(system.names.state), what="deletion")
    worker = system.worker()
    assert worker.ended() == ExitCode.CONFIG
    assert f"topic {system.names.state} is missing: meterstream topics create" in worker.said()
    assert f"topic {system.names.dead_letters} is missing" in worker.said()
    create(system.settings)


def test_another_number_of_partitions_than_configured(system: StreamsSystem) -> None:
    config = system.config.read_text(encoding="utf-8")
    system.config.write_text(config.replace("partitions = 1", "partitions = 3"), encoding="utf-8")
    worker = system.worker()
    assert worker.ended() == ExitCode.CONFIG
    assert "has 1 partitions, the settings say 3" in worker.said()
