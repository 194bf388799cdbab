"""What a sink worker does not begin with: topics and positions that contradict each other, settings that are wrong."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import TopicPartition

from local.cluster import Cluster
from runtime.errors import PositionError
from runtime.kafka_admin import configure_topic
from runtime.settings.load import load
from runtime.settings.receiver import BatchSettings
from runtime.share import Share
from sinks.consumer import KafkaValues
from tests.freezing import freeze
from tests.receiver_databases import SQLiteReceiver
from tests.sink_rows import PARTITIONS, record, value
from tests.sink_system import SinkProcess, SinkSystem, until

pytestmark = pytest.mark.services


@pytest.fixture
def system(kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[SinkSystem]:
    system = SinkSystem(kafka.bootstrap_servers, unique, tmp_path, SQLiteReceiver(tmp_path / "vitec.sqlite"))
    yield system
    system.close()


def deliver_something(system: SinkSystem) -> None:
    """A first worker that delivers ten rows and ends."""
    system.publish([value(number) for number in range(10)])
    worker = system.start()
    until(lambda: system.delivered([9]))
    worker.close()


def stopped(worker: SinkProcess, code: int, *why: str) -> None:
    assert worker.ended() == code
    for text in why:
        assert text in worker.log
    assert "Traceback" not in worker.log


def test_a_position_beyond_the_end_of_the_log_is_a_loud_stop(system: SinkSystem) -> None:
    deliver_something(system)
    system.there.run("UPDATE positions SET next_offset = next_offset + 1")
    stopped(system.start(), 71, "lies beyond the end of the log", "meterstream reprocess")


def test_a_topic_made_anew_is_a_loud_stop(system: SinkSystem) -> None:
    """Also when it has grown beyond the old position, so that offsets alone would not tell."""
    deliver_something(system)
    make_anew(system, 100, 30)
    stopped(system.start(), 71, "was made anew", "meterstream reprocess")
    assert system.delivered([9])


def make_anew(system: SinkSystem, first: int, count: int) -> None:
    """Deletes the values topic and makes it again, with other values."""
    admin = system.admin()
    admin.delete_topics([system.names.values])
    until(lambda: system.names.values not in admin.list_topics())
    admin.close()
    system.create_topics()
    system.publish([value(number) for number in range(first, first + count)])


def test_a_topic_made_anew_while_it_is_read_is_a_loud_stop(system: SinkSystem) -> None:
    """The worker sleeps meanwhile: when it looks again, the new topic has its offset, too."""
    system.publish([value(number) for number in range(10)])
    worker = system.start()
    until(lambda: system.delivered([9]))
    freeze(worker.pid)
    make_anew(system, 100, 50)
    worker.signal(signal.SIGCONT)
    stopped(worker, 71, "meterstream reprocess")


def remove_records(system: SinkSystem, before: int) -> None:
    """Removes what stands before an offset of the default point's partition."""
    admin = system.admin()
    for policy in ("delete", "compact"):  # Kafka refuses to remove records of a compacted topic
        configure_topic(admin, system.names.values, {"cleanup.policy": policy})
        if policy == "delete":
            admin.delete_records({TopicPartition(system.names.values, record(value()).partition): before})
    admin.close()


def test_records_that_are_removed_before_they_are_read_are_a_loud_stop(system: SinkSystem) -> None:
    """Not only at the start: a fetch at a place that is gone never jumps ahead."""
    for number in range(20):  # each in a batch of its own, so that few of them are read ahead
        system.publish([value(number)])
    values = KafkaValues(load(system.config, {}), BatchSettings(rows=5, partition_bytes=1 << 10), Share())
    try:
        _, partitions = values.connect()
        values.begin(dict.fromkeys(partitions, 0))
        remove_records(system, before=15)
        with pytest.raises(PositionError, match="meterstream reprocess"):
            until(lambda: values.fetch().positions[record(value()).partition] > 15)
    finally:
        values.close()


def test_unread_records_that_were_removed_are_a_loud_stop(system: SinkSystem) -> None:
    deliver_something(system)
    system.publish([value(number) for number in range(10, 20)])
    remove_records(system, before=15)
    stopped(system.start(), 71, "unread records were removed")


def test_a_missing_topic_is_an_error_that_names_the_command(system: SinkSystem) -> None:
    config = system.configure("nine")
    stopped(
        system.start(config=config),
        2,
        f"topic {system.names.values.replace('.1.', '.nine.')} is missing: meterstream topics create",
    )


def test_another_number_of_partitions_is_an_error(system: SinkSystem) -> None:
    config = system.configure(partitions=str(PARTITIONS + 1))
    stopped(system.start(config=config), 2, f"has {PARTITIONS} partitions, the settings say {PARTITIONS + 1}")


def test_a_share_without_partitions_is_an_error(system: SinkSystem) -> None:
    stopped(system.start("--share", "5/5"), 2, "--share 5/5", f"has {PARTITIONS} partitions")
