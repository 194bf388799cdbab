"""A table of the customer's own that a layout is projected into, on every database."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest

from operations.proof.held_rows import opened, shown_rows
from operations.proof.layout_rows import LayoutVerdict, reading
from operations.proof.sorted_rows import sorting
from runtime.errors import Transient
from schemas.events import MeterValue
from schemas.exact import ONE
from schemas.instants import DAY
from sinks.batch import Batch, Refused
from sinks.columns import NAMES
from sinks.points.points import Point, Points
from sinks.projections.fitness import fitness
from sinks.projections.projection import projections_of
from sinks.projections.settled import unsettled
from sinks.writer import Written
from tests.projected import TABLE, Projected, customers_table, layout_of, with_policy
from tests.receiver_databases import PostgreSQLReceiver, ReceiverDatabase, SQLServerReceiver
from tests.sink_rows import AT, row, value
from tests.sink_writing import KINDS, TOPIC, shown

pytestmark = pytest.mark.parametrize("there", [kind for kind in KINDS if kind != "files"], indirect=True)
ZERO, ONE_KEY = Point("p0", receiver_key="Förråd 0"), Point("p1", receiver_key="Förråd 1")
POINTS = Points([ZERO, ONE_KEY])


def month(sequence: int, point: str, number: int = 0, **changed: Any) -> MeterValue:
    """So many kWh as its sequence says, and a quarter."""
    start = AT + number * 30 * DAY
    grid = {"reading_at": start + 30 * DAY, "period_start": start, "period_end": start + 30 * DAY}
    return value(sequence, metering_point=point, **({"consumption": sequence * ONE + ONE // 4} | grid | changed))


class Customer:
    """The customer's side of a receiver's database."""

    def __init__(self, there: ReceiverDatabase) -> None:
        self.there = there
        schema = there.schema if isinstance(there, PostgreSQLReceiver | SQLServerReceiver) else ""
        if schema:
            there.run(f"CREATE SCHEMA {schema}")
        self.dialect = there.database().dialect
        there.run(customers_table(self.dialect))
        self.layout = layout_of(into=f"{schema}.{TABLE}" if schema else TABLE)

    def rows(self) -> list[tuple[Any, ...]]:
        """item, energy and rest in MWh, status, and the customer's own column."""
        energy = "`Energy`" if self.dialect == "mariadb" else '"Energy"'
        found = self.there.run(f"SELECT item, {energy}, rest, status, id_of_ours FROM {TABLE}")
        return sorted((item, *map(_text, numbers), status, own) for item, *numbers, status, own in found)


def _text(number: Any) -> str | None:
    return None if number is None else f"{Decimal(str(number)).normalize():f}"


@pytest.fixture
def customer(there: ReceiverDatabase) -> Customer:
    return Customer(there)


@pytest.fixture
def making(customer: Customer) -> Iterator[Any]:
    made: list[Projected] = []

    def make(*layouts: Any, **how: Any) -> Projected:
        made.append(Projected(customer.there, *(layouts or (customer.layout,)), **how))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_rows_come_are_corrected_and_go_and_what_is_the_customer_s_own_stays(customer: Customer, making: Any) -> None:
    their_row = "(1, 'Förråd 9', 'month', '2023-11-14 23:13:20', 5, 0, 'their own')"
    customer.there.run(f"INSERT INTO {TABLE} VALUES {their_row}")
    theirs = ("Förråd 9", "5", "0", "their own", 1)
    ours = making(with_policy(customer.layout, estimated="wait"))
    ours.take(POINTS)
    ours.write(month(1000, "p0"), month(2000, "p1"))
    both = [("Förråd 0", "1", "0.00025", "measured", 7), ("Förråd 1", "2", "0.00025", "measured", 7)]
    assert customer.rows() == [*both, theirs]
    ours.write(month(3000, "p0", consumption=1_500 * ONE), month(3001, "p1", quality="estimated"))
    assert customer.rows() == [("Förråd 0", "1.5", "0", "measured", 7), theirs]
    ours.write(month(3002, "p1"))
    assert customer.rows() == [
        ("Förråd 0", "1.5", "0", "measured", 7),
        ("Förråd 1", "3.002", "0.00025", "measured", 7),
        theirs,
    ]


def test_a_row_that_stands_there_under_our_key_becomes_ours_with_all_that_it_holds_besides(
    customer: Customer, making: Any
) -> None:
    customer.there.run(f"INSERT INTO {TABLE} VALUES (3, 'Förråd 0', 'month', '2023-11-14 23:13:20', 5, 0, 'theirs')")
    ours = making()
    ours.take(POINTS)
    ours.write(month(1000, "p0"))
    assert customer.rows() == [("Förråd 0", "1", "0.00025", "measured", 3)]


def test_rows_follow_their_points(customer: Customer, making: Any) -> None:
    ours = making()
    ours.take(POINTS)
    ours.write(month(1000, "p0"), month(2000, "p1"), month(2001, "p1", 1))
    ours.take(Points([ZERO, Point("p1", receiver_key="Vind")]))
    assert [row[0] for row in customer.rows()] == ["Förråd 0", "Vind", "Vind"]
    ours.take(Points([ZERO, Point("p1", receiver_key="Förråd 0")]))  # two series under one key: neither is shown
    assert [row[:2] for row in customer.rows()] == [("Förråd 0", "2.001")]
    ours.take(Points([ZERO]))
    assert [row[:2] for row in customer.rows()] == [("Förråd 0", "1")]


def test_a_key_that_goes_to_another_point_keeps_its_row_and_what_the_customer_has_in_it(
    customer: Customer, making: Any
) -> None:
    ours = making()
    ours.take(POINTS)
    ours.write(month(1000, "p0"), month(2000, "p1"))
    customer.there.run(f"UPDATE {TABLE} SET id_of_ours = 42 WHERE item = 'Förråd 0'")
    ours.take(Points([Point("p1", receiver_key="Förråd 0")]))
    assert customer.rows() == [("Förråd 0", "2", "0.00025", "measured", 42)]


def test_of_two_series_under_one_key_the_second_to_come_takes_both_away(customer: Customer, making: Any) -> None:
    ours = making()
    ours.take(Points([ZERO, Point("p1", receiver_key="Förråd 0")]))
    ours.write(month(1000, "p0"))
    assert len(customer.rows()) == 1
    ours.write(month(1001, "p1"))
    assert customer.rows() == []


def test_what_was_there_before_is_projected_at_the_next_start_and_again_when_the_layout_changes(
    customer: Customer, making: Any
) -> None:
    before = making(layout_of(into=None))
    before.take(POINTS)
    before.write(month(1000, "p0", quality="estimated"), month(2000, "p1"))
    before.close()
    first = making()
    assert customer.rows() == []
    with first.rows.own():
        assert unsettled(first.rows._database, customer.layout, "1") == "2 metering points are still to be projected"
    first.settle()
    assert [row[0] for row in customer.rows()] == ["Förråd 0", "Förråd 1"]
    first.close()
    waiting = making(with_policy(customer.layout, estimated="wait"))
    waiting.settle()
    assert [row[0] for row in customer.rows()] == ["Förråd 1"]


def test_a_worker_that_is_killed_while_it_projects_goes_on_where_it_was(customer: Customer, making: Any) -> None:
    before = making(layout_of(into=None))
    before.take(POINTS)
    before.write(month(1000, "p0"), month(2000, "p1"))
    before.close()
    killed = making()
    killed.rows.projections.resize(0)
    with killed.rows.own():
        killed.rows.projections.go_on()
    assert [row[0] for row in customer.rows()] == ["Förråd 0"]
    killed.close()
    customer.there.run(f"UPDATE {TABLE} SET status = 'not touched again'")
    next_one = making()
    next_one.settle()
    assert [(row[0], row[3]) for row in customer.rows()] == [
        ("Förråd 0", "not touched again"),
        ("Förråd 1", "measured"),
    ]


def test_what_the_table_refuses_is_refused_whole_and_the_others_come(customer: Customer, making: Any) -> None:
    ours = making()
    ours.take(POINTS)
    assert ours.write(month(1000, "p0", quality="temporary"), month(2000, "p1")) == Written(1, 1)
    assert [row[0] for row in customer.rows()] == ["Förråd 1"]
    assert shown(customer.there, "metering_point") == [("p1",)]
    assert [bad.row.record.offset for bad in ours.letters] == [1000]


def test_a_point_whose_rows_are_refused_holds_up_no_other(customer: Customer, making: Any) -> None:
    before = making(layout_of(into=None))
    before.take(POINTS)
    before.write(month(1000, "p0", quality="temporary"), month(2000, "p1"))
    before.close()
    making().settle()
    assert [row[0] for row in customer.rows()] == ["Förråd 1"]
    ((point, reason),) = customer.there.run("SELECT metering_point, reason FROM unprojected")
    assert point == "p0" and reason


def test_a_crash_before_the_commit_leaves_neither_row_nor_projection(customer: Customer, making: Any) -> None:
    ours = making()
    ours.take(POINTS)

    def unreachable(refused: Sequence[Refused]) -> list[str]:
        raise Transient("Kafka is away")

    rows = [
        row(month(1000, "p0"), forms=ours.writer.forms),
        row(month(1, "p1", quality="temporary"), forms=ours.writer.forms),
    ]
    with pytest.raises(Transient):
        ours.writer.write(Batch(rows, {0: 0, 1: 0}, {0: 1, 1: 0}), unreachable)
    assert customer.rows() == []
    ours.writer.open(TOPIC, [0, 1])
    assert shown(customer.there, "metering_point") == []
    ours.write(month(1000, "p0"))
    assert len(customer.rows()) == 1


def test_a_new_epoch_is_projected_when_it_is_shown(customer: Customer, making: Any) -> None:
    old = making()
    old.take(POINTS)
    old.write(month(1000, "p0"), month(1000, "p1"))
    old.close()
    new = making(epoch="2")
    new.take(POINTS)
    new.write(month(2000, "p0"))
    new.rows._database.connect()
    assert [row[:2] for row in customer.rows()] == [("Förråd 0", "1"), ("Förråd 1", "1")]
    new.writer.open(TOPIC, [0, 1])
    with new.rows._database.transaction():
        new.rows._epochs.want()
    assert new.writer.turn_view()
    new.settle()
    assert [row[:2] for row in customer.rows()] == [("Förråd 0", "2")]


def test_a_table_that_would_round_or_lacks_a_column_is_told_apart_from_one_that_fits(customer: Customer) -> None:
    number = {"mariadb": "double", "sqlserver": "float", "sqlite": "REAL"}.get(customer.dialect, "double precision")
    text, time = ("TEXT", "TEXT") if customer.dialect == "sqlite" else ("varchar(80)", "timestamp")
    time = {"mariadb": "datetime", "sqlserver": "datetime2(6)"}.get(customer.dialect, time)
    text = "nvarchar(80)" if customer.dialect == "sqlserver" else text
    columns = f"item {text}, granularity {text}, period_start {time}, rest {number}, status {text}"
    customer.there.run(f"CREATE TABLE narrow ({columns})")
    narrow = layout_of(into=customer.layout.into and customer.layout.into.replace(TABLE, "narrow"))
    database = customer.there.database()
    database.connect()
    with database.transaction():
        good, bad = (list(fitness(database, one)) for one in projections_of([customer.layout, narrow]))
    database.close()
    assert [(one.verdict, one.seen) for one in good] == [("ok", "takes what layout ours shows")]
    assert [(one.verdict, " ".join(one.seen.split()[:2])) for one in bad] == [
        ("problem", "it has"),
        ("problem", "rest is"),
        ("warning", "no index"),
    ]
    assert bad[1].seen.endswith("the layout shows a number")


def test_verify_reads_the_table_back_and_finds_each_row_that_is_not_as_it_should_be(
    customer: Customer, making: Any
) -> None:
    ours = making()
    ours.take(POINTS)
    ours.write(month(1000, "p0"), month(2000, "p1"))
    assert [(one.view, one.equal, one.differs) for one in judged(customer)] == [
        ("ours", 2, False),
        (customer.layout.into, 2, False),
    ]
    customer.there.run(f"UPDATE {TABLE} SET rest = 0 WHERE item = 'Förråd 0'")
    customer.there.run(f"DELETE FROM {TABLE} WHERE item = 'Förråd 1'")
    table = judged(customer)[1]
    assert (table.equal, table.missing, table.extra) == (0, 2, 1)
    assert any("item=Förråd 0" in line and "rest=0" in line for line in table.first)


def judged(customer: Customer) -> Sequence[LayoutVerdict]:
    with sorting() as (held, _), reading([customer.layout], POINTS) as readings:
        with opened(customer.there.database(), "vitec") as snapshot:
            assert unsettled(snapshot, customer.layout, "1") is None
            held.add(shown_rows(snapshot, NAMES))
            readings.take(snapshot)
        for _, of_point in groupby(held, key=lambda each: each.key[0]):
            readings.look(list(of_point))
        return readings.judge(20)


def test_a_table_that_is_taken_away_or_changed_is_waited_for(customer: Customer, making: Any) -> None:
    customer.there.run(f"ALTER TABLE {TABLE} RENAME TO elsewhere")
    with pytest.raises(Transient, match=f"table .*{TABLE} cannot take layout ours: it is not there"):
        making()
    customer.there.run(f"ALTER TABLE elsewhere RENAME TO {TABLE}")
    making()
