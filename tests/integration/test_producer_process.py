"""The producer as a process, on a real Kafka: it starts, waits, publishes, remembers, is killed, and stops."""

import os
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewPartitions

from local.kafka import KafkaBroker
from local.ports import free_port
from schemas import exact
from schemas.canary import is_canary
from tests.polling import winners
from tests.producer_system import ProducerSystem, ScriptedUtility, eventually, spoken, stopped

pytestmark = pytest.mark.services

POINTS = [f"73599910000000{number:04d}" for number in range(12)]
START = (datetime.now(UTC) - timedelta(days=3)).replace(hour=1, minute=0, second=0, microsecond=0, tzinfo=None)
DATES = [(START + timedelta(hours=hour)).isoformat() for hour in range(48)]


def ready(system: ProducerSystem) -> bool:
    return system.get("/readyz")[0] == 200


def test_every_reading_arrives_once_on_its_point_s_partition_and_stays_so_after_a_restart(
    tmp_path: Path, kafka: Any, unique: str
) -> None:
    with ScriptedUtility(lambda point: spoken(point, dict.fromkeys(DATES, 1))) as utility:
        system = ProducerSystem(tmp_path, kafka.bootstrap_servers, unique, utility.url, POINTS)
        system.create_topics()
        for _ in range(2):
            utility.requests.clear()
            with system.producer() as process:
                eventually(lambda: ready(system))
                eventually(lambda: min(map(utility.requests.count, POINTS)) >= 4)
                assert stopped(process) == 0
    readings = system.readings()
    assert len(readings) == len(POINTS) * len(DATES)
    assert {(reading.metering_point, reading.reading_date) for reading in readings} == {
        (point, date) for point in POINTS for date in DATES
    }
    by_point = [[r.reading_at for r in readings if r.metering_point == point] for point in POINTS]
    assert all(dates == sorted(dates) for dates in by_point), "oldest first"
    assert not system.letters()
    assert POINTS[0] not in system.log


def test_whenever_it_is_killed_what_the_utility_says_last_has_won(tmp_path: Path, kafka: Any, unique: str) -> None:
    """Values change all the time, also back to what they were, and the process dies at random moments."""
    chance = random.Random(7)
    values: dict[str, dict[str, object]] = {point: dict.fromkeys(DATES, 1) for point in POINTS}
    with ScriptedUtility(lambda point: spoken(point, values[point])) as utility:
        system = ProducerSystem(tmp_path, kafka.bootstrap_servers, unique, utility.url, POINTS)
        system.create_topics()
        for _ in range(6):
            with system.producer() as process:
                eventually(lambda: ready(system))
                end = time.monotonic() + chance.uniform(0.1, 1.0)
                while time.monotonic() < end:
                    values[chance.choice(POINTS)][chance.choice(DATES)] = chance.choice([1, 2, "abc"])
                    time.sleep(0.002)
                process.kill()
                process.wait()
        utility.requests.clear()
        with system.producer() as process:
            eventually(lambda: ready(system))
            eventually(lambda: min(map(utility.requests.count, POINTS)) >= 3)
            assert stopped(process) == 0
    readings, letters = system.readings(), system.letters()
    dead = {letter.original_value for letter in letters}
    for point in POINTS:
        own = [reading for reading in readings if reading.metering_point == point]
        rows, dates = winners(own), {reading.reading_date: reading.reading_at for reading in own}
        for date, value in values[point].items():
            if value == "abc":
                assert any(date.encode() in (original or b"") for original in dead)
            else:
                assert rows[dates[date]] == int(str(value)) * exact.ONE


def canaries(system: ProducerSystem) -> int:
    return sum(is_canary(reading.metering_point) for reading in system.readings())


def test_shards_share_the_points_and_the_first_sends_the_canary(
    tmp_path: Path, kafka: Any, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METERSTREAM__CANARY__EVERY", "60")
    with ScriptedUtility(lambda point: spoken(point, {DATES[0]: 1})) as utility:
        system = ProducerSystem(tmp_path, kafka.bootstrap_servers, unique, utility.url, POINTS)
        system.create_topics()
        asked, sent = [], [0]
        for shard in ("1/2", "2/2"):
            utility.requests.clear()
            with system.producer("--shard", shard) as process:
                eventually(lambda: len(utility.requests) >= 4 * len(set(utility.requests)) > 0)
                assert stopped(process) == 0
            asked.append(set(utility.requests))
            sent.append(canaries(system))
    assert not asked[0] & asked[1]
    assert asked[0] | asked[1] == set(POINTS)
    assert 0 < sent[1] == sent[2]


def test_a_full_sweep_by_command_publishes_everything_again(tmp_path: Path, kafka: Any, unique: str) -> None:
    with ScriptedUtility(lambda point: spoken(point, {DATES[0]: 1})) as utility:
        system = ProducerSystem(tmp_path, kafka.bootstrap_servers, unique, utility.url, POINTS[:1])
        system.create_topics()
        for arguments in ((), ("--full-sweep",)):
            utility.requests.clear()
            with system.producer(*arguments) as process:
                eventually(lambda: len(utility.requests) >= 4)
                assert stopped(process) == 0
    assert len(system.readings()) == 3, "one, and one for each request of the sweep"


def test_a_refused_key_makes_it_wait_not_ready_and_nothing_is_skipped(
    tmp_path: Path, kafka: Any, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary goes all the same: it watches the road behind the utility."""
    monkeypatch.setenv("METERSTREAM__CANARY__EVERY", "60")
    with ScriptedUtility(lambda point: spoken(point, {DATES[0]: 1})) as utility:
        utility.status = 403
        system = ProducerSystem(tmp_path, kafka.bootstrap_servers, unique, utility.url, POINTS)
        system.create_topics()
        with system.producer() as process:
            eventually(lambda: "refuses our credentials" in system.get("/readyz")[1])
            assert 'source_authorised{source="feed"} 0.0' in system.get("/metrics")[1]
            assert process.poll() is None
            eventually(lambda: canaries(system) == len(system.readings()) > 0)
            utility.status = 200
            eventually(lambda: ready(system))
            eventually(lambda: len(system.readings()) - canaries(system) == len(POINTS))
            assert f'canaries_total{{source="feed"}} {canaries(system)}.0' in system.get("/metrics")[1]
            assert stopped(process) == 0
    assert system.log.count("refuses our credentials") == 1


def test_a_stop_waits_for_the_poll_in_hand(tmp_path: Path, kafka: Any, unique: str) -> None:
    with ScriptedUtility(lambda point: spoken(point, {DATES[0]: 1})) as utility:
        utility.delay = 1.5
        system = ProducerSystem(tmp_path, kafka.bootstrap_servers, unique, utility.url, POINTS[:1])
        system.create_topics()
        with system.producer() as process:
            eventually(lambda: utility.requests)
            assert stopped(process) == 0
    assert len(system.readings()) == 1


@pytest.mark.parametrize("missing", ["all", "polls"])
def test_missing_topics_end_it_with_the_command_that_mends_it(
    tmp_path: Path, kafka: Any, unique: str, missing: str
) -> None:
    system = ProducerSystem(tmp_path, kafka.bootstrap_servers, unique, "http://127.0.0.1:9", POINTS)
    if missing == "polls":
        system.create_topics()
        admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
        admin.delete_topics([system.names.polls])
        admin.close()
        time.sleep(0.5)
    with system.producer() as process:
        assert process.wait(30) == 2
    assert f"topic {system.names.polls} is missing: meterstream topics create" in system.log


def test_another_number_of_partitions_ends_it(tmp_path: Path, kafka: Any, unique: str) -> None:
    system = ProducerSystem(tmp_path, kafka.bootstrap_servers, unique, "http://127.0.0.1:9", POINTS)
    system.create_topics()
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    admin.create_partitions({system.names.readings: NewPartitions(6)})
    admin.close()
    with system.producer() as process:
        assert process.wait(30) == 2
    assert "has 6 partitions, the settings say 4" in system.log


def test_readings_that_were_lost_with_their_topic_are_a_loud_stop(tmp_path: Path, kafka: Any, unique: str) -> None:
    """Else the memory would say that they were published, and nobody would ever see them."""
    with ScriptedUtility(lambda point: spoken(point, dict.fromkeys(DATES, 1))) as utility:
        system = ProducerSystem(tmp_path, kafka.bootstrap_servers, unique, utility.url, POINTS)
        system.create_topics()
        with system.producer() as process:
            eventually(lambda: min(map(utility.requests.count, POINTS)) >= 3)
            assert stopped(process) == 0
        admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
        admin.delete_topics([system.names.readings])
        admin.close()
        time.sleep(1)
        system.create_topics()
        with system.producer() as process:
            assert process.wait(30) == 71
    assert "is shorter than it was" in system.log


def test_kafka_may_be_away_at_the_start_and_later(tmp_path: Path, unique: str) -> None:
    """It lives, is not ready, and goes on when Kafka is there: nothing is lost, doubled or skipped."""
    values: dict[str, object] = {DATES[0]: 1}
    port = free_port()
    broker = KafkaBroker(tmp_path / "kafka", port)
    with ScriptedUtility(lambda point: spoken(point, values)) as utility:
        system = ProducerSystem(tmp_path, f"127.0.0.1:{port}", unique, utility.url, POINTS)
        with broker:
            system.create_topics()
        with system.producer() as process:
            eventually(lambda: "waiting" in system.log)
            assert system.get("/healthz")[0] == 200
            assert system.get("/readyz")[0] == 503
            with broker:
                eventually(lambda: ready(system), within=120)
                eventually(lambda: len(system.readings()) == len(POINTS))
                broker.stop()
                values[DATES[1]] = 2
                eventually(lambda: "Kafka does not acknowledge" in system.get("/readyz")[1])
                assert system.get("/healthz")[0] == 200
                assert process.poll() is None
                broker.start()
                eventually(lambda: ready(system), within=120)
                eventually(lambda: len(winners(system.readings())) == 2)
                utility.requests.clear()
                eventually(lambda: min(map(utility.requests.count, POINTS)) >= 2)
                assert stopped(process) == 0
                last = [reading for reading in system.readings() if reading.reading_date == DATES[1]]
                assert sorted(reading.metering_point for reading in last) == POINTS


@pytest.mark.parametrize("kind", ["term", "interrupt"])
def test_it_stops_at_once_while_it_waits_for_kafka(tmp_path: Path, unique: str, kind: str) -> None:
    system = ProducerSystem(tmp_path, f"127.0.0.1:{free_port()}", unique, "http://127.0.0.1:9", POINTS)
    with system.producer() as process:
        eventually(lambda: system.get("/healthz")[0] == 200)
        os.kill(process.pid, 15 if kind == "term" else 2)
        assert process.wait(5) == 0


def test_every_problem_of_the_settings_is_told_before_anything_starts(tmp_path: Path, unique: str) -> None:
    system = ProducerSystem(tmp_path, "127.0.0.1:9", unique, "http://127.0.0.1:9", ["1", "1"])
    with system.config.open("a", encoding="utf-8") as file:
        file.write(
            '[sources.other]\nmapping = "nobody"\nurl = "http://x"\ngranularity = "day"\npoints = "points.csv"\n'
            "poll = { sweep_window = 500 }\n"
        )
    with system.producer("--check-config") as process:
        assert process.wait(20) == 2
    for problem in ("line 3: this metering point has", "there is no such mapping", "sweep_window: 500 days"):
        assert problem in system.log


def test_a_valid_configuration_is_told_without_kafka(tmp_path: Path, unique: str) -> None:
    system = ProducerSystem(tmp_path, "127.0.0.1:9", unique, "http://127.0.0.1:9", POINTS)
    with system.producer("--check-config", "--shard", "1/2", "--source", "feed") as process:
        assert process.wait(20) == 0
    with system.producer("--check-config", "--source", "absent") as process:
        assert process.wait(20) == 2
