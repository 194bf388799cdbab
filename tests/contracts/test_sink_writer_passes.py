"""What is read again beside the live feed: for points mapped later, and after a rewind. On every database."""

import pytest

from runtime.errors import Superseded
from schemas import instants, keys
from schemas.events import MeterValue
from schemas.exact import ONE
from sinks.batch import Batch
from sinks.points.points import Point, Points
from sinks.sql_writer import SqlWriter
from sinks.upkeep import Upkeep, entry
from sinks.writer import Again, Pass
from tests.receiver_databases import ReceiverDatabase
from tests.sink_rows import AT, row, value
from tests.sink_writing import TOPIC, Writing, no_refusals, positions, shown, write

FIRST = next(f"p{n}" for n in range(99) if keys.partition_of(f"p{n}", 2) == 0)
SAME, OTHER = (next(f"q{n}" for n in range(99) if keys.partition_of(f"q{n}", 2) == number) for number in (0, 1))


def points(*names: str, **fields: object) -> Points:
    return Points(Point(name, **fields) for name in names)  # type: ignore[arg-type]  # of the test's own making


def opened(writing: Writing, given: Points) -> tuple[SqlWriter, Again]:
    writer = writing()
    writer.open(TOPIC, [0, 1])
    return writer, writer.take_points(given)


def delivered(writing: Writing, given: Points, count: int = 3) -> SqlWriter:
    """A worker whose partition 0 stands at an offset."""
    writer, again = opened(writing, given)
    assert not again.passes
    write(writer, *(value(n, metering_point=FIRST, reading_at=AT + n) for n in range(count)))
    return writer


def test_the_first_points_of_a_receiver_are_delivered_by_the_live_feed(writing: Writing) -> None:
    assert not opened(writing, points(FIRST, OTHER))[1].passes
    assert not opened(writing, points(FIRST, OTHER))[1].passes, "a second start"
    assert not opened(writing, points(FIRST, OTHER, SAME))[1].passes, "others, before anything was read"


def test_later_points_have_what_the_live_feed_has_passed_read_again(writing: Writing) -> None:
    """Only in their own partitions; those that were there before are not read again."""
    writer = delivered(writing, points(FIRST))
    again = writer.take_points(points(FIRST, SAME, OTHER))
    assert again.passes == {0: Pass(0, 3, after_generation=1)}, "the live feed has passed nothing of partition 1"
    assert [point.metering_point for point in again.points] == sorted([SAME, OTHER])
    assert writer.standing().again.passes == again.passes
    restarted = opened(writing, points(FIRST, SAME, OTHER))[1]
    assert restarted.passes == again.passes


def test_a_pass_moves_on_with_its_rows_and_ends(there: ReceiverDatabase, writing: Writing) -> None:
    writer = delivered(writing, points(FIRST))
    writer.take_points(points(FIRST, SAME))

    def batch(before: int, after: int, *values: MeterValue) -> Batch:
        return Batch([row(each, forms=writer.forms) for each in values], {0: before}, {0: after})

    late = value(1, metering_point=SAME)
    assert writer.write_again(batch(0, 2, late), False, no_refusals)
    assert writer.write_again(batch(0, 2, late), False, no_refusals) is None, "the answer was lost, not the rows"
    assert writer.standing().again.passes == {0: Pass(2, 3, after_generation=1)}
    assert writer.write_again(batch(2, 3), False, no_refusals)
    assert not writer.standing().again.passes
    assert positions(there)[0] == 3, "the live feed stays where it is"
    assert len(shown(there, "sequence")) == 4
    with pytest.raises(Superseded, match="reads again"):
        writer.write_again(batch(1, 2), False, no_refusals)


def test_points_that_come_during_a_pass_are_read_with_it_from_the_start(writing: Writing) -> None:
    writer = delivered(writing, points(FIRST))
    writer.take_points(points(FIRST, SAME))
    writer.write_again(Batch([], {0: 0}, {0: 2}), False, no_refusals)
    more = next(f"r{n}" for n in range(99) if keys.partition_of(f"r{n}", 2) == 0)
    again = writer.take_points(points(FIRST, SAME, more))
    assert again.passes == {0: Pass(0, 3, after_generation=1)}
    assert [point.metering_point for point in again.points] == sorted([SAME, more])


def test_only_what_takes_more_values_is_read_again(there: ReceiverDatabase, writing: Writing) -> None:
    day = instants.DAY
    writer = delivered(writing, points(FIRST, valid_to=AT))
    assert not writer.take_points(points(FIRST, valid_to=AT, receiver_key="key", kind="volume")).passes
    assert there.run("SELECT receiver_key, kind FROM points") == [("key", "volume")]
    assert not writer.take_points(points(FIRST, valid_to=AT - day, receiver_key="key")).passes
    assert writer.take_points(points(FIRST, valid_to=AT + day, receiver_key="key")).passes
    assert [key for (key,) in there.run("SELECT generation FROM points")] == [2]


def test_a_point_that_was_taken_away_and_comes_back_is_read_again(there: ReceiverDatabase, writing: Writing) -> None:
    writer = delivered(writing, points(FIRST, SAME))
    assert not writer.take_points(points(FIRST)).passes
    assert there.run("SELECT metering_point FROM points") == [(FIRST,)]
    assert writer.take_points(points(FIRST, SAME)).passes


def test_a_worker_that_is_superseded_takes_no_points(writing: Writing) -> None:
    first = delivered(writing, points(FIRST))
    opened(writing, points(FIRST))
    for call in (
        lambda: first.take_points(points(SAME)),
        first.standing,
        lambda: first.write_again(Batch([], {0: 0}, {0: 1}), False, no_refusals),
    ):
        with pytest.raises(Superseded):
            call()


@pytest.mark.parametrize(("rewrite", "expected"), [(False, [1, 7, 2]), (True, [1, 1, 2])])
def test_a_rewind_restores_what_is_missing_and_rewrites_where_that_is_wanted(
    there: ReceiverDatabase, writing: Writing, rewrite: bool, expected: list[int]
) -> None:
    writer = delivered(writing, points(FIRST))
    table = there.run("SELECT rows_table FROM epochs")[0][0]
    there.run(f"DELETE FROM {table} WHERE sequence = 0")
    there.run(f"UPDATE {table} SET consumption = 7 WHERE sequence = 1")
    upkeep = Upkeep(there.database(), "vitec", "1")
    assert upkeep.rewind({0: 0, 1: 0}, rewrite, entry("rewind", "Anna")) == 3
    again = writer.standing().again
    assert again.passes == {0: Pass(0, 3, after_generation=0, rewrite=rewrite)}
    values = [value(n, metering_point=FIRST, reading_at=AT + n, consumption=(1 + n // 2) * ONE) for n in range(3)]
    rows = [row(each, forms=writer.forms) for each in values]
    writer.write_again(Batch(rows, {0: 0}, {0: 3}), again.rewrite, no_refusals)
    found = [int(float(used)) for _, used in sorted(there.run("SELECT sequence, consumption FROM meter_values"))]
    assert found == ([1, 7, 26633] if not rewrite else [1, 1, 2])
    assert [(one.who, one.action) for one in upkeep.journal()] == [("Anna", "rewind")]


def test_a_refill_leaves_nothing_to_a_pass(there: ReceiverDatabase, writing: Writing) -> None:
    writer = delivered(writing, points(FIRST))
    writer.take_points(points(FIRST, SAME))
    Upkeep(there.database(), "vitec", "1").refill()
    restarted = writing()
    assert set(restarted.open(TOPIC, [0, 1]).positions.values()) == {0}
    assert not restarted.take_points(points(FIRST, SAME)).passes


def test_a_receiver_with_a_test_stage_waits_until_it_is_let_go_live(there: ReceiverDatabase, writing: Writing) -> None:
    writer = writing(waits=True)
    writer.open(TOPIC, [0, 1])
    upkeep = Upkeep(there.database(), "vitec", "1")
    assert writer.standing().state == upkeep.state() == "waiting"
    assert upkeep.enter("live", entry("go_live", "Anna", report="abc")) == "waiting"
    assert writer.standing().state == "live"
    assert upkeep.enter("paused", entry("pause")) == "live"
    assert writer.standing().state == "paused"
    first = upkeep.journal()[0]
    assert (first.who, first.action, first.detail) == ("Anna", "go_live", '{"report":"abc"}')


def test_a_receiver_may_be_let_live_before_its_first_worker(there: ReceiverDatabase, writing: Writing) -> None:
    upkeep = Upkeep(there.database(), "vitec", "1")
    upkeep.enter("live", entry("go_live", "Anna"), new=True)
    writer = writing(waits=True)
    writer.open(TOPIC, [0, 1])
    assert writer.standing().state == "live"
