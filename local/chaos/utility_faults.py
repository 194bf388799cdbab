"""Faults of the utility: what it answers, when it does, and what its clock says."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from random import Random

from local.chaos.fault import Kind
from local.patience import patiently
from local.system import LocalSystem

DAY = 24


def _trouble(name: str) -> Callable[[LocalSystem, Random], AbstractContextManager[str]]:
    @contextmanager
    def inject(system: LocalSystem, _: Random) -> Iterator[str]:
        _order(system, {"trouble": name})
        try:
            yield "utility"
        finally:
            _order(system, {"trouble": "none"})

    return inject


@contextmanager
def _quiet_day(system: LocalSystem, _: Random) -> Iterator[str]:
    """It answers, but has nothing new for a whole day; then all of it comes at once."""
    _order(system, {"pause": True})
    try:
        yield "utility"
    finally:
        _order(system, {"pause": False, "ticks": DAY})


def _order(system: LocalSystem, order: dict[str, object]) -> None:
    """The utility may just be down for another fault's sake, and forgets its trouble when it is started again."""
    patiently(lambda: system.ask_utility("/_control", order), "the simulated utility")


KINDS = (
    Kind("utility: every answer 500", "utility", _trouble("error_500")),
    Kind("utility: every answer 503", "utility", _trouble("error_503")),
    Kind("utility: every answer 429", "utility", _trouble("too_many")),
    Kind("utility: every body cut in the middle", "utility", _trouble("cut")),
    Kind("utility: silent beyond the time-outs", "utility", _trouble("silent"), seconds=(6.0, 9.0)),
    Kind("utility: nothing new for a day, then all at once", "utility", _quiet_day),
    Kind("utility: clock 10 minutes wrong", "utility", _trouble("clock")),
    Kind("utility: old answers from a cache", "utility", _trouble("stale")),
)
