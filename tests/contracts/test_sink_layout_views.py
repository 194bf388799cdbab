"""A receiver's layouts as its worker makes them, on every database."""

from pathlib import Path

from runtime.settings.receiver import PolicySettings
from schemas.events import MeterValue
from schemas.exact import ONE
from sinks.batch import Batch
from sinks.layouts import load
from sinks.points.points import Point, Points
from sinks.sql_writer import SqlWriter
from sinks.writer import Receiver
from tests.receiver_databases import ReceiverDatabase
from tests.sink_rows import row, value
from tests.sink_writing import START, TOPIC, no_refusals

KEY = "Förråd 100 % ?"


def open_with(there: ReceiverDatabase, *names: str, policy: PolicySettings | None = None) -> SqlWriter:
    layouts = load(names, Path(), policy or PolicySettings(), "+01:00")
    writer = SqlWriter(there.database(), Receiver("vitec", "1", layouts=layouts))
    writer.open(TOPIC, [0, 1])
    return writer


def deliver(writer: SqlWriter, *values: MeterValue) -> None:
    writer.take_points(Points([Point(value().metering_point, receiver_key=KEY)]))
    rows = [row(each, forms=writer.forms) for each in values]
    writer.write(Batch(rows, START, {0: len(values), 1: 0}), no_refusals)


def test_a_layout_shows_what_is_delivered_under_the_receiver_s_keys(there: ReceiverDatabase) -> None:
    writer = open_with(there, "plain")
    deliver(writer, value(1, consumption=12 * ONE // 10))
    ((key, consumption),) = there.run("SELECT receiver_key, consumption FROM plain_values")
    assert (key, float(consumption)) == (KEY, 1.2)
    writer.close()


def test_layouts_come_and_go_with_the_settings_and_one_that_was_dropped_comes_back(there: ReceiverDatabase) -> None:
    first = open_with(there, "momentum", "plain")
    deliver(first, value(1))
    first.close()
    second = open_with(there, "momentum", policy=PolicySettings(estimated="wait"))
    assert there.run("SELECT count(*) FROM momentum_consumption") == [(1,)]
    assert not second._database.has_table("plain_values")
    second.close()
    there.run("DROP VIEW momentum_consumption")
    third = open_with(there, "momentum")
    assert there.run("SELECT count(*) FROM momentum_consumption") == [(1,)]
    third.close()
