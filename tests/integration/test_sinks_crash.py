"""A sink worker that is killed, started twice, frozen, or whose database goes away: no row lost, none doubled."""

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cluster import Cluster
from local.kafka import KafkaBroker
from local.ports import free_port
from local.postgres import PostgresServer
from schemas.events import MeterValue
from schemas.exact import ONE
from tests.freezing import freeze
from tests.receiver_databases import NOT_YET, PostgreSQLReceiver, SQLiteReceiver
from tests.sink_rows import value
from tests.sink_system import SinkProcess, SinkSystem, on_database, until

pytestmark = pytest.mark.services


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def system(request: pytest.FixtureRequest, kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[SinkSystem]:
    yield from on_database(request, kafka, unique, tmp_path)


def corrected_often(count: int) -> list[MeterValue]:
    """Values of 20 points, each identity corrected about ten times."""
    return [
        value(
            sequence,
            metering_point=f"p{sequence % 20}",
            reading_at=(sequence * 7) % (count // 200 + 1),
            value=sequence * ONE,
        )
        for sequence in range(count)
    ]


def final(values: list[MeterValue]) -> list[tuple[str, int]]:
    """The rows that values come to."""
    table = {(each.metering_point, each.reading_at): each.sequence for each in values}
    return sorted((point, sequence) for (point, _), sequence in table.items())


def position(system: SinkSystem) -> int:
    """How many records the receiver has behind it."""
    try:
        return int(system.there.run("SELECT coalesce(sum(next_offset), 0) FROM positions")[0][0])
    except NOT_YET:
        return 0


def test_kills_in_the_middle_leave_the_same_rows(system: SinkSystem) -> None:
    """SIGKILL at random moments in a load, between two batches of 500 or within one."""
    chance = random.Random(7)
    values = corrected_often(12_000)
    system.publish(values)
    worker = system.start()
    for part in range(6):
        threshold = part * 1_500 + chance.randrange(1_500)
        until(lambda threshold=threshold: position(system) > threshold)  # type: ignore[misc]  # mypy knows no defaults
        time.sleep(chance.uniform(0, 0.03))
        worker.signal(signal.SIGKILL)
        worker.ended()
        worker = system.start()
    until(lambda: system.rows("metering_point", "sequence") == final(values))
    until(lambda: worker.metric("lag_records") == 0)
    assert system.rows("metering_point", "sequence") == final(values)


def test_kills_in_the_middle_of_a_second_pass_leave_the_same_rows(system: SinkSystem) -> None:
    """Points are mapped while the receiver is live; new values come meanwhile, and others are mapped in the middle."""
    chance = random.Random(11)
    values = corrected_often(6_000)
    first = [f"p{number}" for number in range(10)]
    system.give(*first)
    system.publish(values)
    worker = system.start()
    until(lambda: worker.metric("rows_written_total") > 0 and worker.metric("lag_records") == 0)
    system.give(*first, *(f"p{number}" for number in range(10, 15)))
    for part in range(3):
        begun = passed(system)
        until(lambda begun=begun: passed(system) > begun)  # type: ignore[misc]  # mypy knows no defaults
        time.sleep(chance.uniform(0, 0.1))
        worker.signal(signal.SIGKILL)
        worker.ended()
        if part == 1:
            system.give("*")
        system.publish([value(10_000 + part, metering_point="p12", reading_at=10_000 + part)])
        worker = system.start()
    values += [value(10_000 + part, metering_point="p12", reading_at=10_000 + part) for part in range(3)]
    until(lambda: system.rows("metering_point", "sequence") == final(values))
    until(lambda: worker.metric("second_pass_records") == 0)
    assert system.rows("metering_point", "sequence") == final(values)


def passed(system: SinkSystem) -> int:
    """How many records were read again."""
    try:
        return int(system.there.run("SELECT coalesce(sum(next_offset), 0) FROM passes")[0][0])
    except NOT_YET:
        return 0


def test_of_two_workers_of_one_receiver_one_stops_and_says_why(system: SinkSystem) -> None:
    """The one that was started last goes on; the other need not be given anything to notice."""
    one, two = system.start(), system.start()
    until(lambda: not (one.running and two.running))
    loser, winner = (one, two) if not one.running else (two, one)
    assert loser.ended() == 72
    assert "another worker writes receiver vitec" in loser.log
    system.publish([value(1000)])
    until(lambda: system.delivered([1000]))
    assert winner.running


def test_a_frozen_worker_that_wakes_stops_and_changes_nothing(system: SinkSystem) -> None:
    frozen = system.start()
    system.publish([value(1)])
    until(lambda: system.delivered([1]))
    freeze(frozen.pid)
    other = system.start()
    until(other.ready)
    system.publish([value(2)])
    until(lambda: system.delivered([2]))
    frozen.signal(signal.SIGCONT)
    assert frozen.ended() == 72
    assert system.delivered([2])


def test_a_wish_to_stop_is_heard_at_once(system: SinkSystem) -> None:
    worker = system.start()
    until(worker.ready)
    began = time.monotonic()
    worker.signal(signal.SIGTERM)
    assert worker.ended() == 0
    assert time.monotonic() - began < 5


@pytest.fixture
def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server that a test may stop; its port is known, it does not run yet."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="meterstream-postgres-") as folder:
        server = PostgresServer(Path(folder), port=free_port())
        server.prepare()
        yield server
        server.stop()


def waits_for_postgresql(worker: SinkProcess) -> bool:
    status, why = worker.ask("readyz")
    return status == 503 and "PostgreSQL of receiver vitec" in why


def test_a_database_that_is_away_is_waited_for(
    kafka: Cluster, own_postgres: PostgresServer, unique: str, tmp_path: Path
) -> None:
    """At the start, later, in the middle of a load; ready = false, saying why; and all of it arrives."""
    there = PostgreSQLReceiver.on(own_postgres, unique)
    system = SinkSystem(kafka.bootstrap_servers, unique, tmp_path, there)
    try:
        worker = system.start()
        until(lambda: waits_for_postgresql(worker))
        assert worker.metric("waiting") == 1
        assert 'state="unreachable"} 1.0' in worker.ask("metrics")[1]
        assert worker.ask("healthz")[0] == 200
        values = corrected_often(8_000)
        system.publish(values[:4_000])
        own_postgres.start()
        until(lambda: bool(system.rows("sequence")))
        own_postgres.kill()
        system.publish(values[4_000:])
        until(lambda: waits_for_postgresql(worker))
        own_postgres.start()
        until(lambda: system.rows("metering_point", "sequence") == final(values))
        assert worker.metric("waiting") == 0
        assert 'state="live"} 1.0' in worker.ask("metrics")[1]
        assert worker.ready()
        own_postgres.stop()
        until(lambda: waits_for_postgresql(worker))  # an idle worker, too, says so
        worker.signal(signal.SIGTERM)
        assert worker.ended(10) == 0, "a wish to stop is heard while it waits"
        assert own_postgres.password not in worker.log
    finally:
        system.close()


def test_a_cluster_that_is_away_is_waited_for(unique: str, tmp_path: Path) -> None:
    """At the start and later."""
    broker = KafkaBroker(tmp_path / "kafka", properties={"broker.session.timeout.ms": "3000"})
    with broker:
        system = SinkSystem(broker.bootstrap_servers, unique, tmp_path, SQLiteReceiver(tmp_path / "vitec.sqlite"))
        system.publish([value(1)])
    try:
        worker = system.start()
        until(lambda: worker.ask("readyz")[0] == 503 and "Kafka" in worker.ask("readyz")[1])
        broker.start()
        until(lambda: system.delivered([1]))
        until(worker.ready)
        broker.stop()
        until(lambda: not worker.ready())
        assert "Kafka" in worker.ask("readyz")[1]
        broker.start()
        until(worker.ready)
        system.publish([value(2)])
        until(lambda: system.delivered([2]))
        broker.stop()
        until(lambda: not worker.ready())
        worker.signal(signal.SIGTERM)
        assert worker.ended(15) == 0, "a wish to stop is heard while it waits"
    finally:
        system.close()
        broker.stop()
