"""Tables that are gone, workers that were superseded, epochs that are not whole: seen, said, and mended."""

from collections.abc import Callable

import pytest

from runtime import mends
from runtime.errors import ConfigError, Superseded, Transient
from schemas.keys import partition_of
from sinks.batch import Batch
from sinks.points.points import Point, Points
from sinks.sql_writer import SqlWriter
from sinks.upkeep import Upkeep
from sinks.writer import Opened, Pass, Topic
from tests.receiver_databases import PostgreSQLReceiver, ReceiverDatabase
from tests.sink_rows import AT, row, value
from tests.sink_writing import START, TOPIC, Writing, positions, shown, write

NEW_TOPIC = Topic("meterstream.2.values", "another-id", 2)


def drop_rows(there: ReceiverDatabase) -> None:
    there.run("DROP TABLE meter_values_e1" + (" CASCADE" if isinstance(there, PostgreSQLReceiver) else ""))


@pytest.fixture
def filled(writing: Writing) -> SqlWriter:
    writer = writing()
    writer.open(TOPIC, [0, 1])
    write(writer, value(1), value(2, reading_at=AT + 1))
    return writer


def test_a_table_that_was_dropped_is_never_made_anew_in_silence(there: ReceiverDatabase, filled: SqlWriter) -> None:
    """An empty one would contradict the positions: rows would be missing for ever."""
    drop_rows(there)
    with pytest.raises(Transient, match="meter_values_e1 is gone") as idle:
        filled.look()
    assert mends.REFILL in str(idle.value)
    for _ in range(2):
        with pytest.raises(Transient, match="meter_values_e1 is gone"):
            filled.open(TOPIC, [0, 1])
    assert positions(there) == {0: 2, 1: 0}


def test_a_refilled_receiver_begins_at_the_start_and_is_shown_again(
    there: ReceiverDatabase, filled: SqlWriter, writing: Writing
) -> None:
    drop_rows(there)
    Upkeep(there.database(), "vitec", "1").refill()
    assert positions(there) == START
    assert shown(there, "sequence") == []
    with pytest.raises(Superseded):
        filled.open(TOPIC, [0, 1])
    after = writing()
    assert after.open(TOPIC, [0, 1]) == Opened(START, live=True)
    write(after, value(1), value(2, reading_at=AT + 1))
    assert shown(there, "sequence") == [(1,), (2,)]


def test_refilling_keeps_the_rows_and_tries_what_was_refused_again(
    there: ReceiverDatabase, filled: SqlWriter, writing: Writing
) -> None:
    there.run("INSERT INTO refused_rows VALUES ('1', 0, 5, 'id', 'why', '2026-01-01T00:00:00Z')")
    there.run("INSERT INTO refused_rows VALUES ('of another epoch', 0, 5, 'id', 'why', '2026-01-01T00:00:00Z')")
    Upkeep(there.database(), "vitec", "1").refill()
    assert shown(there, "sequence") == [(1,), (2,)]
    assert there.run("SELECT epoch FROM refused_rows") == [("of another epoch",)]
    with pytest.raises(Superseded):
        filled.look()
    writing().open(TOPIC, [0, 1])


@pytest.mark.parametrize("do", [Upkeep.refill, Upkeep.switch])
def test_what_was_never_filled_is_not_mended(
    there: ReceiverDatabase, writing: Writing, do: Callable[[Upkeep], None]
) -> None:
    with pytest.raises(ConfigError, match="there are no tables of a receiver"):
        do(Upkeep(there.database(), "vitec", "1"))
    writing().open(TOPIC, [0, 1])
    with pytest.raises(ConfigError, match="it has nothing of epoch 2"):
        do(Upkeep(there.database(), "vitec", "2"))
    with pytest.raises(ConfigError, match="belong to receiver vitec"):
        do(Upkeep(there.database(), "momentum", "1"))


def test_a_view_that_was_dropped_comes_back(there: ReceiverDatabase, filled: SqlWriter) -> None:
    there.run("DROP VIEW meter_values")
    filled.open(TOPIC, [0, 1])
    assert shown(there, "sequence") == [(1,), (2,)]


def test_of_two_idle_workers_the_one_that_was_started_last_goes_on(there: ReceiverDatabase, writing: Writing) -> None:
    """Also where the first has nothing to write, or lost its connection meanwhile."""
    first, last = writing(), writing()
    first.open(TOPIC, [0, 1])
    assert first.look() == START
    last.open(TOPIC, [0, 1])
    for step in (first.look, lambda: write(first, value(1)), lambda: first.open(TOPIC, [0, 1])):
        with pytest.raises(Superseded, match="another worker writes receiver vitec"):
            step()
    assert last.look() == START
    last.open(TOPIC, [0, 1])
    write(last, value(2))
    assert shown(there, "sequence") == [(2,)]


def test_a_look_shows_positions_that_went_back_with_a_backup(there: ReceiverDatabase, filled: SqlWriter) -> None:
    there.run("UPDATE positions SET next_offset = 1 WHERE topic_partition = 0")
    assert filled.look() == {0: 1, 1: 0}


def test_the_view_never_turns_to_an_epoch_that_knows_less_of_a_series(
    there: ReceiverDatabase, filled: SqlWriter, writing: Writing
) -> None:
    """Its first load goes on: the worker was started, or started again, in the middle of it."""
    new = writing("2")
    assert new.open(NEW_TOPIC, [0, 1]) == Opened(START, live=False)
    write(new, value(1, epoch="2"))
    assert not new.turn_view()
    again = writing("2")
    again.open(NEW_TOPIC, [0, 1])
    assert not again.turn_view()
    assert shown(there, "epoch") == [("1",), ("1",)]
    write(again, value(2, epoch="2", reading_at=AT + 5), before=1)
    assert again.turn_view()
    assert shown(there, "epoch", "sequence") == [("2", 1), ("2", 2)]


def test_a_series_that_has_ended_holds_the_view_until_the_operator_says_so(
    there: ReceiverDatabase, filled: SqlWriter, writing: Writing
) -> None:
    new = writing("2")
    new.open(NEW_TOPIC, [0, 1])
    write(new, value(1, epoch="2", reading_at=AT + 5, metering_point="another"))
    assert not new.turn_view()
    Upkeep(there.database(), "vitec", "2").switch()
    assert new.turn_view()
    assert shown(there, "epoch") == [("2",)]


def test_an_epoch_takes_the_place_of_one_whose_table_is_gone(
    there: ReceiverDatabase, filled: SqlWriter, writing: Writing
) -> None:
    new = writing("2")
    new.open(NEW_TOPIC, [0, 1])
    write(new, value(1, epoch="2"))
    drop_rows(there)
    assert new.turn_view()
    assert shown(there, "epoch") == [("2",)]


def test_tables_of_the_first_release_are_carried_on(there: ReceiverDatabase, writing: Writing) -> None:
    """As a worker of 0.1.0 left them: without the columns and the table that came later."""
    writer = writing()
    writer.open(TOPIC, [0, 1])
    write(writer, value(1))
    writer.close()
    there.run("ALTER TABLE positions DROP COLUMN worker")
    there.run("ALTER TABLE epochs DROP COLUMN wanted")
    there.run("ALTER TABLE positions DROP COLUMN generation")
    for column in ("state", "points", "generation", "layouts"):
        there.run(f"ALTER TABLE receiver DROP COLUMN {column}")
    for table in ("put_backs", "points", "passes", "journal", "known_series", "projected", "unprojected"):
        there.run(f"DROP TABLE {table}")
    there.run("DELETE FROM schema_version WHERE version > 1")
    newer = writing()
    assert newer.open(TOPIC, [0, 1]).positions == {0: 1, 1: 0}
    newer.write(Batch([row(value(2), forms=newer.forms)], {0: 1}, {0: 2}), lambda refused: [])
    assert shown(there, "sequence") == [(2,)]
    old = next(f"p{n}" for n in range(99) if partition_of(f"p{n}", 2) == 0)
    assert newer.take_points(Points([Point(old)])).passes == {0: Pass(0, 2)}, "read again once: it had no generations"
