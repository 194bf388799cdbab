"""The shipped layouts as a receiving system reads them, in every database."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from runtime.settings.receiver import PolicySettings
from schemas import instants
from schemas.exact import ONE
from sinks.layouts import Layout, load
from sinks.layouts.reading import Delivered
from sinks.points.points import Point, Points
from tests.layout_databases import (
    LayoutDatabase,
    in_any_order,
    mariadb_database,
    postgresql_database,
    sqlite_database,
)
from tests.layout_worlds import World
from tests.sink_rows import value

pytestmark = pytest.mark.services


NORMAL_TIME = timezone(timedelta(hours=1))


def at(text: str) -> int:
    return instants.from_datetime(local(text).replace(tzinfo=NORMAL_TIME))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


FETCHED = at("2026-02-03 06:00")
POINTS = Points([Point("1", receiver_key="nyckel 1"), Point("2", receiver_key="nyckel 2", kind="register"), Point("3")])
JANUARY = {"period_start": at("2026-01-01"), "period_end": at("2026-02-01"), "reading_at": at("2026-01-31")}
HOUR = {"period_start": at("2026-01-31 23:00"), "period_end": at("2026-02-01"), "reading_at": at("2026-02-01")}
HOUR |= {"previous_reading_at": at("2026-01-31 23:00")}
NONE: dict[str, Any] = {"value": None, "consumption": None, "quality": "missing"}
VALUES = [
    value(metering_point="1", fetched_at=FETCHED, **JANUARY),
    value(metering_point="1", fetched_at=FETCHED, granularity="hour", source="hours", **HOUR, **NONE),
    value(
        metering_point="2",
        fetched_at=FETCHED,
        granularity="hour",
        series_kind="register",
        quality="estimated",
        value=15_510 * ONE + 1,
        unit="MWh",
        consumption=5 * ONE // 2,
        **HOUR,
    ),
    value(metering_point="3", fetched_at=FETCHED, **JANUARY),
]


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database(request: pytest.FixtureRequest, unique: str) -> Iterator[LayoutDatabase]:
    if request.param == "sqlite":
        yield sqlite_database()
    elif request.param == "postgresql":
        with postgresql_database(request.getfixturevalue("postgres").dsn(), unique) as made:
            yield made
    else:
        with mariadb_database(request.getfixturevalue("mariadb"), unique) as made:
            yield made


def layout(name: str, **policy: Any) -> Layout:
    (found,) = load([name], Path(), PolicySettings(**policy), "+01:00")
    return found


def read(database: LayoutDatabase, shown_by: Layout) -> tuple[Any, list[str]]:
    """The rows of the view in order, and the reasons of the other."""
    shown, withheld = database.read(World(shown_by, POINTS, [Delivered(one, FETCHED) for one in VALUES]))
    return in_any_order(shown), sorted(row[-1] for row in withheld)


def test_vitec_reads_importnyckel_position_or_consumption_and_status(database: LayoutDatabase) -> None:
    hour, month = (local("2026-01-31 23:00"), local("2026-02-01")), (local("2026-01-01"), local("2026-02-01"))
    fetched = local("2026-02-03 06:00")
    assert read(database, layout("vitec")) == (
        [
            ("nyckel 1", "månad", *month, "förbrukning", 26633 * ONE, "kWh", "uppmätt", fetched),
            ("nyckel 1", "timme", *hour, "förbrukning", None, "kWh", "saknas", fetched),
            ("nyckel 2", "timme", *hour, "mätarställning", 15_510 * ONE + 1, "MWh", "uppskattad", fetched),
        ],
        ["no_key"],
    )


def test_momentum_reads_item_key_half_open_period_consumption_and_unit(database: LayoutDatabase) -> None:
    hour, month = (local("2026-01-31 23:00"), local("2026-02-01")), (local("2026-01-01"), local("2026-02-01"))
    fetched = local("2026-02-03 06:00")
    assert read(database, layout("momentum", estimated="wait", missing="skip")) == (
        [("nyckel 1", *month, 26633 * ONE, "kWh", "measured", fetched)],
        ["estimated", "missing", "no_key"],
    )
    assert ("nyckel 2", *hour, 5 * ONE // 2, "kWh", "estimated", fetched) in read(database, layout("momentum"))[0]


def test_anyone_reads_every_series_with_consumption_and_position(database: LayoutDatabase) -> None:
    shown, withheld = read(database, layout("plain"))
    assert [(row[0], *row[8:14]) for row in shown] == [
        ("1", None, "kWh", None, None, "missing", "missing"),
        ("1", 26633 * ONE, "kWh", None, None, "measured", None),
        ("2", 5 * ONE // 2, "kWh", 15_510 * ONE + 1, "MWh", "estimated", None),
        ("3", 26633 * ONE, "kWh", None, None, "measured", None),
    ]
    assert withheld == []


def test_a_layout_s_statements_may_be_run_again_and_changed(database: LayoutDatabase) -> None:
    """A customer's own view stands on the layout's: it goes on over the same columns."""
    vitec = layout("vitec")
    before = read(database, vitec)
    if database.name == "postgresql":
        database.execute("CREATE VIEW ours AS SELECT importnyckel FROM vitec_values", [])
    assert read(database, vitec) == before
    if database.name == "postgresql":
        assert len(database.execute("SELECT * FROM ours", [])) == 3
        database.execute("DROP VIEW ours", [])
    columns = tuple(column for column in vitec.file.columns if column.name != "status")
    fewer = Layout("vitec", vitec.file.model_copy(update={"columns": columns}), vitec.policy, vitec.zone)
    assert {len(row) for row in read(database, fewer)[0]} == {len(vitec.columns) - 1}
