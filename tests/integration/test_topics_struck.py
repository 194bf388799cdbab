"""What the faults of state do to topics and groups is really done."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.chaos import topics_struck
from local.chaos.state_faults import AT_ONCE, COMPACTED, TRUNCATABLE
from local.cluster import Cluster
from runtime.topic_admin import verify
from tests.streams_system import StreamsSystem, hour, until

pytestmark = pytest.mark.services


@pytest.fixture
def system(kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[StreamsSystem]:
    with StreamsSystem(kafka.bootstrap_servers, unique, tmp_path, partitions=1, chunk_records=1) as system:
        yield system


def process(system: StreamsSystem, hours: range) -> None:
    """One transaction per reading, all of one series."""
    worker = system.worker()
    system.feed(hour("p", at, at) for at in hours)
    system.drain()
    assert worker.stop() == 0


def test_a_state_that_was_compacted_to_its_newest_records_is_gone_on_with(system: StreamsSystem) -> None:
    process(system, range(60))
    state = system.names.state
    before = len(system.records(state))
    topics_struck.configure(system.settings, state, AT_ONCE)
    process(system, range(60, 62))  # which closes the last segment, too
    until(lambda: len(system.records(state)) < before / 2, what="compaction")
    topics_struck.configure(system.settings, state, dict.fromkeys(AT_ONCE))
    assert verify(system.settings) == []
    process(system, range(62, 70))
    assert system.outcome() == system.expected()


def test_the_beginning_of_a_state_is_removed(system: StreamsSystem) -> None:
    process(system, range(10))
    state = system.names.state
    topics_struck.configure(system.settings, state, TRUNCATABLE)
    begin, end = topics_struck.bounds(system.settings, state)
    topics_struck.truncate(system.settings, {place: offset - 2 for place, offset in end.items()})
    topics_struck.configure(system.settings, state, COMPACTED)
    after, _ = topics_struck.bounds(system.settings, state)
    assert all(after[place] > offset for place, offset in begin.items())
    assert verify(system.settings) == []


def test_the_group_is_moved_and_forgotten_and_streams_goes_on_at_its_marker(system: StreamsSystem) -> None:
    process(system, range(5))
    settings = system.settings
    topics_struck.without_members(settings)
    before = topics_struck.positions(settings)
    topics_struck.move_group(settings, dict.fromkeys(before, 2))
    assert set(system.committed().values()) == {2}
    process(system, range(5, 8))
    topics_struck.without_members(settings)
    topics_struck.delete_group(settings)
    assert system.committed() == {}
    topics_struck.repeat_newest(settings, system.names.readings)
    assert system.ends(system.names.readings) == dict.fromkeys(before, 9)
    assert topics_struck.unread(settings)
    process(system, range(8, 9))
    process(system, range(9, 10))
    assert system.outcome() == system.expected()


def test_a_topic_is_another_one_afterwards(system: StreamsSystem) -> None:
    process(system, range(2))
    with topics_struck.gone(system.settings, [system.names.values]):
        assert not system.exists(system.names.values)
    assert system.records(system.names.values) == []
    assert verify(system.settings) == []
