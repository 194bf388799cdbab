"""Workers that are killed, stopped and started twice: nothing lost, nothing doubled, nothing out of order."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.cluster import Cluster
from local.ports import free_port
from schemas.events import Reading
from tests.streams_system import StreamsSystem, WorkerProcess, hour, until

pytestmark = pytest.mark.services


@pytest.fixture
def system(kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[StreamsSystem]:
    with StreamsSystem(kafka.bootstrap_servers, unique, tmp_path) as system:
        yield system


def load(hours: range) -> Iterator[Reading]:
    return (hour(f"p{number}", at, at * 7 % 1_000, kind="volume") for at in hours for number in range(100))


def until_struck(system: StreamsSystem, strike: Callable[[], bool]) -> None:
    """Feeds and strikes until a blow fell within the load: on a slow machine the load may be over before it."""
    for attempt in range(10):
        system.feed(load(range(200 * attempt, 200 * (attempt + 1))))
        if strike():
            return
    raise AssertionError("no blow fell within the load")


def test_kill_9_within_a_transaction_leaves_no_trace(system: StreamsSystem) -> None:
    """The transaction stood open on the broker when the worker died: that is looked at, not hoped for."""

    def kill() -> bool:
        worker = system.worker()

        def stands_in_one() -> bool:
            worker.freeze()  # or it would be over before it is killed
            if system.transaction_is_open():
                return True
            worker.thaw()
            return system.all_read()

        until(stands_in_one, what="a transaction")
        worker.kill()
        return system.transaction_is_open()

    until_struck(system, kill)
    system.worker()
    system.drain()
    assert not system.transaction_is_open()
    assert system.outcome() == system.expected()


def test_sigterm_within_the_load_finishes_the_chunk_and_exits_0(system: StreamsSystem) -> None:
    def stop() -> bool:
        before = system.committed()
        worker = system.worker()
        until(lambda: system.committed() != before, what="a chunk")
        assert worker.stop() == 0
        return not system.all_read()

    until_struck(system, stop)
    assert not system.transaction_is_open()
    system.worker()
    system.drain()
    assert system.outcome() == system.expected()


def test_a_worker_that_was_frozen_beyond_its_session_does_no_harm_when_it_thaws(system: StreamsSystem) -> None:
    frozen = system.worker()
    system.feed(load(range(10)))
    system.drain()
    system.feed(load(range(10, 100)))
    frozen.freeze()
    other = system.worker()
    system.drain()
    frozen.thaw()
    system.feed(load(range(100, 110)))
    system.drain()
    assert system.outcome() == system.expected()
    assert other.code is None
    assert frozen.code in {None, 70}


def test_more_workers_than_partitions_stand_by_and_take_over(system: StreamsSystem) -> None:
    workers = [system.worker() for _ in range(3)]
    system.feed(load(range(20)))
    system.drain()
    for worker in workers[:2]:
        worker.kill()
    system.feed(load(range(20, 40)))
    system.drain()
    assert workers[2].code is None
    assert system.outcome() == system.expected()


def test_sigterm_while_kafka_is_waited_for_exits_0(tmp_path: Path) -> None:
    config = tmp_path / "m.toml"
    kafka = f'[kafka]\nbootstrap_servers = "127.0.0.1:{free_port()}"\nrequest_timeout = 2\nsession_timeout = 1\n'
    config.write_text(kafka, encoding="utf-8")
    worker = WorkerProcess(config, tmp_path / "log", tmp_path)
    try:
        until(lambda: "waiting for Kafka" in worker.said(), what="it says that it waits")
        assert worker.stop() == 0
    finally:
        worker.kill()
