"""What a fault is: one way to break the running system, and its healing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import Random
from typing import Literal

from local.system import LocalSystem

Family = Literal["process", "network", "broker", "database", "state", "utility"]


@dataclass(frozen=True)
class Kind:
    """One kind of fault.

    Attributes:
        name: As docs/reliability.md lists it, such as `streams: SIGKILL`; unique.
        family: Where it strikes.
        inject: Entering breaks the system and gives what exactly was struck, in a few words without readings; leaving
            heals it. What is drawn comes from the given Random alone, never from what the system happens to be doing,
            so that a seed repeats it.
        seconds: The least and the most that it lasts.
        alone: Whether no other fault may be at work meanwhile, since an operator mends it with a command.
        brokers: The brokers that the system must have.
        letters: Reasons of dead letters of streams and sinks that it may cause.
    """

    name: str
    family: Family
    inject: Callable[[LocalSystem, Random], AbstractContextManager[str]]
    seconds: tuple[float, float] = (1.0, 4.0)
    alone: bool = False
    brokers: int = 1
    letters: tuple[str, ...] = ()
