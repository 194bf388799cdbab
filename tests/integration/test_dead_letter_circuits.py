"""On a real broker: no stage drains its feed into the dead letters; it stops, says so, goes on, and loses nothing."""

import os
import re
import urllib.error
import urllib.request
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from kafka import KafkaConsumer, TopicPartition

from local.cluster import Cluster
from operations.command import main
from runtime.settings.load import load
from tests.producer_system import ProducerSystem, ScriptedUtility, eventually, spoken, stopped
from tests.receiver_databases import SQLiteReceiver
from tests.sink_rows import PARTITIONS, value
from tests.sink_system import SinkSystem
from tests.streams_system import StreamsSystem, WorkerProcess, hour

pytestmark = pytest.mark.services

RUN = 20
POINTS = [f"p{number}" for number in range(20)]
SAID = "would be dead letters and are kept back"
PATIENCE = 120.0


@pytest.fixture(autouse=True)
def low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the processes that a test starts."""
    monkeypatch.setenv("METERSTREAM__DEAD_LETTERS__STOP_RUN", str(RUN))
    monkeypatch.setenv("METERSTREAM__DEAD_LETTERS__RETRY", "0.5")


def test_a_source_that_says_nothing_useful_any_more(kafka: Cluster, unique: str, tmp_path: Path) -> None:
    day = (datetime.now(UTC) - timedelta(days=3)).date()
    what: list[object] = ["x"]

    def say(point: str) -> str:
        return spoken(point, {f"{day}T{number:02}:00:00": what[-1] for number in range(1, 6)})

    with ScriptedUtility(say) as utility:
        system = ProducerSystem(tmp_path, kafka.bootstrap_servers, unique, utility.url, POINTS)
        system.create_topics()
        with system.producer() as process:
            eventually(lambda: SAID in system.get("/readyz")[1], PATIENCE)
            assert system.get("/readyz")[0] == 503
            kept = system.letters()
            assert len({(letter.original_key, letter.original_value) for letter in kept}) < RUN * 5
            assert system.readings() == []
            what.append(7)
            eventually(
                lambda: len({(each.metering_point, each.reading_at) for each in system.readings()}) == 100, PATIENCE
            )
            eventually(lambda: system.get("/readyz")[0] == 200, PATIENCE)
            assert len(system.letters()) == len(kept), "what was kept back never became a dead letter"
            assert stopped(process) == 0


def readiness(worker: WorkerProcess) -> str:
    """What it answers at /readyz, also where it is not ready."""
    served = re.search(r"address=(http://[^/]+)", worker.said())
    try:
        with urllib.request.urlopen(f"{served[1] if served else 'http://127.0.0.1:1'}/readyz", timeout=5) as answer:
            return str(answer.read(), "utf-8")
    except urllib.error.HTTPError as error:
        return str(error.read(), "utf-8")
    except OSError:
        return ""


def test_readings_that_nobody_can_read(
    kafka: Cluster, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streams waits, and has committed less than the limit; an operator looks, and accepts them for one run."""
    with StreamsSystem(kafka.bootstrap_servers, unique, tmp_path, partitions=1) as system:
        system.feed([hour("p", number, number) for number in range(5)])
        worker = system.worker()
        system.drain()
        for number in range(100):
            system.put(b"garbage %d" % number, "p")
        system.flush()
        eventually(lambda: SAID in readiness(worker), PATIENCE)
        assert len(system.letters()) < RUN
        assert not system.all_read()
        assert worker.stop() == 0, "it stops while it waits"
        system.feed([hour("p", number, number) for number in range(5, 10)])
        monkeypatch.setenv("METERSTREAM__DEAD_LETTERS__ACCEPT", "true")
        system.worker()
        system.drain()
        assert len(system.letters()) == 100
        assert system.outcome() == system.expected()


def test_rows_that_a_receiver_refuses(kafka: Cluster, unique: str, tmp_path: Path) -> None:
    """Its worker waits; mended it goes on by itself, and the few that were refused are put back."""
    there = SQLiteReceiver(tmp_path / "vitec.sqlite")
    system = SinkSystem(kafka.bootstrap_servers, unique, tmp_path, there)
    try:
        process = system.start()
        values = [value(number, metering_point=POINTS[number % 20], reading_at=number) for number in range(200)]
        system.publish(values[:1])
        eventually(lambda: system.delivered([0]), PATIENCE)
        there.run("CREATE TRIGGER strict BEFORE INSERT ON meter_values_e1 BEGIN SELECT RAISE(ABORT, 'refused'); END")
        system.publish(values[1:])
        eventually(lambda: SAID in process.ask("readyz")[1], PATIENCE)
        assert len(system.letters()) < RUN
        assert process.metric("stopped") == 1
        there.run("DROP TRIGGER strict")
        refused = len(system.letters())
        eventually(lambda: len(system.sequences()) == 200 - refused, PATIENCE)
        eventually(process.ready, PATIENCE)
        put_back(system.config)
        eventually(lambda: system.delivered(range(200)), PATIENCE)
        assert there.run("SELECT * FROM refused_rows") == []
    finally:
        system.close()


def test_one_row_that_is_put_back_stays_out_of_the_way_of_all_others(
    kafka: Cluster, unique: str, tmp_path: Path
) -> None:
    """It is refused, put back in vain, then mended; the values topic never sees it, and nothing newer is replaced."""
    there = SQLiteReceiver(tmp_path / "vitec.sqlite")
    system = SinkSystem(kafka.bootstrap_servers, unique, tmp_path, there)
    try:
        process = system.start()
        eventually(process.ready, PATIENCE)
        there.run(
            "CREATE TRIGGER strict BEFORE INSERT ON meter_values_e1 WHEN NEW.source = 'odd' "
            "BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
        system.publish([value(1), value(2, source="odd"), value(3, reading_at=3)])
        eventually(lambda: system.delivered([1, 3]), PATIENCE)
        put_back(system.config)
        eventually(lambda: len(system.letters()) == 2, PATIENCE)
        there.run("DROP TRIGGER strict")
        put_back(system.config)
        eventually(lambda: system.delivered([1, 2, 3]), PATIENCE)
        assert {letter.id for letter in system.letters()} == {system.letters()[0].id}, "seen twice, it is one"
        assert sum(end_of(system)) == 3
    finally:
        system.close()


def end_of(system: SinkSystem) -> list[int]:
    """How many records each partition of the values topic has."""
    parts = [TopicPartition(system.names.values, number) for number in range(PARTITIONS)]
    with closing(KafkaConsumer(bootstrap_servers=load(system.config, {}).kafka.bootstrap_servers)) as consumer:
        return list(consumer.end_offsets(parts).values())


def put_back(config: Path) -> None:
    """As an operator does."""
    done = CliRunner().invoke(main, ["--config", str(config), "dead-letters", "replay", "--yes"], env=dict(os.environ))
    assert done.exit_code == 0, done.output
