"""Which faults strike when: drawn from a seed, and the same for the same seed and the same kinds.

The draw is fair as a deck of cards is: over consecutive seeds every kind comes once before any comes again. Every
third seed runs three brokers, where there are kinds that need them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from local.chaos.fault import Kind

THREE_EVERY = 3


@dataclass(frozen=True)
class Size:
    """How much is drawn for a run. ``three``: of kinds that need three brokers, where a run has them."""

    seconds: float = 45.0
    plain: int = 16
    alone: int = 3
    three: int = 7


@dataclass(frozen=True)
class Strike:
    """One fault: ``at`` seconds after the first it begins, and lasts ``seconds``; it draws from its own ``seed``."""

    at: float
    seconds: float
    kind: Kind
    seed: int


@dataclass(frozen=True)
class Schedule:
    """What a seed leads to; strikes in order of their beginning."""

    seed: int
    brokers: int
    strikes: tuple[Strike, ...]

    def lines(self) -> list[str]:
        """For people."""
        head = f"seed {self.seed}: {len(self.strikes)} faults, {self.brokers} broker{'s' * (self.brokers > 1)}"
        return [head, *(_line(strike) for strike in self.strikes)]


def draw(seed: int, kinds: Sequence[Kind], size: Size | None = None) -> Schedule:
    """The schedule of a seed (1, 2, ...)."""
    if seed < 1:
        raise ValueError("seeds are counted from 1")
    size = size or Size()
    three = [kind for kind in kinds if kind.brokers == 3]
    decks = {
        "plain": [kind for kind in kinds if kind.brokers < 3 and not kind.alone],
        "alone": [kind for kind in kinds if kind.brokers < 3 and kind.alone],
    }
    chosen = _cards("three", three, (seed // THREE_EVERY - 1) * size.three, size.three) if _tripled(seed, three) else []
    for name, per_run in (("plain", size.plain), ("alone", size.alone)):
        chosen += _cards(name, decks[name], *_slice(seed, per_run, size.three if three and name == "plain" else 0))
    dice = Random(f"strikes {seed}")
    strikes = [_strike(kind, dice, size.seconds) for kind in chosen]
    return Schedule(seed, 3 if _tripled(seed, three) else 1, tuple(sorted(strikes, key=lambda strike: strike.at)))


def _tripled(seed: int, three: Sequence[Kind]) -> bool:
    return bool(three) and seed % THREE_EVERY == 0


def _slice(seed: int, per_run: int, displaced: int) -> tuple[int, int]:
    """Where this seed's cards begin in the endless deck, and how many they are; three brokers displace some."""
    fewer = max(0, per_run - displaced)
    tripled = (seed - 1) // THREE_EVERY
    here = fewer if seed % THREE_EVERY == 0 else per_run
    return (seed - 1 - tripled) * per_run + tripled * fewer, here


def _cards(name: str, deck: Sequence[Kind], first: int, count: int) -> list[Kind]:
    """So many cards of a deck that is shuffled anew for each round."""
    if not deck:
        return []
    cards = []
    for place in range(first, first + count):
        turn, index = divmod(place, len(deck))
        cards.append(Random(f"{name} {turn}").sample(list(deck), len(deck))[index])
    return cards


def _strike(kind: Kind, dice: Random, within: float) -> Strike:
    return Strike(
        at=round(dice.uniform(0.0, within), 1),
        seconds=round(dice.uniform(*kind.seconds), 1),
        kind=kind,
        seed=dice.randrange(1 << 32),
    )


def _line(strike: Strike) -> str:
    alone = " (nothing else meanwhile)" if strike.kind.alone else ""
    return f"  at {strike.at:5.1f} s for {strike.seconds:4.1f} s  {strike.kind.name}{alone}"
