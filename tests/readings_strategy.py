"""Hypothesis strategies: readings that meet each other often, in every way the rules speak of."""

from random import Random
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st

from schemas.events import Reading
from schemas.exact import LIMIT, ONE
from schemas.instants import HOUR, SECOND
from tests.metering import START, volume

timeless = settings(deadline=None)
"""For laws: a busy machine makes no law false."""

UNITS = ("kWh", "MWh", "Wh", "GWh", "m3", "m\u00e5", "ma\u030a")

_positions = st.integers(0, 9).map(lambda whole: whole * ONE)
_values = st.one_of(
    _positions, _positions, _positions, st.none(), st.integers(-1, 99).map(lambda tenths: tenths * ONE // 10)
)
_any_value = st.integers(1 - LIMIT, LIMIT - 1)
_fetched = st.integers(0, 6)


def _odd(units: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """What makes a reading differ from its neighbours: each alone, or several."""
    return st.fixed_dictionaries(
        {},
        optional={
            "series_kind": st.just("volume"),
            "consumption": _any_value,
            "unit": st.sampled_from(units),
            "consumption_unit": st.sampled_from(units),
            "reading_method": st.sampled_from([None, "Ber\u00e4knad"]),
            "quality": st.just("estimated"),
            "factor": st.sampled_from([40, "0.5", "0.000000000001"]),
            "rolls_over_at": st.sampled_from([10, 30]),
            "max_per_period": st.sampled_from([5, 20]),
        },
    )


@st.composite
def _reading(draw: Any, hours: st.SearchStrategy[int], units: tuple[str, ...]) -> Reading:
    """One reading of one of two series; three of four are plain register positions."""
    others: dict[str, Any] = {"consumption": draw(_values), "series_kind": "register"}
    if draw(st.integers(0, 3)) == 0:
        others |= draw(_odd(units))
    point = "other" if draw(st.integers(0, 7)) == 0 else "735999100057526501"
    return volume(draw(hours), None, draw(_fetched), metering_point=point, **others)


@st.composite
def _log(draw: Any, hours: st.SearchStrategy[int], units: tuple[str, ...], longest: int) -> list[Reading]:
    """Readings in any order; one of four repeats an earlier content, fetched at another time."""
    log: list[Reading] = []
    for fresh in draw(st.lists(_reading(hours, units), max_size=longest)):
        if log and draw(st.integers(0, 3)) == 0:
            again = draw(st.sampled_from(log))
            log.append(msgspec.structs.replace(again, fetched_at=START + draw(_fetched) * SECOND))
        else:
            log.append(fresh)
    return log


def readings(units: tuple[str, ...] = UNITS) -> st.SearchStrategy[list[Reading]]:
    """Readings in the order of arrival: identities meet often, over four days, some far apart."""
    return _log(st.integers(0, 8), units, 25) | _log(st.integers(0, 96), units, 25)


@st.composite
def orders(draw: Any) -> tuple[list[Reading], list[Reading]]:
    """Two orders of the same readings, over weeks; in both, none is a day older than one that came before it."""
    every: list[Reading] = draw(_log(st.integers(0, 40).map(lambda step: step * 13), UNITS, 30))
    waits = st.lists(st.integers(0, 23), min_size=len(every), max_size=len(every))

    def order(waited: list[int]) -> list[Reading]:
        arrival = [
            (reading.reading_at + HOUR * wait, index)
            for index, (reading, wait) in enumerate(zip(every, waited, strict=True))
        ]
        return [every[index] for _, index in sorted(arrival)]

    return order(draw(waits)), order(draw(waits))


def cuts() -> st.SearchStrategy[list[int]]:
    """Where a list of up to 25 is cut."""
    return st.lists(st.integers(0, 25), max_size=4).map(sorted)


def ordered_by_chance(all_readings: list[Reading], random: Random) -> list[Reading]:
    """The same readings in another order."""
    return random.sample(all_readings, len(all_readings))
