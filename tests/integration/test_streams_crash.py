"""Workers that are killed, stopped and started twice: nothing lost, nothing doubled, nothing out of order."""

from collections.abc import Iterator
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


def test_kill_9_within_a_transaction_leaves_no_trace(system: StreamsSystem) -> None:
    """The transaction stood open on the broker when the worker died: that is looked at, not hoped for."""
    system.feed(load(range(100)))
    for _ in range(10):
        worker = system.worker()
        until(system.transaction_is_open, what="a transaction")
        worker.kill()
        if system.transaction_is_open():
            break
    else:
        raise AssertionError("no kill hit a transaction")
    read = sum(system.committed().values())
    assert read < 10_000, "the load was over before the kill"
    system.worker()
    system.drain()
    assert not system.transaction_is_open()
    assert system.outcome() == system.expected()


def test_sigterm_within_the_load_finishes_the_chunk_and_exits_0(system: StreamsSystem) -> None:
    system.feed(load(range(200)))
    worker = system.worker()
    until(system.committed, what="the first chunk")
    assert worker.stop(within=10) == 0
    assert not system.all_read(), "the load was over before the stop"
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
        assert worker.stop(within=10) == 0
    finally:
        worker.kill()
