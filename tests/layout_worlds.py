"""Worlds for laws about layouts: layouts, the points of a receiver, and the values that it has."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, get_args

import msgspec
from hypothesis import strategies as st

from schemas import events, exact, instants
from schemas.events import MeterValue
from schemas.exact import ONE
from schemas.reasons import Held
from sinks.layouts.layout import Layout, LayoutFile
from sinks.layouts.reading import Delivered
from sinks.layouts.zone import zone_of
from sinks.points.points import Point, Points

FIXED = ("+01:00", "UTC", "-03:30")
BEGIN = instants.from_datetime(datetime(2026, 3, 28, 22, tzinfo=UTC))
"""The hours before a change-over, over midnight."""
HOURS = 12
SOURCES, POINTS, CATEGORIES = ("hours", "months"), ("735999100057526501", "å", "Å"), ("EL-EXT", "el-ext", "VÄRME")
KEYS = ("K1", "k1", "K1 ", "", None)
UNITS = ("Wh", "kWh", "MWh", "GWh", "kwh", "m3", "kJ", "TJ")
PATTERNS = ("timestamp", "date", "YYYY-MM-DD hh:mm", "DD/MM YYYY", "YYYYMMDDhhmmss", "YYYY-MM-DDThh:mm:ss")
WORDS = st.sampled_from(["Beräknad", "it's", "", "null", "-"])


@dataclass(frozen=True)
class World:
    """What there is at once."""

    layout: Layout
    points: Points
    values: list[Delivered]


numbers = st.one_of(
    st.integers(1 - exact.LIMIT, exact.LIMIT - 1),
    st.integers(-5_000, 5_000).map(lambda number: number * ONE // 1_000),
    st.builds(
        lambda sign, whole, power: sign * whole * 10**power,
        *(st.sampled_from([1, -1]), st.sampled_from([1, 5, 15, 25, 45, 49, 999, 10**12 - 1]), st.integers(0, 24)),
    ),
    st.sampled_from([None, exact.LIMIT - 1, 1 - exact.LIMIT, 0, 1, -1, ONE // 2, -ONE // 2, exact.LIMIT - ONE // 10]),
)
_hours = st.integers(0, HOURS).map(lambda hour: BEGIN + hour * instants.HOUR)


@st.composite
def _values(draw: st.DrawFn) -> Delivered:
    start = draw(st.integers(0, HOURS - 1))
    length = draw(st.sampled_from([1, 1, 1, 2]))
    begin, end = (BEGIN + hour * instants.HOUR for hour in (start, start + length))
    several = draw(st.sampled_from([0, 0, 1, instants.MINUTE]))
    number = draw(numbers)
    value = MeterValue(
        source=draw(st.sampled_from([SOURCES[0]] * 5 + [SOURCES[1]])),
        metering_point=draw(st.sampled_from(POINTS)),
        delivery_category=draw(st.sampled_from([CATEGORIES[0]] * 5 + [CATEGORIES[1]])),
        reading_at=end - several,
        series_kind=draw(st.sampled_from(get_args(events.SeriesKind))),
        granularity=draw(st.sampled_from(["hour", "month"])),
        period_start=begin,
        period_end=end,
        value=number,
        unit=draw(st.sampled_from(["kWh"] * 6 + [*UNITS])),
        previous_reading_at=draw(
            st.none()
            | st.sampled_from(
                [begin, begin - 1, begin - several, begin - several - instants.SECOND, begin - instants.DAY]
            )
        ),
        delta=None,
        consumption=draw(st.just(number) | numbers),
        consumption_unit=draw(st.sampled_from(["kWh"] * 6 + [*UNITS])),
        change=None,
        quality=draw(st.sampled_from(get_args(events.Quality))),
        reading_method=draw(st.none() | WORDS),
        reading_reason=None,
        cause="new",
        held=draw(st.none() | st.none() | st.sampled_from([*map(str, Held), "a reason of later"])),
        fetched_at=draw(_hours),
        epoch="1",
        sequence=0,
        published_at=BEGIN,
    )
    return Delivered(value, draw(_hours))


values = st.lists(
    _values(),
    min_size=4,
    max_size=16,
    unique_by=lambda d: (d.value.source, d.value.metering_point, d.value.delivery_category, d.value.reading_at),
)


@st.composite
def _alike(draw: st.DrawFn) -> list[Delivered]:
    """Several readings of one period of one series: what is added, or of which the last counts."""
    first = draw(_values()).value
    numbers_of = draw(st.lists(numbers, min_size=2, max_size=5))
    qualities = st.sampled_from(get_args(events.Quality))
    return [
        Delivered(
            msgspec.structs.replace(
                first, reading_at=first.reading_at - n, value=number, consumption=number, quality=draw(qualities)
            ),
            draw(_hours),
        )
        for n, number in enumerate(numbers_of)
    ]


@st.composite
def points_of_a_receiver(draw: st.DrawFn) -> Points:
    lines: list[Point] = []
    for place, name in enumerate(POINTS):
        own = [f"key {place}"] * 5
        category = draw(st.sampled_from(["", "", "EL-EXT", *CATEGORIES]))
        granularity = draw(st.sampled_from(["", "", "hour"]))
        edges = draw(st.just([]) | st.sets(_hours, max_size=2).map(sorted))
        bounds = [0, *edges, instants.from_datetime(datetime(9999, 12, 31, tzinfo=UTC))]
        for begin, end in pairwise(bounds):
            if draw(st.sampled_from([True] * 9 + [False])):
                key, kind = (
                    draw(st.sampled_from([*own, *KEYS])),
                    draw(st.sampled_from([None, None, "register", "volume"])),
                )
                lines.append(Point(name, category, granularity, begin, end, key, kind, draw(st.none() | WORDS)))
    return Points(lines)


@st.composite
def _number_columns(draw: st.DrawFn) -> list[dict[str, Any]]:
    shown = draw(st.sampled_from([["figure"], ["figure", "figure"], ["consumption", "position"], ["position"]]))
    columns: list[dict[str, Any]] = []
    for place, source in enumerate(shown):
        column: dict[str, Any] = {"name": f"number_{place}", "from": source}
        if draw(st.booleans()):
            column["unit"] = draw(st.sampled_from(["Wh", "kWh", "MWh", "m3", "TJ"]))
        remainder = draw(st.sampled_from(["keep", "hold", "round"]))
        if remainder != "keep":
            column |= {"decimals": draw(st.sampled_from([0, 1, 3, 6, 11, 12])), "remainder": remainder}
        columns.append(column)
        columns.append({"name": f"unit_{place}", "from": "unit", "of": column["name"]})
        columns.append(
            {"name": f"kind_{place}", "from": "kind", "of": column["name"], "texts": {"volume": "förbrukning"}}
        )
        if remainder == "round":
            columns.append({"name": f"rest_{place}", "from": "remainder", "of": column["name"]})
    return columns


_TEXTS = ("receiver_key", "facility_id", "metering_point", "category", "source", "granularity", "method")
_SAID = ("quality", "status", "reason")
_TIMES = ("period_start", "period_end", "period_last", "reading_at", "fetched_at", "delivered_at")


def layouts(zones: tuple[str, ...]) -> st.SearchStrategy[Layout]:
    """Any layout that shows times in these zones."""

    @st.composite
    def layout(draw: st.DrawFn) -> Layout:
        words = {word: draw(WORDS) for word in draw(st.sets(st.sampled_from(["measured", "missing", "gap", "EL-EXT"])))}
        columns: list[dict[str, Any]] = [{"name": f"text_{name}", "from": name} for name in _TEXTS]
        columns += [{"name": f"said_{name}", "from": name, "texts": words} for name in _SAID]
        columns += [
            {"name": f"Tid_{name}", "from": name, "zone": draw(st.sampled_from(zones)), "format": form}
            for name in _TIMES
            for form in [draw(st.sampled_from(PATTERNS))]
        ]
        columns += [{"name": "alltid", "from": "constant", "value": draw(WORDS)}, *draw(_number_columns())]
        policy = {
            "estimated": draw(st.sampled_from(["deliver", "wait"])),
            "missing": draw(st.sampled_from(["null", "skip"])),
            "held": draw(st.sampled_from(["null", "skip"])),
            "gap": draw(st.sampled_from(["deliver", "null", "skip"])),
        }
        file = LayoutFile.model_validate(
            {
                "view": "any_values",
                "key": draw(st.sampled_from(["receiver_key", "receiver_key", "series"])),
                "granularities": draw(st.sampled_from([[], [], ["hour"]])),
                "kinds": draw(st.sampled_from([[], [], ["register"]])),
                "policy": policy,
                "columns": columns,
            }
        )
        return Layout("any", file, file.policy, zone_of(draw(st.sampled_from(zones))))

    return layout()


def worlds(zones: tuple[str, ...]) -> st.SearchStrategy[World]:
    """Any world whose times are shown in these zones; of one in four the values are several of one period."""
    every = Points(Point(name, receiver_key=f"key {place}") for place, name in enumerate(POINTS))
    any_world = st.builds(World, layouts(zones), points_of_a_receiver(), values)
    return st.one_of(any_world, any_world, any_world, st.builds(World, layouts(zones), st.just(every), _alike()))
