"""Asking again until somebody answers."""

import time
from collections.abc import Callable
from typing import TypeVar

from local.process import ServiceError

PAUSE = 0.2

T = TypeVar("T")


def patiently(
    ask: Callable[[], T], whom: str, within: float = 60.0, failures: tuple[type[Exception], ...] = (OSError,)
) -> T:
    """The answer, as soon as there is one. ``failures``: those after which it is asked again.

    Raises:
        ServiceError: ``whom`` could not be reached for so many seconds.
    """
    end = time.monotonic() + within
    while True:
        try:
            return ask()
        except failures as error:
            if time.monotonic() > end:
                raise ServiceError(f"{whom} does not answer within {within:g} s: {error}") from error
            time.sleep(PAUSE)
