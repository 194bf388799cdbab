"""Epochs beside each other, and whose tables they are."""

import pytest

from runtime.errors import ConfigError, PositionError
from sinks.writer import Opened, Topic
from tests.receiver_databases import ReceiverDatabase
from tests.sink_rows import AT, value
from tests.sink_writing import START, TOPIC, Writing, shown, write


def test_a_new_epoch_fills_beside_the_old_and_takes_its_place_at_once(
    there: ReceiverDatabase, writing: Writing
) -> None:
    old, new = writing("1"), writing("2")
    old.open(TOPIC, [0, 1])
    write(old, value(100))
    topic = Topic("meterstream.2.values", "another-id", 2)
    assert new.open(topic, [0, 1]) == Opened(START, live=False)
    write(new, value(1, epoch="2"), value(2, epoch="2", reading_at=AT + 1))
    assert shown(there, "epoch", "sequence") == [("1", 100)], "until it is live the old one stays"
    write(old, value(101), before=1)
    assert shown(there, "epoch", "sequence") == [("1", 101)], "and goes on"
    assert new.turn_view()
    assert shown(there, "epoch", "sequence") == [("2", 1), ("2", 2)]
    assert writing("2").open(topic, [0, 1]).live
    assert not writing("1").open(TOPIC, [0, 1]).live


def test_the_view_is_switched_when_every_share_has_caught_up(there: ReceiverDatabase, writing: Writing) -> None:
    writing("1").open(TOPIC, [0, 1])
    one, two = writing("2"), writing("2")
    one.open(TOPIC, [0])
    assert not one.turn_view(), "the other share has not even begun"
    two.open(TOPIC, [1])
    assert not one.turn_view()
    assert two.turn_view()


@pytest.mark.parametrize(
    ("epoch", "table"), [("1", "meter_values_e1"), ("2026_a", "meter_values_e2026_a"), ("A", "_ea_"), ("a-b", "_ea_b_")]
)
def test_epochs_whose_names_a_database_would_mix_up_have_their_own_tables(
    there: ReceiverDatabase, writing: Writing, epoch: str, table: str
) -> None:
    for each in ("a", "a_b", epoch):
        writing(each).open(TOPIC, [0, 1])
    tables = [name for (name,) in there.run("SELECT rows_table FROM epochs")]
    assert len(set(tables)) == len({"a", "a_b", epoch})
    assert any(table in name for name in tables)


def test_a_topic_made_anew_is_a_loud_stop(writing: Writing) -> None:
    writing().open(TOPIC, [0, 1])
    with pytest.raises(PositionError, match="made anew"):
        writing().open(Topic(TOPIC.name, "another-id", 2), [0, 1])


def test_tables_of_another_receiver_are_left_alone(writing: Writing) -> None:
    writing(name="vitec").open(TOPIC, [0, 1])
    with pytest.raises(ConfigError, match="belong to receiver vitec"):
        writing(name="momentum").open(TOPIC, [0, 1])


def test_tables_of_a_newer_release_are_left_alone(there: ReceiverDatabase, writing: Writing) -> None:
    writing().open(TOPIC, [0, 1])
    there.run("INSERT INTO schema_version VALUES (999)")
    with pytest.raises(ConfigError, match="newer release"):
        writing().open(TOPIC, [0, 1])


def test_views_that_others_build_on_ours_survive_a_switch(there: ReceiverDatabase, writing: Writing) -> None:
    old, new = writing("1"), writing("2")
    old.open(TOPIC, [0, 1])
    there.run("CREATE VIEW layout AS SELECT sequence FROM meter_values")
    new.open(TOPIC, [0, 1])
    write(new, value(5, epoch="2"))
    assert new.turn_view()
    assert there.run("SELECT sequence FROM layout") == [(5,)]
