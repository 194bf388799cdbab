"""The faults of brokers really strike, and three copies of which two must be in step lose nothing acknowledged."""

import asyncio
import copy
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from local.chaos import kafka_operator
from local.chaos.broker_faults import KINDS
from local.chaos.fault import Kind
from local.system import LocalSystem
from producer.log import KafkaLog, Record
from runtime import topic_admin
from runtime.errors import ConfigError
from runtime.topics import TopicNames
from schemas.keys import partition_of
from tests.log_writer import LogWriter, read_partition
from tests.streams_system import READINGS, WorkerProcess, hour, until
from tests.three_brokers import Tail, kept_waiting, refused_with, three_brokers

pytestmark = pytest.mark.services

KIND = {kind.name: kind for kind in KINDS}
PARTITIONS = 3
SOME = 30
"""Records, beyond those in flight."""
TRIES = 400


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSystem]:
    with three_brokers(tmp_path_factory.mktemp("brokers"), PARTITIONS) as system:
        yield system


@pytest.fixture
def names(system: LocalSystem) -> TopicNames:
    """Every broker is up again, whatever the test before did to it."""
    kafka_operator.wait_in_step(system)
    return TopicNames.of(system.settings)


def servers_of(system: LocalSystem) -> str:
    return system.cluster.bootstrap_servers


def of(text: str) -> Kind:
    (found,) = (kind for name, kind in KIND.items() if text in name)
    return found


def writer_of(system: LocalSystem, topic: str, partition: int) -> LogWriter:
    return LogWriter(servers_of(system), topic, partition)


def has_all(system: LocalSystem, topic: str, partition: int, writer: LogWriter) -> bool:
    """Whether the log holds each acknowledged record at its place, and nowhere else."""
    found, numbers = read_partition(servers_of(system), topic, partition), writer.acknowledged
    return {offset: value for offset, value in found.items() if value in set(numbers.values())} == numbers


def test_nothing_acknowledged_is_lost_with_the_leader(system: LocalSystem, names: TopicNames) -> None:
    """Another broker takes over what the killed one led, with every record that was acknowledged."""
    partition = Random(1).randrange(PARTITIONS)  # as the fault draws it
    with writer_of(system, names.values, partition) as writer:
        until(lambda: writer.newest > SOME)
        before = kafka_operator.leader(system, names.values, partition)
        with of("leader of a values").inject(system, Random(1)) as struck:
            assert struck == f"Kafka-{before}"
            until(lambda: kafka_operator.leader(system, names.values, partition) != before, what="another leader")
            begun = writer.begun
            until(lambda: writer.newest > begun, what="records that were written since")
    assert has_all(system, names.values, partition, writer)


def test_with_one_of_three_brokers_nothing_is_acknowledged_and_then_all_of_it(
    system: LocalSystem, names: TopicNames
) -> None:
    partition = 0
    with writer_of(system, names.readings, partition) as writer:
        until(lambda: writer.newest > SOME)
        with of("two of three").inject(system, Random(1)) as struck:
            assert struck.count("Kafka-") == 2
            begun = writer.begun
            others = kept_waiting(servers_of(system), names.readings, PARTITIONS)
            assert others == PARTITIONS, "every record of another client waits as well"
            assert writer.newest < begun
        until(lambda: writer.newest > begun, what="records that were written since")
    assert has_all(system, names.readings, partition, writer)


def test_a_broker_on_a_full_disk_ends_itself_and_the_others_go_on(system: LocalSystem, names: TopicNames) -> None:
    """Given room again, it catches up."""
    with writer_of(system, names.values, 1) as writer:
        until(lambda: writer.newest > SOME)
        with of("disk full").inject(system, Random(1)) as struck:
            assert struck.endswith("ended with 1")
            begun = writer.begun
            until(lambda: writer.newest > begun, what="records that were written since")
        kafka_operator.wait_in_step(system)
    assert has_all(system, names.values, 1, writer)


def test_another_broker_becomes_the_controller(system: LocalSystem, names: TopicNames) -> None:
    before = kafka_operator.controller(system)
    with of("active controller").inject(system, Random(1)) as struck:
        assert struck == f"Kafka-{before}"
        until(lambda: kafka_operator.controller(system) != before, what="another controller")


@pytest.mark.parametrize("topic", ["readings", "values"])
def test_what_is_too_large_for_its_topic_is_refused_until_it_takes_more(
    system: LocalSystem, names: TopicNames, topic: str
) -> None:
    name = str(getattr(names, topic))
    with of(f"{topic} too large").inject(system, Random(1)):
        until(lambda: refused_with(servers_of(system), name) == KafkaError.MSG_SIZE_TOO_LARGE, what="a refusal")
    until(lambda: refused_with(servers_of(system), name) == 0, what="a record that is taken")


@pytest.mark.parametrize("topic", ["readings", "values"])
def test_who_may_not_write_is_refused_until_it_may(system: LocalSystem, names: TopicNames, topic: str) -> None:
    name = str(getattr(names, topic))
    with of(f"writing {topic} denied").inject(system, Random(1)):
        until(lambda: refused_with(servers_of(system), name) == KafkaError.TOPIC_AUTHORIZATION_FAILED, what="a refusal")
    until(lambda: refused_with(servers_of(system), name) == 0, what="a record that is taken")


@pytest.mark.parametrize("topic", ["readings", "values"])
def test_who_may_not_read_is_refused_until_it_may(system: LocalSystem, names: TopicNames, topic: str) -> None:
    name, servers = str(getattr(names, topic)), servers_of(system)
    with Tail(servers, name, PARTITIONS) as tail:

        def code() -> int | None:
            assert refused_with(servers, name) == 0
            return tail.read()

        until(lambda: code() == 0, what="a record")
        with of(f"reading {topic} denied").inject(system, Random(1)):
            until(lambda: code() == KafkaError.TOPIC_AUTHORIZATION_FAILED, what="a refusal")
        until(lambda: code() == 0, what="a record")


async def test_a_producer_that_may_not_write_ends_and_says_so(system: LocalSystem, names: TopicNames) -> None:
    log = KafkaLog(system.settings.kafka)
    await log.start()
    record = Record(names.readings, 0, b"key", b"value")
    try:
        with (
            of("writing readings denied").inject(system, Random(1)),
            pytest.raises(ConfigError, match=rf"{names.readings}: Kafka denies the use of a topic; grant"),
        ):
            for _ in range(TRIES):
                await log.append([record])
                await asyncio.sleep(0.05)
    finally:
        await log.stop()


@pytest.fixture
def epoch(system: LocalSystem, names: TopicNames, unique: str) -> LocalSystem:
    """The same brokers with the topics of another epoch, in which no other test has written."""
    found = copy.copy(system)
    found.directory = system.directory / unique
    found.directory.mkdir()
    found.config.write_text(f'epoch = "{unique}"\n' + system.config.read_text())
    topic_admin.create(found.settings)
    return found


@pytest.mark.parametrize("right", ["writing values", "reading readings"])
def test_streams_without_a_right_end_say_so_and_go_on_when_they_have_it(
    epoch: LocalSystem, tmp_path: Path, right: str
) -> None:
    topic, servers = TopicNames.of(epoch.settings), servers_of(epoch)
    producer, number = Producer({"bootstrap.servers": servers}), count(1)

    def feed() -> None:
        producer.produce(
            topic.readings, READINGS.encode(hour("7", next(number), 1)), b"7", partition_of("7", PARTITIONS)
        )
        producer.flush()

    def struck() -> bool:
        feed()
        return worker.code is not None

    def values() -> int:
        return len(read_partition(servers, topic.values, partition_of("7", PARTITIONS)))

    worker = WorkerProcess(epoch.config, tmp_path / "first.log", tmp_path)
    feed()
    until(values)
    with of(f"{right} denied").inject(epoch, Random(1)):
        until(struck, what="its end")
        assert (worker.code, "denies the use of a topic; grant this user the right" in worker.said()) == (2, True)
    before = values()
    successor = WorkerProcess(epoch.config, tmp_path / "second.log", tmp_path)
    until(lambda: values() > before, what="values")
    assert successor.stop() == 0


def test_who_may_use_no_transactional_id_is_refused_until_it_may(system: LocalSystem, names: TopicNames) -> None:
    def code() -> int:
        settings = {"bootstrap.servers": servers_of(system)}
        producer = Producer(settings | {"transactional.id": f"{names.streams_group}.0"})
        try:
            producer.init_transactions(30)
        except KafkaException as error:
            return int(error.args[0].code())
        return 0

    with of("transactions denied").inject(system, Random(1)):
        until(lambda: code() == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, what="a refusal")
    until(lambda: code() == 0, what="a transactional id that may be used")
