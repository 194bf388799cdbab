"""A sink worker on real Kafka and real databases: what it delivers, what it passes, what it tells."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka.errors import RetriableError

from local.cluster import Cluster
from schemas.events import MeterValue
from schemas.exact import ONE
from tests.receiver_databases import SQLiteReceiver
from tests.sink_rows import StoredRecord, outside, record, value
from tests.sink_system import SinkSystem, on_database, until

pytestmark = pytest.mark.services


@pytest.fixture(params=["sqlite", "postgresql"])
def system(request: pytest.FixtureRequest, kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[SinkSystem]:
    yield from on_database(request, kafka, unique, tmp_path)


def some(count: int, points: int = 20, first: int = 0) -> list[MeterValue]:
    """Values of several points; every second one of a point corrects the one before."""
    return [
        value(
            sequence, metering_point=f"p{sequence % points}", reading_at=sequence // (2 * points), value=sequence * ONE
        )
        for sequence in range(first, first + count)
    ]


def newest(values: list[MeterValue]) -> list[tuple[str, int, int]]:
    """The rows that values come to, said simply."""
    table = {(each.metering_point, each.reading_at): each.sequence for each in values}
    return sorted((point, 0, sequence) for (point, _), sequence in table.items())


def test_it_delivers_its_points_and_tells_how_far_it_is(system: SinkSystem) -> None:
    """Rows, metrics, readiness, and the group's offsets for lag tools."""
    system.give("p1", "p2")
    values = some(600)
    system.publish(values)
    worker = system.start()
    mine = [each for each in values if each.metering_point in ("p1", "p2")]
    until(lambda: len(system.rows("sequence")) == len(newest(mine)))
    system.publish([value(700, metering_point="p1"), value(701, metering_point="p3")])
    until(lambda: 700 in system.sequences())
    assert {point for (point,) in system.rows("metering_point")} == {"p1", "p2"}
    until(lambda: worker.metric("lag_records") == 0 and worker.metric("consumed_total") == 602)
    assert worker.ready()
    assert worker.metric("rows_withheld_total") == 602 - len(mine) - 1
    assert worker.metric("rows_written_total") + worker.metric("rows_superseded_total") == len(mine) + 1
    assert worker.metric("freshness_seconds_count") == len(mine) + 1
    assert worker.metric("newest_row_timestamp_seconds") == max(each.fetched_at for each in mine) / 1e6
    until(lambda: worker.metric("lag_seconds") == 0)
    until(lambda: _reported(system) == 602)


def _reported(system: SinkSystem) -> int:
    admin = system.admin()
    try:
        offsets = admin.list_group_offsets(system.names.sink_group("vitec"))
        return sum(offset.offset for offset in offsets[system.names.sink_group("vitec")].values())
    except RetriableError:  # a fresh cluster makes its topic of offsets
        return 0
    finally:
        admin.close()


def test_aborted_transactions_are_never_seen(system: SinkSystem) -> None:
    """And the position reaches the end of the log, past the markers of transactions."""
    producer = system.producer(transactional_id=system.names.values)
    producer.init_transactions()
    worker = system.start()
    for number, commit in enumerate([True, False, True, False]):
        producer.begin_transaction()
        system.publish([value(number, reading_at=number)], producer)
        if commit:
            producer.commit_transaction()
        else:
            producer.abort_transaction()
    until(lambda: system.delivered([0, 2]))
    until(lambda: worker.metric("lag_records") == 0)
    partition = record(value()).partition
    stored = f"SELECT next_offset FROM positions WHERE topic_partition = {partition}"
    until(lambda: system.there.run(stored) == [(8,)])  # four records, four markers
    assert system.delivered([0, 2])


def test_what_is_no_value_becomes_a_dead_letter_and_the_others_flow(system: SinkSystem) -> None:
    good, foreign = record(value(1)), record(value(2, metering_point="p1"))
    elsewhere = (good.partition + 1) % 4
    bad = {
        "undecodable_record": [
            record(value(3), value=b"poison"),
            record(value(3), value=b""),
            record(value(3), value=None),
            record(value(3), value=(good.value or b"") + b"more"),
        ],
        "unknown_schema": [record(value(3), value=b"\x00\xff\xff\xff\xff" + b"body")],
        "wrong_key": [
            record(value(3), key=foreign.key),
            record(value(3), partition=elsewhere),
            record(value(3), key=record(outside(3)).key),
            record(outside(3), key=good.key),
            record(value(3, metering_point="not ours"), key=b"?"),
        ],
    }
    system.publish_records([good, *(each for records in bad.values() for each in records), record(value(4))])
    worker = system.start()
    until(lambda: system.delivered([4]))
    until(lambda: worker.metric("dead_letters_total") == 10)
    letters = system.letters()
    assert sorted(letter.reason for letter in letters) == sorted(
        reason for reason, records in bad.items() for _ in records
    )
    originals = {(letter.original_key, letter.original_value) for letter in letters}
    assert originals >= {(each.key, each.value) for records in bad.values() for each in records if each.value}
    assert all(letter.topic == system.names.values and letter.offset is not None for letter in letters)


def test_rows_that_the_database_refuses_are_dead_letters_of_this_receiver(system: SinkSystem) -> None:
    worker = system.start()
    until(worker.ready)
    if isinstance(system.there, SQLiteReceiver):
        system.there.run(
            "CREATE TRIGGER strict BEFORE INSERT ON meter_values_e1 WHEN NEW.source = 'odd' "
            "BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    else:
        system.there.run("ALTER TABLE meter_values_e1 ADD CONSTRAINT strict CHECK (source <> 'odd')")
    values = [value(n, reading_at=n, source="odd" if n % 7 == 3 else "even") for n in range(40)]
    system.publish(values)
    until(lambda: system.delivered([n for n in range(40) if n % 7 != 3]))
    letters = system.letters()
    assert {letter.original_value for letter in letters} == {
        record(each).value for each in values if each.source == "odd"
    }
    assert {(letter.reason, letter.receiver, letter.source) for letter in letters} == {("row_refused", "vitec", "odd")}
    noted = {found for (found,) in system.there.run("SELECT dead_letter_id FROM refused_rows")}
    assert noted == {letter.id for letter in letters}
    assert worker.metric("dead_letters_total") == 6
    assert "26633" not in worker.log
    assert value().metering_point not in worker.log


def test_newly_mapped_points_get_their_history(system: SinkSystem) -> None:
    system.give("p1")
    system.publish(some(60))
    worker = system.start()
    until(lambda: {point for (point,) in system.rows("metering_point")} == {"p1"} and len(system.rows("sequence")) == 2)
    system.give("p2", "p1")
    until(lambda: len(system.rows("sequence")) == 4)
    until(lambda: "all is read again" in worker.log)
    worker.close()
    system.give("p2", "p1", "p3")
    worker = system.start()
    until(lambda: len(system.rows("sequence")) == 6)
    (system.folder / "points.csv").write_text("no points")
    until(lambda: "cannot be used" in worker.log)
    system.publish([value(500, metering_point="p3", reading_at=99)])
    until(lambda: len(system.rows("sequence")) == 7)


def test_a_new_epoch_is_shown_when_it_has_caught_up(system: SinkSystem) -> None:
    system.publish(some(30))
    old = system.start()
    until(lambda: len(system.rows("sequence")) == len(newest(some(30))))
    config = system.configure("2")
    system.create_topics("2")
    system.publish([value(1000 + n, reading_at=n, metering_point=f"p{n % 20}", epoch="2") for n in range(800)])
    new = system.start(config=config)
    until(lambda: "the view shows this epoch" in new.log)
    assert system.sequences() == list(range(1000, 1800))
    assert old.running, "the old epoch's worker is not this one's rival"


def test_an_epoch_that_is_still_empty_does_not_take_the_place_of_a_full_one(system: SinkSystem) -> None:
    system.publish(some(30))
    system.start()
    until(lambda: len(system.rows("sequence")) == len(newest(some(30))))
    config = system.configure("2")
    system.create_topics("2")
    new = system.start(config=config)
    until(new.ready)
    system.publish([value(1, epoch="2")])
    until(lambda: new.metric("consumed_total") == 1)
    new.close()
    again = system.start(config=config)
    until(lambda: "the view stays" in again.log)  # in the middle of its first load, neither
    assert len(system.rows("sequence")) == len(newest(some(30)))


def test_shares_deliver_the_whole_together(system: SinkSystem) -> None:
    values = some(400)
    system.publish(values)
    workers = [system.start("--share", f"{number}/3") for number in (1, 2, 3)]
    until(lambda: len(system.rows("sequence")) == len(newest(values)))
    assert all(worker.running for worker in workers)
    assert sum(worker.metric("consumed_total") for worker in workers) == 400


def test_a_stored_record_is_like_those_of_the_client(system: SinkSystem) -> None:
    """The stand-in of the unit tests has what the real records have."""
    assert set(StoredRecord.__dataclass_fields__) == {"topic", "partition", "offset", "key", "value", "headers"}
