"""Hypothesis strategies: readings that meet each other often, in every way the rules speak of."""

from random import Random
from typing import Any

from hypothesis import strategies as st

from schemas.events import Reading
from schemas.exact import LIMIT, ONE
from tests.metering import at, register, volume

UNITS = ("kWh", "MWh", "Wh", "GWh", "m3", "m\u00e5", "ma\u030a")

_few = st.integers(0, 30).map(lambda whole: whole * ONE)
_values = (
    st.none() | _few | st.integers(0, 60).map(lambda tenths: tenths * ONE // 10) | st.integers(1 - LIMIT, LIMIT - 1)
)
"""Mostly small positions that rise, fall, roll over and recover; now and then any number at all."""


@st.composite
def reading(draw: Any, hours: Any, units: tuple[str, ...] = UNITS) -> Reading:
    """One reading of one of two series."""
    make = draw(st.sampled_from([register, register, register, volume]))
    hour = draw(hours)
    made: Reading = make(
        hour,
        None,
        draw(st.integers(0, 6)),
        consumption=draw(_values),
        unit=draw(st.sampled_from((units[0],) * 6 + units)),
        consumption_unit=draw(st.sampled_from((units[0],) * 6 + units)),
        metering_point=draw(st.sampled_from(["735999100057526501", "735999100057526501", "other"])),
        reading_method=draw(st.sampled_from([None, "Fjärr", "Fjärr", "Beräknad"])),
        quality=draw(st.sampled_from(["measured", "estimated"])),
        period_start=at(hour - 1),
        factor=draw(st.sampled_from([1, 1, 1, 40, "0.5", "0.000000000001"])),
        rolls_over_at=draw(st.sampled_from([None, None, 30, 10])),
        max_per_period=draw(st.sampled_from([None, None, None, 20, 5])),
    )
    return made


def readings(units: tuple[str, ...] = UNITS) -> st.SearchStrategy[list[Reading]]:
    """Readings in the order of arrival: identities meet often, over four days, some far apart."""
    hours = st.integers(0, 8) | st.integers(0, 96)
    return st.lists(reading(hours, units), max_size=30)


@st.composite
def batches(draw: Any) -> tuple[list[Reading], list[Reading]]:
    """Two orders of the same readings, over weeks; in both, no reading is a day older than one that came before it."""
    every: list[Reading] = draw(st.lists(reading(st.integers(0, 400)), max_size=40))
    waits = st.lists(st.integers(0, 23), min_size=len(every), max_size=len(every))

    def order(waited: list[int]) -> list[Reading]:
        arrival = {index: every[index].reading_at + (at(1) - at(0)) * waited[index] for index in range(len(every))}
        return [every[index] for index in sorted(arrival, key=lambda index: (arrival[index], index))]

    return order(draw(waits)), order(draw(waits))


def cuts() -> st.SearchStrategy[list[int]]:
    """Where a list of up to 30 is cut."""
    return st.lists(st.integers(0, 30), max_size=4).map(sorted)


def ordered_by_chance(all_readings: list[Reading], random: Random) -> list[Reading]:
    """The same readings in another order."""
    return random.sample(all_readings, len(all_readings))
