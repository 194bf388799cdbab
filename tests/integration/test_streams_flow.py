"""Readings in, meter values out, on a real Kafka."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cluster import Cluster
from schemas import exact
from schemas.canary import canary
from schemas.keys import partition_of
from schemas.reasons import Reason
from tests.streams_system import READINGS, START, VALUES, StreamsSystem, hour, until

pytestmark = pytest.mark.services


@pytest.fixture
def system(kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[StreamsSystem]:
    with StreamsSystem(kafka.bootstrap_servers, unique, tmp_path) as system:
        yield system


def point_on(partition: int, count: int = 2) -> str:
    """A metering point whose readings lie on a partition."""
    return next(f"p{number}" for number in range(1_000) if partition_of(f"p{number}", count) == partition)


def test_new_readings_duplicates_and_corrections(system: StreamsSystem) -> None:
    worker = system.worker()
    points = [f"point-{number}" for number in range(7)]
    system.feed(hour(point, at, 1_000 + at * 3) for at in range(20) for point in points)
    system.feed(hour(point, at, 1_000 + at * 3, fetched=2) for at in range(20) for point in points)
    system.feed([hour("point-3", 5, 1_016, fetched=3)])
    system.drain()
    outcome = system.outcome()
    assert outcome == system.expected()
    corrected = outcome.values[partition_of("point-3", 2)][-2:]
    assert [(value.cause, value.consumption) for _, value in corrected] == [
        ("corrected", 4 * exact.ONE),
        ("recomputed", 2 * exact.ONE),
    ]
    assert worker.stop() == 0
    assert list(system.cwd.iterdir()) == [], "the working directory stays clean"


def test_what_cannot_be_used_is_dead_lettered_whole_and_its_neighbours_flow(system: StreamsSystem) -> None:
    here, there = point_on(0), point_on(1)
    good = READINGS.encode(hour(here, 2, 3))
    system.feed([hour(here, 0, 1), hour(there, 0, 1)])
    system.put(b"\x01 no avro", here)
    system.put(b"\x00\x00\x00\x00\x07" + good[5:], here)
    system.put(good[:-3], here)
    system.put(None, here)
    system.put(good, here, key=b"somebody else")
    system.put(good, here, key=None)
    system.put(READINGS.encode(hour(here, 3, 4)), here, partition=1)
    system.flush()
    system.feed([hour(here, 1, 2), hour(there, 1, 2)])
    system.worker()
    system.drain()
    outcome = system.outcome()
    assert outcome == system.expected()
    assert [reason for reason, _, _ in outcome.letters] == [
        *[Reason.UNDECODABLE_RECORD] * 3,
        Reason.UNKNOWN_SCHEMA,
        *[Reason.WRONG_KEY] * 3,
    ]
    assert {partition: len(values) for partition, values in outcome.values.items()} == {0: 2, 1: 2}
    whole = {
        (letter.original_key, letter.original_value, letter.original_headers[0].value) for letter in system.letters()
    }
    assert (b"somebody else", good, b"7") in whole
    assert (here.encode(), b"\x01 no avro", b"7") in whole


def test_a_record_as_large_as_kafka_takes_is_dead_lettered_too(system: StreamsSystem) -> None:
    """Cut, or the letter would be larger than its topic takes, and the worker would end at this place for ever."""
    system.put(bytes(1_000_000), "p", partition=0)
    system.put(b"\x01", "p", key=bytes(1_000_000), partition=0)
    system.flush()
    system.worker()
    system.drain()
    letters = system.letters()
    assert [letter.offset for letter in letters] == [0, 1]
    assert all(letter.original_sha256 for letter in letters), "cut: it cannot be put back"
    assert letters[0].original_length == 1_000_000


def test_workers_share_the_partitions_and_take_over_from_each_other(system: StreamsSystem) -> None:
    first = system.worker()
    system.feed(hour(f"p{number}", 0, 1) for number in range(10))
    system.drain()
    second = system.worker()
    until(lambda: "opened a partition" in second.said(), what="the second worker has a partition")
    system.feed(hour(f"p{number}", 1, 2) for number in range(10))
    system.drain()
    assert first.stop() == 0
    system.feed(hour(f"p{number}", 2, 3) for number in range(10))
    system.drain()
    assert system.outcome() == system.expected()
    assert second.code is None


def test_a_restarted_worker_knows_its_state_without_the_readings(system: StreamsSystem) -> None:
    """What was read is deleted and the group's offsets with it: state and marker alone carry on."""
    system.feed(hour("p", at, 10 * at) for at in range(5))
    worker = system.worker()
    system.drain()
    assert worker.stop() == 0
    before = system.outcome()
    system.delete_read()
    system.admin.delete_groups([system.names.streams_group])
    system.worker()
    system.feed([hour("p", 4, 40, fetched=9), hour("p", 5, 57)])
    system.drain()
    after = system.outcome().values[partition_of("p", 2)]
    assert after[:5] == before.values[partition_of("p", 2)]
    assert [(value.delta, value.sequence) for _, value in after[5:]] == [(17 * exact.ONE, 6)]


def test_a_group_moved_back_repeats_nothing(system: StreamsSystem) -> None:
    """Readings would be duplicates; what is outside the history, and dead letters, would come twice."""
    system.feed(hour("p", at, at) for at in (*range(4), 100 * 24, 1))
    system.put(b"poison", "p")
    worker = system.worker()
    system.drain()
    assert worker.stop() == 0
    system.move_group(0)
    system.worker()
    system.feed([hour("p", 100 * 24 + 1, 101 * 24)])
    system.drain()
    outcome = system.outcome()
    assert outcome == system.expected()
    assert len(outcome.letters) == 1
    assert len(outcome.values[partition_of("p", 2)]) == 7


def test_a_lone_reading_is_published_with_epoch_sequence_and_one_clock(system: StreamsSystem) -> None:
    system.worker()
    system.feed([hour("p", 0, 5, kind="volume")])
    system.drain()
    (record,) = system.records(system.names.values)
    value = VALUES.decode(record.value)
    assert (value.epoch, value.sequence, value.consumption) == ("1", 0, 5 * exact.ONE)
    assert abs(value.published_at - record.timestamp * 1_000) < 60_000_000


def test_a_worker_tells_how_it_does(system: StreamsSystem) -> None:
    worker = system.worker()
    until(lambda: worker.answer("/readyz") == "ready\n", what="ready")
    system.feed([hour("p", 0, 1), hour("p", 1, 3), hour("p", 2, 2), hour("p", 0, 1, fetched=2)])
    system.feed([canary("hours", 1, START)])
    system.put(b"poison", "p")
    system.flush()
    system.drain()
    assert worker.answer("/healthz") == "live\n"
    told = until(lambda: _sample(worker.answer("/metrics"), "consumed_total") == 6 and worker.answer("/metrics"))
    assert _sample(told, "duplicates_total") == 1
    assert _sample(told, 'published_total{cause="new"}') == 4
    assert _sample(told, 'held_total{reason="negative_delta"}') == 1
    assert _sample(told, 'dead_letters_total{reason="undecodable_record"}') == 1
    assert _sample(told, "partitions") == 2
    assert _sample(told, "state_series") == 2
    assert _sample(told, "state_bytes") > 0
    assert _sample(told, "recovery_seconds_count") == 2
    assert _sample(told, "recovering") == 0
    assert _sample(told, "delay_seconds_count") == 3, "neither a duplicate's nor a canary's"
    assert _sample(told, "delay_seconds_sum") > 3 * 86_400 * 365, "these readings are old"


def _sample(metrics: str, series: str) -> float:
    """The value of one of the streams' series; 0 where it does not stand."""
    start = f"meterstream_streams_{series} "
    return next((float(line.removeprefix(start)) for line in metrics.splitlines() if line.startswith(start)), 0.0)
