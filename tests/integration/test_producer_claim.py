"""One producer remembers a source's points at a time: the one that came last."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from producer.claim import Claim, Claims
from producer.log import Record
from producer.memory import NOTHING, Memory, Remembered
from producer.points import Point
from producer.recall import Owned, recall
from producer.records import Records, Topics
from runtime.errors import ExitCode, Superseded, Transient
from runtime.settings.system import KafkaSettings
from schemas import exact
from schemas.registry import EmbeddedRegistry
from tests.polling import POINT, winners
from tests.producer_system import PARTITIONS, ProducerSystem, ScriptedUtility, eventually, spoken

pytestmark = pytest.mark.services

DATE = "2026-03-01T01:00:00"
WITHIN = 150.0


@pytest.fixture
def system(tmp_path: Path, kafka: Any, unique: str) -> ProducerSystem:
    found = ProducerSystem(tmp_path, kafka.bootstrap_servers, unique, "http://127.0.0.1:9", [POINT])
    found.create_topics()
    return found


def memory(system: ProducerSystem, fetched_at: int) -> Record:
    """What is remembered of the point after a poll."""
    records = Records(Topics(system.names, PARTITIONS), EmbeddedRegistry())
    return records.memory("feed", POINT, Remembered(fetched_at, readings_next=0).encode(10))


async def remembered(system: ProducerSystem) -> Remembered:
    """What a process that starts now, and claims the point, remembers of it."""
    claim = Claim(system.settings.kafka, system.names.producer("feed", "1-of-1"))
    await claim.start()
    await claim.stop()
    found = Memory(10)
    await recall(system.settings.kafka, Topics(system.names, PARTITIONS), {"feed": Owned({POINT: Point(POINT)}, found)})
    return found.of(POINT)


async def test_what_is_written_is_recalled_behind_the_marks_of_transactions(system: ProducerSystem) -> None:
    claims = Claims(system.settings.kafka, {"feed": system.names.producer("feed", "1-of-1")})
    assert await remembered(system) == NOTHING
    await claims.start()
    await asyncio.gather(*(claims.of("feed").write(memory(system, number)) for number in range(1, 40)))
    assert claims.waiting_since() is None
    await claims.stop()
    assert (await remembered(system)).fetched_at == 39, "in the order in which they were handed over"


async def test_a_later_claim_shuts_out_the_earlier_one(system: ProducerSystem) -> None:
    name = system.names.producer("feed", "1-of-1")
    early, late = Claim(system.settings.kafka, name), Claim(system.settings.kafka, name)
    await early.start()
    await early.write(memory(system, 1))
    await late.start()
    await late.write(memory(system, 2))
    with pytest.raises(Superseded, match="another producer polls the same points"):
        await early.write(memory(system, 3))
    with pytest.raises(Superseded):
        await early.write(memory(system, 4))
    await early.stop()
    await late.stop()
    assert (await remembered(system)).fetched_at == 2


async def test_shards_and_sources_do_not_shut_each_other_out(system: ProducerSystem) -> None:
    names = [system.names.producer("feed", "1-of-2"), system.names.producer("feed", "2-of-2")]
    claims = Claims(system.settings.kafka, dict(zip("ab", names, strict=True)))
    await claims.start()
    for source in "aba":
        await claims.of(source).write(memory(system, 1))
    await claims.stop()


async def test_a_cluster_that_is_away_is_a_transient_error() -> None:
    claims = Claims(KafkaSettings(bootstrap_servers="127.0.0.1:9", request_timeout=1), {"feed": "id"})
    with pytest.raises(Transient, match="Kafka does not take id"):
        await claims.start()


def test_an_answer_that_was_held_up_never_passes_for_older_than_what_another_producer_fetched(
    tmp_path: Path, kafka: Any, unique: str
) -> None:
    """The first producer's request is held up; a second one fetches 2 meanwhile; then the first one is told 3.

    Its answer is the newest word, under the oldest version: were it published and remembered, 2 would stay for ever.
    """
    value, hold, held, release = [1], threading.Event(), threading.Event(), threading.Event()

    def say(point: str) -> str:
        if hold.is_set() and not held.is_set():
            held.set()
            release.wait(WITHIN)
        return spoken(point, {DATE: value[0]})

    with ScriptedUtility(say) as utility:
        system = ProducerSystem(tmp_path, kafka.bootstrap_servers, unique, utility.url, [POINT])
        system.create_topics()
        twin = tmp_path / "twin.toml"
        twin.write_text(system.config.read_text("utf-8").replace(f"port = {system.port}", "port = 0"), "utf-8")

        def newest() -> set[int | None]:
            return set(winners(system.readings()).values())

        with system.producer() as first:
            eventually(lambda: newest() == {exact.ONE}, WITHIN)
            hold.set()
            assert held.wait(WITHIN)
            value[0] = 2
            with system.producer("--config", str(twin)):
                eventually(lambda: newest() == {2 * exact.ONE}, WITHIN)
            value[0] = 3
            release.set()
            assert first.wait(WITHIN) == ExitCode.SUPERSEDED
        assert "another producer polls the same points" in system.log
        with system.producer():
            eventually(lambda: newest() == {3 * exact.ONE}, WITHIN)
