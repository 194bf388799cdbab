"""The prepared utility serves its world, and what is compared with it is compared in full."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import msgspec

from benchmarks import events
from benchmarks.bench_e2e import differing
from benchmarks.prepared_utility import Bodies, World
from schemas.instants import DAY, HOUR

WORLD = World(points=3, hours=30, end=1_800_000_000_000_000 // HOUR * HOUR)
FIRST = WORLD.wall(0).date()


def served(bodies: Bodies, point: int, first: date, end: date) -> list[tuple[str, Decimal]]:
    """Date and amount of each reading in an answer."""
    name = events.points(WORLD.points)[point]
    answer = msgspec.json.decode(bodies.answer(f"/v1/hours/points/{name}/consumption?from={first}&to={end}"))
    assert answer["MeteringPoint"] == name
    return [(reading["ReadingDate"], Decimal(str(reading["Consumption"]))) for reading in answer["ConsumptionReadings"]]


def test_windows_that_follow_each_other_hold_each_reading_once() -> None:
    bodies = Bodies(WORLD)
    days = [FIRST + timedelta(days=day) for day in range(4)]
    pieces = [served(bodies, 1, first, end) for first, end in pairwise(days)]
    whole = served(bodies, 1, days[0], days[-1])
    assert [reading for piece in pieces for reading in piece] == whole
    total, placed = WORLD.totals(1)
    amounts = [amount * 1_000 for _, amount in whole]
    assert (len(amounts), sum(amounts)) == (WORLD.hours, total)
    assert sum(hour * amount for hour, amount in enumerate(amounts)) == placed


def test_points_take_turns_at_having_an_hour_more() -> None:
    world = World(4, 10, WORLD.end, tick=8.0)
    assert [[world.released(point, seconds) for point in range(4)] for seconds in (0.0, 2.0, 4.0, 8.0)] == [
        [10, 10, 10, 10],
        [10, 10, 10, 11],
        [10, 10, 11, 11],
        [11, 11, 11, 11],
    ]
    assert WORLD.released(2, DAY) == WORLD.hours


def test_a_row_that_is_missing_doubled_wrong_or_in_anothers_place_is_found() -> None:
    names = events.points(WORLD.points)
    sums = [[Decimal(total) / 1_000 for total in WORLD.totals(number)] for number in range(WORLD.points)]
    found = {name: (WORLD.hours, total, placed) for name, (total, placed) in zip(names, sums, strict=True)}
    assert differing(WORLD, found) == []
    count, total, placed = found[names[1]]
    for wrong in [(count - 1, total, placed), (count + 1, total, placed), (count, total, placed + 1)]:
        assert differing(WORLD, found | {names[1]: wrong}) == [names[1]]
    assert differing(WORLD, {name: rows for name, rows in found.items() if name != names[2]}) == [names[2]]
    assert differing(WORLD, found | {"another": (1, Decimal(1), Decimal(1))}) == ["another"]
