"""The schedule of a chaos run: a seed's own, and fair over many seeds."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from random import Random

import pytest

from local.chaos.catalogue import kinds
from local.chaos.fault import Kind
from local.chaos.schedule import Size, draw
from local.system import LocalSystem

SEEDS = range(1, 21)


@contextmanager
def nothing(system: LocalSystem, random: Random) -> Iterator[str]:
    yield "nothing"


def made(count: int, alone: int = 0, three: int = 0) -> list[Kind]:
    plain = [Kind(f"plain {number}", "process", nothing) for number in range(count)]
    lonely = [Kind(f"alone {number}", "state", nothing, alone=True) for number in range(alone)]
    return [*plain, *lonely, *(Kind(f"three {number}", "broker", nothing, brokers=3) for number in range(three))]


def test_the_same_seed_gives_the_same_schedule_and_another_one_another() -> None:
    found = made(40, 6, 5)
    assert draw(7, found) == draw(7, found)
    assert draw(7, found) != draw(8, found)


def test_every_kind_comes_before_any_comes_again() -> None:
    """Over all seeds, the number of times of two kinds of a deck differs by one at most."""
    counts = Counter(strike.kind.name for seed in SEEDS for strike in draw(seed, made(40, 6, 5)).strikes)
    for deck, size in (("plain", 40), ("alone", 6), ("three", 5)):
        times = [count for name, count in counts.items() if name.startswith(deck)]
        assert len(times) == size
        assert max(times) - min(times) <= 1


def test_kinds_that_need_three_brokers_get_them() -> None:
    for seed in SEEDS:
        schedule = draw(seed, made(20, 2, 4))
        assert schedule.brokers == (3 if seed % 3 == 0 else 1)
        assert all(strike.kind.brokers <= schedule.brokers for strike in schedule.strikes)


def test_without_such_kinds_no_run_has_three_brokers() -> None:
    assert {draw(seed, made(20)).brokers for seed in SEEDS} == {1}


def test_strikes_lie_within_the_load_in_order_and_last_as_long_as_their_kind_may() -> None:
    for seed in SEEDS:
        schedule = draw(seed, made(20), Size(seconds=15.0, plain=6))
        assert len(schedule.strikes) == 6
        assert all(early.at <= late.at for early, late in pairwise(schedule.strikes))
        assert all(0 <= strike.at <= 15 and 1 <= strike.seconds <= 4 for strike in schedule.strikes)


def test_seeds_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="from 1"):
        draw(0, made(3))


def test_the_catalogue_holds_every_family_and_knows_kinds_by_pattern() -> None:
    assert len(kinds()) == len({kind.name for kind in kinds()})
    assert {kind.family for kind in kinds()} >= {"process", "network", "utility"}
    assert all(kind.name.startswith("streams") for kind in kinds("streams*"))
    with pytest.raises(ValueError, match="no kind of fault matches"):
        kinds("no such thing")
