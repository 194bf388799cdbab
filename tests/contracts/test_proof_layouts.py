"""What a layout's view shows beside the reading of the same layout in Python, on every database."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from operations.proof.held_rows import opened, shown_rows
from operations.proof.layout_rows import LayoutVerdict, reading
from operations.proof.sorted_rows import sorting
from runtime.settings.receiver import PolicySettings
from schemas.events import MeterValue
from schemas.exact import ONE
from schemas.instants import DAY
from sinks import columns
from sinks.batch import Batch
from sinks.layouts import load
from sinks.points.points import Point, Points
from sinks.sql_writer import SqlWriter
from sinks.writer import Receiver
from tests.receiver_databases import ReceiverDatabase
from tests.sink_rows import AT, row, value
from tests.sink_writing import START, TOPIC, no_refusals

NAMES = ("vitec", "momentum", "plain")
LAYOUTS = load(NAMES, Path(), PolicySettings(), "+01:00")
POINTS = Points([Point(f"p{number}", receiver_key=f"Förråd {number % 2}") for number in range(3)])


def month(sequence: int, point: str, number: int, **changed: Any) -> MeterValue:
    start = AT + number * 30 * DAY
    grid = {"reading_at": start + 30 * DAY, "period_start": start, "period_end": start + 30 * DAY}
    return value(sequence, metering_point=point, **(grid | changed))


VALUES = [
    month(1, "p0", 0, consumption=ONE // 7),
    month(2, "p0", 1, value=None, consumption=None, quality="missing"),
    month(3, "p1", 0, held="negative_delta", consumption=None),
    month(4, "p2", 1, quality="estimated", reading_method="56"),
    month(5, "p2", 2),
    month(6, "stranger", 0),
]


def judged(there: ReceiverDatabase) -> Sequence[LayoutVerdict]:
    with sorting() as (held, _), reading(LAYOUTS, POINTS) as readings:
        with opened(there.database(), "vitec") as snapshot:
            held.add(shown_rows(snapshot, columns.NAMES))
            readings.take(snapshot)
        for _, of_point in groupby(held, key=lambda row: row.key[0]):
            readings.look(list(of_point))
        return readings.judge(20)


def deliver(there: ReceiverDatabase) -> None:
    writer = SqlWriter(there.database(), Receiver("vitec", "1", layouts=LAYOUTS))
    writer.open(TOPIC, [0, 1])
    writer.take_points(POINTS)
    rows = [row(each, forms=writer.forms) for each in VALUES]
    writer.write(Batch(rows, START, {0: len(rows), 1: 0}), no_refusals)
    writer.close()


def test_views_show_what_the_reading_says(there: ReceiverDatabase) -> None:
    deliver(there)
    for verdict in judged(there):
        assert (verdict.missing, verdict.extra, verdict.differs) == (0, 0, False), verdict
        assert verdict.equal > 0


def test_a_view_that_shows_another_key_is_found_row_by_row(there: ReceiverDatabase) -> None:
    deliver(there)
    there.run("UPDATE points SET receiver_key = 'Annat' WHERE metering_point = 'p1'")
    vitec = judged(there)[0]
    assert (vitec.missing, vitec.extra, vitec.differs) == (1, 1, True)
    assert any("importnyckel=Annat" in line for line in vitec.first)


def test_a_view_that_lacks_a_row_is_found(there: ReceiverDatabase) -> None:
    deliver(there)
    there.run("DELETE FROM points WHERE metering_point = 'p1'")
    assert [(verdict.missing, verdict.extra) for verdict in judged(there)] == [(1, 0)] * 3
