"""A topic whose limit somebody lowered: nothing is lost, and each stage says which setting is in its way.

Batches of every stage are smaller than what the topics are made to take, so that nothing is ever too large by itself.
"""

import asyncio
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from local.cluster import Cluster
from producer.log import KafkaLog, Record
from runtime.dead_letters import Context, Original, dead_letter
from runtime.errors import ConfigError, ExitCode, Transient
from runtime.kafka_admin import configure_topic
from runtime.topic_admin import verify
from runtime.topics import MAX_MESSAGE_BYTES
from schemas.reasons import Reason, Stage
from sinks.letters import KafkaLetters
from tests.streams_system import LETTERS, StreamsSystem, hour, until

pytestmark = pytest.mark.services

TOO_SMALL = 160
TRIES = 400
SAID = "refuses a batch of records as too large; max.message.bytes"


@pytest.fixture
def system(kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[StreamsSystem]:
    with StreamsSystem(kafka.bootstrap_servers, unique, tmp_path) as system:
        yield system


def limit(system: StreamsSystem, topic: str, size: int) -> None:
    """Asks for another limit; the broker keeps to it a moment later."""
    configure_topic(system.admin, topic, {"max.message.bytes": str(size)})


def test_streams_stops_names_the_setting_and_goes_on_when_it_is_put_back(system: StreamsSystem) -> None:
    """Nothing of the chunk was acknowledged, so nothing of it is lost."""
    worker = system.worker()
    system.feed([hour("point", 1, 10)])
    until(system.all_read)
    limit(system, system.names.values, TOO_SMALL)
    number = count(2)

    def struck() -> bool:
        system.feed([hour("point", next(number), 20)])
        return worker.code is not None

    until(struck)
    assert worker.code == ExitCode.CONFIG
    assert SAID in worker.said()
    assert system.names.values in worker.said()
    refused = system.worker()
    assert refused.ended() == ExitCode.CONFIG
    assert f"topic {system.names.values} has max.message.bytes = {TOO_SMALL}, it must be" in refused.said()
    limit(system, system.names.values, MAX_MESSAGE_BYTES)
    until(lambda: verify(system.settings) == [])
    system.worker()
    until(system.all_read)
    assert system.outcome() == system.expected()


async def test_the_producer_stops_and_names_topic_and_setting(system: StreamsSystem) -> None:
    limit(system, system.names.readings, TOO_SMALL)
    log = KafkaLog(system.settings.kafka)
    await log.start()
    try:
        with pytest.raises(ConfigError, match=rf"{system.names.readings}: Kafka {SAID}"):
            for _ in range(TRIES):
                await log.append([Record(system.names.readings, 0, b"point", bytes(500))])
                await asyncio.sleep(0.05)
    finally:
        await log.stop()


def test_a_sink_waits_and_sends_the_letter_when_its_topic_takes_it(system: StreamsSystem) -> None:
    limit(system, system.names.dead_letters, TOO_SMALL)
    letters = KafkaLetters(system.settings.kafka, system.names.dead_letters, LETTERS)
    letter = dead_letter(Original("values", b"value"), Context(Stage.SINKS), Reason.ROW_REFUSED, "a detail")
    with pytest.raises(Transient, match=rf"{system.names.dead_letters}: Kafka {SAID}"):
        for _ in range(TRIES):
            letters.send([letter])
            time.sleep(0.05)
    limit(system, system.names.dead_letters, MAX_MESSAGE_BYTES)

    def taken() -> bool:
        try:
            letters.send([letter])
        except Transient:
            return False
        return True

    until(taken)
    letters.close()
