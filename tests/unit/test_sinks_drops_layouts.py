"""Drops of layouts: every row that a change makes another, whole, and what is not shown with its reason."""

import csv
import random
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from runtime.settings.receiver import FilesSettings, PolicySettings
from schemas import instants
from schemas.events import MeterValue
from schemas.exact import ONE
from sinks.files.state import HIDDEN
from sinks.layouts import layout_statements, load
from sinks.points.points import Point, Points
from tests.drops import Clock, Worker, Workplace
from tests.sink_rows import AT, POINT, value

MONTH = 30 * instants.DAY
KEY = "importnyckel 1"


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path, Clock(), FilesSettings(delimiter=";", decimal=","), layouts=("vitec",))


def start(place: Workplace, *points: Point) -> Worker:
    """A worker that has taken these points."""
    worker = place.start()
    worker.writer.take_points(Points(points or [Point(POINT, receiver_key=KEY)]))
    return worker


def dropped(place: Workplace, number: int, name: str = "vitec_values", delimiter: str = ";") -> list[dict[str, str]]:
    """The rows of a drop's file, as a reader has them."""
    with (place.folder / f"{name}-{number:09d}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=delimiter))


def look(worker: Worker, place: Workplace) -> None:
    place.clock.seconds += 60
    worker.writer.look()


def test_a_row_of_the_layout_is_dropped_as_its_view_shows_it(place: Workplace) -> None:
    worker = start(place)
    worker.write(
        value(1, consumption=ONE * 3 // 2),
        value(
            2,
            reading_at=AT + MONTH,
            period_start=AT,
            value=None,
            consumption=None,
            quality="missing",
            period_end=AT + MONTH,
        ),
    )
    look(worker, place)
    first, second = dropped(place, 1)
    assert (first["importnyckel"], first["varde"], first["enhet"], first["status"]) == (KEY, "1,5", "kWh", "uppmätt")
    assert (second["varde"], second["status"]) == ("", "saknas")
    (manifest,) = place.manifests()
    assert [(file["shows"], file["rows"]) for file in manifest["files"]] == [("vitec_values", 2)]
    assert manifest["files"][0]["columns"] == list(first)


def test_a_change_brings_all_that_its_row_is_made_of(place: Workplace) -> None:
    """Two readings in one period are one row, their sum; the one that did not change counts as well."""
    worker = start(place)
    early = AT - instants.DAY
    worker.write(value(1), value(2, reading_at=early, consumption=ONE))
    look(worker, place)
    worker.write(
        value(3, reading_at=early, consumption=2 * ONE),
        value(4, reading_at=AT + MONTH, period_start=AT, period_end=AT + MONTH),
    )
    look(worker, place)
    assert [row["varde"] for row in dropped(place, 1)] == ["26634"]
    assert [row["varde"] for row in dropped(place, 2)] == ["26635", "26633"]


def test_what_is_not_shown_is_dropped_with_its_reason(place: Workplace) -> None:
    """Also where it was shown before: two points came to have one key."""
    worker = start(place, Point(POINT, receiver_key=KEY), Point("007"))
    worker.write(value(1), value(2, metering_point="007"))
    look(worker, place)
    assert len(dropped(place, 1)) == 1
    assert [row["reason"] for row in dropped(place, 1, "vitec_values_withheld")] == ["no_key"]
    worker.writer.take_points(Points([Point(POINT, receiver_key=KEY), Point("007", receiver_key=KEY)]))
    look(worker, place)
    assert dropped(place, 2) == []
    withheld = dropped(place, 2, "vitec_values_withheld")
    assert {(row["metering_point"], row["reason"]) for row in withheld} == {
        (POINT, "several_series"),
        ("007", "several_series"),
    }


def test_another_key_is_a_change_of_its_points_rows(place: Workplace) -> None:
    """Of those, and of no other's."""
    worker = start(place, Point(POINT, receiver_key=KEY), Point("007", receiver_key="seven"))
    worker.write(value(1), value(2, metering_point="007"))
    look(worker, place)
    worker.writer.take_points(Points([Point(POINT, receiver_key="another"), Point("007", receiver_key="seven")]))
    look(worker, place)
    assert [row["importnyckel"] for row in dropped(place, 2)] == ["another"]
    look(worker, place)
    assert len(place.manifests()) == 2


def test_a_point_that_is_given_no_more_is_told_as_withheld(place: Workplace) -> None:
    worker = start(place, Point(POINT, receiver_key=KEY), Point("007", receiver_key="seven"))
    worker.write(value(1), value(2, metering_point="007"))
    look(worker, place)
    worker.writer.take_points(Points([Point(POINT, receiver_key=KEY)]))
    look(worker, place)
    assert [(row["metering_point"], row["reason"]) for row in dropped(place, 2, "vitec_values_withheld")] == [
        ("007", "no_point")
    ]


def test_times_of_a_zone_with_change_over_are_shown(tmp_path: Path) -> None:
    """SQLite could not; the layout's own reading can."""
    place = Workplace(tmp_path, Clock(), FilesSettings(delimiter=";"), ("vitec",), "Europe/Stockholm")
    worker = start(place)
    summer = instants.from_datetime(datetime(2024, 7, 1, tzinfo=UTC))
    worker.write(value(1), value(2, reading_at=summer, period_start=summer - instants.HOUR, period_end=summer))
    look(worker, place)
    assert [row["till"] for row in dropped(place, 1)] == ["2023-11-14 23:13:20", "2024-07-01 02:00:00"]


def test_another_layout_is_dropped_whole(place: Workplace) -> None:
    """With a restart, since the settings are read then; and a start without a change drops nothing."""
    worker = start(place)
    worker.write(value(1), value(2, reading_at=AT + MONTH, period_start=AT, period_end=AT + MONTH))
    look(worker, place)
    worker.writer.close()
    worker = start(place)
    look(worker, place)
    worker.writer.close()
    assert len(place.manifests()) == 1
    other = Workplace(place.folder, place.clock, place.settings, layouts=("vitec", "momentum"))
    worker = start(other)
    look(worker, other)
    shows = [(file["shows"], file["rows"]) for file in place.manifests()[1]["files"]]
    assert shows == [("vitec_values", 2), ("momentum_consumption", 2)]


def test_a_series_keyed_layout_drops_the_changed_series_only(tmp_path: Path) -> None:
    """plain knows no receiver keys."""
    place = Workplace(tmp_path, Clock(), FilesSettings(delimiter=";"), layouts=("plain",))
    worker = start(place, Point(POINT), Point("007"))
    worker.write(value(1), value(2, metering_point="007"))
    look(worker, place)
    worker.write(value(3, metering_point="007", consumption=5 * ONE))
    look(worker, place)
    (shows,) = {file["shows"] for manifest in place.manifests() for file in manifest["files"]}
    assert [len(dropped(place, 1, shows)), len(dropped(place, 2, shows))] == [2, 1]


def test_whoever_keeps_the_newest_rows_has_what_the_view_shows(tmp_path: Path) -> None:
    """Readings, corrections and points at random, in drops of three rows: key by key and period by period."""
    chance = random.Random(19)
    place = Workplace(tmp_path, Clock(), FilesSettings(rows=3), layouts=("vitec",))
    worker = start(place)
    names = ["p1", "p2", "p3"]
    sequences = count(1)
    for _ in range(40):
        if chance.random() < 0.3:
            keys = [chance.choice(["a", "b", "c"]) for _ in names]
            worker.writer.take_points(Points(Point(n, receiver_key=k) for n, k in zip(names, keys, strict=True)))
        worker.write(*(random_value(chance, names, number) for number, _ in zip(sequences, range(4), strict=False)))
    for _ in range(40):
        look(worker, place)
    kept: dict[tuple[str, ...], dict[str, str]] = {}
    for manifest in place.manifests():
        for row in dropped(place, manifest["number"], delimiter=","):
            kept[row["importnyckel"], row["fran"]] = row
    worker.writer.close()
    for row in shown(tmp_path):
        assert kept[row["importnyckel"], row["fran"]] == row
    assert len(shown(tmp_path)) > 10


def random_value(chance: random.Random, names: list[str], sequence: int) -> MeterValue:
    """Of one of a few points and months; sometimes a second reading in a month, sometimes none."""
    begin = AT + MONTH * chance.randrange(6)
    consumption = chance.choice([None, *range(50)])
    return value(
        sequence,
        metering_point=chance.choice(names),
        period_start=begin,
        period_end=begin + MONTH,
        reading_at=begin + MONTH - chance.choice([0, 0, 0, instants.DAY]),
        value=None if consumption is None else consumption * ONE,
        consumption=None if consumption is None else consumption * ONE,
        quality="missing" if consumption is None else chance.choice(["measured", "estimated"]),
        fetched_at=AT + sequence,
    )


def shown(folder: Path) -> list[dict[str, str]]:
    """The layout's view over all that is there, cells as a CSV file has them."""
    (layout,) = load(["vitec"], Path(), PolicySettings(), "+01:00")
    with closing(sqlite3.connect(folder / HIDDEN / "state.sqlite")) as connection:
        for statement in layout_statements(layout, "sqlite"):
            connection.execute(statement)
        rows = connection.execute(f"SELECT * FROM {layout.view}").fetchall()
    return [
        {name: "" if cell is None else str(cell) for name, cell in zip(layout.columns, row, strict=True)}
        for row in rows
    ]
