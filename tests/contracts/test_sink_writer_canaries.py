"""The canary in every database: written as any row is, and shown to nobody."""

from contextlib import closing

from sinks.columns import NO_CANARY
from sinks.writer import Opened, Topic, Written
from tests.receiver_databases import ReceiverDatabase
from tests.sink_rows import AT, canary_value, value
from tests.sink_writing import START, TOPIC, Writing, shown, write

TABLE = "meter_values_e1"


def test_a_canary_is_a_row_of_the_table_that_is_corrected_and_never_shown(
    there: ReceiverDatabase, writing: Writing
) -> None:
    writer = writing()
    writer.open(TOPIC, [0, 1])
    assert write(writer, canary_value(1, 1), value(2)) == Written(rows=1, refused=0), "it is not counted"
    assert write(writer, canary_value(3, 2), canary_value(4, 3), before=2) == Written(rows=0, refused=0)
    assert sorted(there.run(f"SELECT sequence FROM {TABLE}")) == [(2,), (4,)], "the table does not grow"
    assert shown(there, "sequence") == [(2,)]


def test_a_view_of_an_earlier_release_leaves_it_out_from_the_next_start_on(
    there: ReceiverDatabase, writing: Writing
) -> None:
    writer = writing()
    writer.open(TOPIC, [0, 1])
    write(writer, canary_value(1, 1), value(2))
    with closing(there.database()) as database:
        database.connect()
        with database.transaction():
            for statement in database.show(TABLE):
                database.execute(statement.removesuffix(f" WHERE {NO_CANARY}"))
    assert shown(there, "sequence") == [(1,), (2,)]
    assert writing().open(TOPIC, [0, 1]) == Opened({0: 2, 1: 0}, live=True)
    assert shown(there, "sequence") == [(2,)]


def test_a_new_epoch_takes_the_place_of_the_old_one_although_it_knows_no_canary(
    there: ReceiverDatabase, writing: Writing
) -> None:
    old, new = writing("1"), writing("2")
    old.open(TOPIC, [0, 1])
    write(old, value(100), canary_value(101, 1))
    assert new.open(Topic("meterstream.2.values", "another-id", 2), [0, 1]) == Opened(START, live=False)
    write(new, value(1, epoch="2"), value(2, epoch="2", reading_at=AT + 1))
    assert new.turn_view()
    assert shown(there, "sequence") == [(1,), (2,)]
