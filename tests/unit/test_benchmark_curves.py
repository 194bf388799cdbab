"""The loads that the curves of streams are drawn from."""

from collections import Counter

import pytest

from benchmarks import streams_curves
from benchmarks.events import FETCHED, LATER, Encoded, readings_codec
from schemas.events import Reading

CASES = {case.what: case for case in streams_curves.cases(240, 5)}


def decoded(load: list[Encoded]) -> list[Reading]:
    return [readings_codec.decode(value) for _, _, value in load]


@pytest.mark.parametrize(("share", "known"), [(0, 0), (50, 120), (90, 216)])
def test_so_many_readings_are_there_already_and_are_asked_for_later(share: int, known: int) -> None:
    before, then = (decoded(load) for load in CASES[f"streams: readings, {share} % duplicates"].loads())
    contents = {(reading.metering_point, reading.reading_at): reading.consumption for reading in before}
    again = [reading for reading in then if (reading.metering_point, reading.reading_at) in contents]
    assert (len(before), len(then), len(again)) == (240, 240, known)
    assert all(contents[reading.metering_point, reading.reading_at] == reading.consumption for reading in again)
    assert all(reading.fetched_at >= LATER > old.fetched_at >= FETCHED for reading in then for old in before[:1])


def test_points_beyond_the_number_of_readings_have_one_each() -> None:
    (load,) = CASES["streams: new readings, 1,000 points"].loads()
    assert Counter(Counter(reading.metering_point for reading in decoded(load)).values()) == {1: 240}


def test_workers_share_the_readings_of_one_load() -> None:
    one, two = (CASES[f"streams: new readings, {name}"] for name in ("1 worker", "2 workers"))
    assert (one.workers, two.workers) == (1, 2)
    assert one.loads() == two.loads()
