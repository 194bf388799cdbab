"""`meterstream reprocess`: another epoch beside the old one, from the same readings, while new ones keep coming."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from local.cluster import Cluster
from operations.command import main
from operations.reprocessing import Reprocessing
from runtime.errors import ConfigError, ExitCode
from runtime.kafka_admin import admin
from runtime.settings.load import load
from runtime.topic_admin import create, topic_ids
from schemas.events import MeterValue
from schemas.keys import partition_of
from tests.producer_system import ProducerSystem, ScriptedUtility, eventually, spoken, stopped
from tests.streams_system import StreamsSystem, hour, until

pytestmark = pytest.mark.services

POINTS = [f"point-{number}" for number in range(40)]


@pytest.fixture
def old(kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[StreamsSystem]:
    with StreamsSystem(kafka.bootstrap_servers, unique, tmp_path / "old", partitions=2) as system:
        yield system


@pytest.fixture
def new(old: StreamsSystem, kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[StreamsSystem]:
    """The settings of another epoch, of five partitions; its topics are there already, which does not matter."""
    with StreamsSystem(kafka.bootstrap_servers, unique, tmp_path / "new", partitions=5, epoch="2") as system:
        yield system


def run(config: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(config), "reprocess", "--from", "1", *options])


def done(system: StreamsSystem, *options: str) -> str:
    result = run(system.config, *options)
    assert result.exit_code == 0, result.output
    return result.stdout


def by_point(system: StreamsSystem) -> dict[Any, list[tuple[Any, ...]]]:
    """Every record of the readings, as it lies there, in order per key."""
    found: dict[Any, list[tuple[Any, ...]]] = {}
    for record in system.records(system.names.readings):
        found.setdefault(record.key, []).append((record.value, tuple(record.headers)))
    return found


def table(system: StreamsSystem) -> dict[bytes, MeterValue]:
    """What a receiver finds, without what belongs to the epoch and to the order in which readings came."""
    found: dict[bytes, MeterValue] = {}
    for values in system.outcome().values.values():
        for key, value in values:
            if key not in found or value.sequence > found[key].sequence:
                found[key] = value
    return {
        key: msgspec.structs.replace(value, epoch="", sequence=0, cause="new", change=None)
        for key, value in found.items()
    }


def everything(system: StreamsSystem) -> tuple[Any, ...]:
    names = system.names
    return (
        [system.ends(name) for name in (names.readings, names.values, names.state, names.polls)],
        system.committed(),
    )


def test_readings_are_copied_as_they_are_in_order_per_point(old: StreamsSystem, new: StreamsSystem) -> None:
    old.feed(hour(point, at, at * 10, fetched=at) for at in range(30) for point in POINTS)
    old.feed(hour(point, 3, 31, fetched=99) for point in POINTS)
    old.put(b"no reading at all", "point-1")
    old.put(b"without a key", "point-1", key=None)
    old.put(b"a key that is no text", "point-1", key=b"\xff\xfe")
    old.put(None, "point-1")
    before = everything(old)
    assert "1,244 readings of epoch 1 are to be copied" in done(new, "--dry-run")
    assert by_point(new) == {}
    assert "copied 1,244 readings" in done(new)
    assert by_point(new) == by_point(old)
    for record in new.records(new.names.readings):
        assert record.key in (None, b"\xff\xfe") or record.partition == partition_of(record.key.decode(), 5)
    assert "copied 0 readings" in done(new)  # what is copied is not copied again
    old.feed([hour("point-1", 31, 310)])
    assert "copied 1 readings" in done(new)
    assert everything(old)[0][1:] == before[0][1:]
    assert by_point(new) == by_point(old)


def test_under_load_and_killed_in_the_middle_it_ends_with_the_same_table(
    old: StreamsSystem, new: StreamsSystem
) -> None:
    old_worker = old.worker()
    old.feed(hour(point, at, at * 10) for at in range(400) for point in POINTS)
    enough = threading.Event()

    def produce() -> None:
        at = 400
        while not enough.wait(0.02):
            at += 1
            point = POINTS[at % len(POINTS)]
            old.feed([hour(point, at, at * 10, fetched=at), hour(point, at - 350, at * 10 - 3_499, fetched=at)])

    load = threading.Thread(target=produce)
    load.start()
    try:
        killed_in_the_middle(new)
        new.worker()
        done(new)
        done(new)
    finally:
        enough.set()
        load.join()
    said = done(new, "--finish")
    assert "finished: every reading is copied" in said
    old.drain()
    new.drain()
    assert table(new) == table(old)
    assert len(table(new)) > 16_000
    assert new.outcome() == new.expected()
    assert old.outcome() == old.expected()
    assert old_worker.code is None


def killed_in_the_middle(new: StreamsSystem) -> None:
    """SIGKILL after the first copies; some, not all, are there."""
    command = [sys.executable, "-m", "operations.command", "--config", str(new.config), "reprocess", "--from", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=new.cwd) as child:
        until(lambda: sum(new.ends(new.names.readings).values()), what="the first copies")
        child.kill()
    assert 0 < sum(new.ends(new.names.readings).values()) < 16_000


def test_a_topic_made_anew_is_copied_to_from_the_start(old: StreamsSystem, new: StreamsSystem) -> None:
    """How far the copying was says nothing about another topic of the same name."""
    old.feed(hour("point-1", at, at) for at in range(10))
    done(new)
    new.remake(new.names.readings)
    done(new)
    assert by_point(new) == by_point(old)


def test_where_readings_are_gone_it_refuses_and_copies_what_is_left_on_demand(
    old: StreamsSystem, new: StreamsSystem
) -> None:
    old.feed(hour(point, 1, 1) for point in POINTS)
    old.delete_read()
    old.feed(hour(point, 2, 2) for point in POINTS)
    refused = run(new.config)
    assert refused.exit_code == ExitCode.CONFIG
    assert "readings were removed" in refused.stderr
    assert "--reload" in refused.stderr
    assert by_point(new) == {}
    assert "40 readings of epoch 1 are to be copied" in done(new, "--reload", "--finish")
    assert by_point(new) == by_point(old)


def test_an_old_epoch_of_which_no_topic_is_left(new: StreamsSystem) -> None:
    refused = CliRunner().invoke(main, ["--config", str(new.config), "reprocess", "--from", "0"])
    assert refused.exit_code == ExitCode.CONFIG
    assert "does not exist" in refused.stderr
    command = ["--config", str(new.config), "reprocess", "--from", "0", "--reload", "--finish"]
    assert CliRunner().invoke(main, command).exit_code == 0


def test_a_producer_that_still_publishes_keeps_its_memory(old: StreamsSystem, new: StreamsSystem) -> None:
    """What it publishes behind the copy would be remembered as copied."""
    old.feed([hour("point-1", 1, 1)])
    task = Reprocessing(new.settings, "1")
    with pytest.raises(ConfigError, match="still publishes: stop it"):
        task.finish(lambda _: old.feed([hour("point-1", 2, 2)]), with_memory=True)


def test_the_producer_s_memory_goes_with_the_readings(kafka: Cluster, unique: str, tmp_path: Path) -> None:
    """In the new epoch the producer asks for its recent windows, finds nothing new in them, and publishes what is."""
    values: dict[str, object] = {"2024-03-01T01:00:00": 1, "2024-03-01T02:00:00": 2}
    with ScriptedUtility(lambda point: spoken(point, values)) as utility:
        there = ProducerSystem(tmp_path, kafka.bootstrap_servers, unique, utility.url, ["p", "q"])
        there.create_topics()
        with there.producer() as producer:
            eventually(lambda: len(there.readings()) == 4 and len(utility.requests) > 100, within=120)
            assert stopped(producer) == 0
        published = there.readings()
        there.config.write_text('epoch = "2"\n' + there.config.read_text("utf-8"), encoding="utf-8")
        for _ in range(2):  # run again, it carries nothing over that is there
            result = run(there.config, "--finish")
            assert result.exit_code == 0, result.output
        assert "0 points are remembered" in result.stdout
        memory_refused_without_its_readings(there)
        asked = len(utility.requests)
        with there.producer() as producer:
            eventually(lambda: len(utility.requests) > asked + 6, within=120)
            assert len(there.readings()) == len(published)
            values["2024-03-01T03:00:00"] = 3
            eventually(lambda: len(there.readings()) > len(published), within=120)
            assert stopped(producer) == 0


def memory_refused_without_its_readings(there: ProducerSystem) -> None:
    """The old epoch's readings are lost now, and streams has left no marker; the producer's own memory tells."""
    old = there.names.readings.replace(".2.", ".1.")
    with admin(there.settings.kafka) as client:
        client.delete_topics([old])
        eventually(lambda: not topic_ids(client, [old]), within=120)
    create(there.settings.model_copy(update={"epoch": "1"}))
    refused = run(there.config, "--dry-run")
    assert refused.exit_code == ExitCode.CONFIG
    assert "the producer has written" in refused.stderr


def test_readings_that_came_from_a_backup_are_enough(old: StreamsSystem, new: StreamsSystem) -> None:
    """A new cluster, into which nothing of the old epoch was put back but the topic of its readings."""
    old.feed(hour(point, at, at * 10) for at in range(3) for point in POINTS)
    with admin(load(new.config, {}).kafka) as client:
        gone = {old.names.state, old.names.values, old.names.polls}
        client.delete_topics(sorted(gone))
        deadline = time.monotonic() + 30
        while gone & set(client.list_topics()):  # what is being deleted is listed for a moment
            assert time.monotonic() < deadline, "the topics are not deleted"
            time.sleep(0.1)
    assert "copied 120 readings" in done(new)
    assert by_point(new) == by_point(old)


def test_the_same_epoch_is_refused(old: StreamsSystem) -> None:
    refused = run(old.config)
    assert refused.exit_code == ExitCode.CONFIG
    assert "choose a new one there" in refused.stderr
