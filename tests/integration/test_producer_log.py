"""The contract of the producer's log, kept by the one of the tests and by the one on Kafka; and recall from it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient

from producer.log import KafkaLog, Log, Record
from producer.memory import NOTHING, Memory, Remembered
from producer.points import Point
from producer.recall import Owned, recall
from producer.records import Records, Topics
from runtime.errors import ConfigError, PositionError, Transient
from runtime.settings.system import KafkaSettings
from schemas.keys import partition_of
from schemas.registry import EmbeddedRegistry
from tests.polling import POINT, KeptLog
from tests.producer_system import PARTITIONS, ProducerSystem

pytestmark = pytest.mark.services


class LogUnderTest:
    """A log, and how to read back what it holds of the readings topic, by partition."""

    def __init__(self, log: Log, system: ProducerSystem) -> None:
        self.log = log
        self.system = system

    def record(self, partition: int, value: str, topic: str | None = None) -> Record:
        """A record whose key tells its partition."""
        return Record(topic or self.system.names.readings, partition, b"%d" % partition, value.encode())

    def read(self, partition: int) -> list[str]:
        """What stands on a partition, in order."""
        if isinstance(self.log, KeptLog):
            records = [(record.key, record.value) for record in self.log.records]
        else:
            records = [(key or b"", value or b"") for key, value in self.system.records(self.system.names.readings)]
        return [value.decode() for key, value in records if key == b"%d" % partition]


@pytest.fixture
def system(tmp_path: Path, kafka: Any, unique: str) -> ProducerSystem:
    found = ProducerSystem(tmp_path, kafka.bootstrap_servers, unique, "http://127.0.0.1:9", [POINT])
    found.create_topics()
    return found


@pytest.fixture(params=["kept", "kafka"])
async def under_test(request: pytest.FixtureRequest, system: ProducerSystem) -> AsyncIterator[LogUnderTest]:
    if request.param == "kept":
        yield LogUnderTest(KeptLog(), system)
        return
    log = KafkaLog(system.settings.kafka)
    await log.start()
    try:
        yield LogUnderTest(log, system)
    finally:
        await log.stop()


async def test_an_append_tells_the_offset_after_its_last_record(under_test: LogUnderTest) -> None:
    topic = under_test.system.names.readings
    first = await under_test.log.append(
        [under_test.record(0, "a"), under_test.record(1, "b"), under_test.record(0, "c")]
    )
    assert first == {(topic, 0): 2, (topic, 1): 1}
    assert await under_test.log.append([under_test.record(0, "d")]) == {(topic, 0): 3}
    assert await under_test.log.append([]) == {}
    assert (under_test.read(0), under_test.read(1)) == (["a", "c", "d"], ["b"])


async def test_appends_that_were_begun_in_an_order_stand_in_that_order(under_test: LogUnderTest) -> None:
    """Also many at once, larger together than one batch."""
    filling = "x" * 20_000
    appends = [under_test.log.append([under_test.record(0, f"{number} {filling}")]) for number in range(150)]
    ends = await asyncio.gather(*appends)
    assert [int(text.split()[0]) for text in under_test.read(0)] == list(range(150))
    assert [next(iter(end.values())) for end in ends] == list(range(1, 151))


async def test_one_append_may_be_larger_than_a_batch(under_test: LogUnderTest) -> None:
    records = [under_test.record(0, f"{number} {'x' * 9_000}") for number in range(300)]
    await under_test.log.append(records)
    assert len(under_test.read(0)) == 300


async def test_a_dead_letter_of_the_largest_kind_passes(under_test: LogUnderTest) -> None:
    await under_test.log.append([under_test.record(0, "x" * 560_000)])
    assert len(under_test.read(0)) == 1


async def test_a_cancelled_append_does_not_stop_the_others(under_test: LogUnderTest) -> None:
    given_up = asyncio.create_task(_append(under_test.log, under_test.record(0, "a")))
    await asyncio.sleep(0)
    given_up.cancel()
    async with asyncio.timeout(10):
        await under_test.log.append([under_test.record(0, "b")])
    assert under_test.read(0)[-1] == "b"


async def _append(log: Log, record: Record) -> None:
    await log.append([record])


async def test_a_lone_record_leaves_at_once(system: ProducerSystem) -> None:
    log = KafkaLog(system.settings.kafka)
    await log.start()
    await log.append([Record(system.names.readings, 0, b"k", b"v")])
    loop = asyncio.get_running_loop()
    started = loop.time()
    for _ in range(10):
        await log.append([Record(system.names.readings, 0, b"k", b"v")])
    assert (loop.time() - started) / 10 < 0.25
    assert log.waiting_since() is None
    await log.stop()


async def test_a_cluster_that_is_away_is_a_transient_error() -> None:
    log = KafkaLog(KafkaSettings(bootstrap_servers="127.0.0.1:9", request_timeout=1))
    with pytest.raises(Transient, match="cannot be reached"):
        await log.start()
    await log.stop()


async def test_the_newest_record_of_each_own_point_is_recalled(system: ProducerSystem) -> None:
    topics = Topics(system.names, PARTITIONS)
    records = Records(topics, EmbeddedRegistry())
    log = KafkaLog(system.settings.kafka)
    await log.start()
    for fetched_at in (1, 2, 3):
        await log.append(
            records.memory(source, point, Remembered(fetched_at=fetched_at).encode(9))
            for source in ("feed", "other")
            for point in ("1", "2", "3")
        )
    await log.append([Record(system.names.polls, 0, b"something else", b"")])
    await log.stop()
    owned = {"feed": Owned({name: Point(name) for name in ("1", "3", "4")}, Memory(9))}
    assert await recall(system.settings.kafka, topics, owned) == 19
    memory = owned["feed"].memory
    assert [memory.of(name).fetched_at for name in ("1", "2", "3", "4")] == [3, 0, 3, 0]


@pytest.mark.parametrize(("remembered", "refused"), [(0, False), (2, False), (3, True)])
async def test_readings_that_are_no_longer_there_are_noticed(
    system: ProducerSystem, remembered: int, refused: bool
) -> None:
    topics = Topics(system.names, PARTITIONS)
    records = Records(topics, EmbeddedRegistry())
    log = KafkaLog(system.settings.kafka)
    await log.start()
    await log.append([Record(*records.readings_place(POINT), b"k", b"v") for _ in range(2)])
    await log.append([records.memory("feed", POINT, replace(NOTHING, readings_next=remembered).encode(9))])
    await log.stop()
    owned = {"feed": Owned({POINT: Point(POINT)}, Memory(9))}
    if refused:
        with pytest.raises(PositionError, match="meterstream reprocess"):
            await recall(system.settings.kafka, topics, owned)
    else:
        await recall(system.settings.kafka, topics, owned)
    assert partition_of(POINT, PARTITIONS) == records.readings_place(POINT)[1]


async def test_a_batch_that_kafka_refuses_for_good_is_told_to_all_who_wait_for_it(system: ProducerSystem) -> None:
    admin = KafkaAdminClient(bootstrap_servers=system.servers)
    small = {"num_partitions": 1, "replication_factor": 1, "configs": {"max.message.bytes": "1000"}}
    admin.create_topics({f"{system.names.readings}.small": small})
    admin.close()
    log = KafkaLog(system.settings.kafka)
    await log.start()
    records = [Record(f"{system.names.readings}.small", 0, b"k", b"x" * 2_000) for _ in range(3)]
    async with asyncio.timeout(20):
        results = await asyncio.gather(*(log.append([record]) for record in records), return_exceptions=True)
    assert [type(result) for result in results] == [ConfigError] * 3
    await log.stop()
