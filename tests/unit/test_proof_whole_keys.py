"""Values reach a layout such that all of a receiver key come together."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from operations.proof.rows import version
from operations.proof.whole_keys import whole_keys
from schemas.events import MeterValue
from schemas.instants import DAY
from sinks.layouts.reading import Delivered
from sinks.points.points import Point, Points
from tests.sink_rows import AT, row, value

POINTS = Points(
    [
        Point("p1", "EL", receiver_key="shared"),
        Point("p1", "HEAT", receiver_key="own"),
        Point("p2", valid_to=AT, receiver_key="shared"),
        Point("p2", valid_from=AT, receiver_key="later"),
        Point("p3", receiver_key="third"),
        Point("p4"),
    ]
)


def delivered(fields: Sequence[Any]) -> Delivered:
    *content, at = fields
    return Delivered(MeterValue(*content), at)


def of(point: str, category: str = "EL", after: int = 0) -> MeterValue:
    period = {"reading_at": AT + after, "period_start": AT + after - DAY, "period_end": AT + after}
    return value(metering_point=point, delivery_category=category, **period)


def test_values_of_a_key_of_several_points_come_together_and_all_others_with_their_point() -> None:
    """What has no key, or one of its own, does not wait: of the same point, too."""
    values = [
        of("p1"),
        of("p1", "HEAT"),
        of("p1", "UNMAPPED"),
        of("p2", after=-DAY),
        of("p2", after=DAY),
        of("p3"),
        of("p4"),
        of("p5"),
    ]
    with whole_keys(POINTS, delivered) as whole:
        versions = [version([*row(each).columns, AT]) for each in values]
        by_point = groupby(versions, key=lambda each: each.key[0])
        together = [[one.value for one in whole.of_point(list(some))] for _, some in by_point]
        together += [[one.value for one in some] for some in whole.rest()]
    assert together == [
        [of("p1", "HEAT"), of("p1", "UNMAPPED")],
        [of("p2", after=DAY)],
        [of("p3")],
        [of("p4")],
        [of("p5")],
        [of("p1"), of("p2", after=-DAY)],
    ]
