"""A layout is read twice, in SQL and in Python: both show the same, and nothing is lost between shown and withheld."""

from collections import Counter

import pytest
from hypothesis import given, settings

from local.mariadb import MariaDBServer
from local.postgres import PostgresServer
from sinks.layouts.reading import rows
from tests.layout_databases import (
    LayoutDatabase,
    in_any_order,
    mariadb_database,
    postgresql_database,
    sqlite_database,
)
from tests.layout_worlds import FIXED, World, worlds

CHANGING = (*FIXED, "Europe/Stockholm")
EXAMPLES = 60


def agree(database: LayoutDatabase, world: World) -> None:
    """What the views show is what the reading says."""
    shown, withheld = database.read(world)
    read = rows(world.layout, world.values, world.points)
    assert in_any_order(shown) == in_any_order(row.cells for row in read.shown)
    assert in_any_order(withheld) == in_any_order(
        (
            out.receiver_key,
            out.value.source,
            out.value.metering_point,
            out.value.delivery_category,
            out.value.reading_at,
            out.reason,
        )
        for out in read.withheld
    )


def test_sqlite_shows_what_the_reading_says() -> None:
    database = sqlite_database()

    @settings(max_examples=EXAMPLES // 2, deadline=None)  # its views take their time to prepare
    @given(worlds(FIXED))
    def law(world: World) -> None:
        agree(database, world)

    law()


@pytest.mark.services
def test_postgresql_shows_what_the_reading_says(postgres: PostgresServer, unique: str) -> None:
    with postgresql_database(postgres.dsn(), unique) as database:

        @settings(max_examples=EXAMPLES, deadline=None)
        @given(worlds(CHANGING))
        def law(world: World) -> None:
            agree(database, world)

        law()


@pytest.mark.services
def test_mariadb_shows_what_the_reading_says(mariadb: MariaDBServer, unique: str) -> None:
    with mariadb_database(mariadb, unique) as database:

        @settings(max_examples=EXAMPLES, deadline=None)
        @given(worlds(FIXED))
        def law(world: World) -> None:
            agree(database, world)

        law()


@settings(max_examples=150, deadline=None)
@given(worlds(CHANGING))
def test_every_value_that_is_asked_for_is_shown_or_withheld_once(world: World) -> None:
    read = rows(world.layout, world.values, world.points)
    file = world.layout.file
    asked = [
        value
        for value, _ in world.values
        if value.granularity in (file.granularities or (value.granularity,))
        and value.series_kind in (file.kinds or (value.series_kind,))
    ]
    placed = [value for row in read.shown for value in row.values] + [out.value for out in read.withheld]
    assert Counter(map(repr, placed)) == Counter(map(repr, asked))
