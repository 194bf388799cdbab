"""The rules of the independent fold: what follows from a series' contents (docs/architecture.md, section 7, literally).

Where several reasons to hold a register's row meet, this order decides: unit_changed, not_representable (the delta),
negative_delta or register_recovered, not_representable (the consumption), implausible.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

_ENERGY = {"Wh": Fraction(1), "kWh": Fraction(10**3), "MWh": Fraction(10**6), "GWh": Fraction(10**9)}


@dataclass(frozen=True)
class Terms:
    """The settings of one series, resolved; consumption_unit None: by the unit as sent."""

    kind: str = "volume"
    factor: Fraction = Fraction(1)
    rolls_over_at: Fraction | None = None
    max_per_period: Fraction | None = None
    consumption_unit: str | None = None
    roll_over_share: Fraction = Fraction(1, 10)


@dataclass(frozen=True)
class Content:
    """The current content of one identity."""

    at: datetime
    period: tuple[datetime, datetime]
    value: Fraction | None
    unit: str
    method: str | None
    reason: str | None


@dataclass(frozen=True)
class Derived:
    """What the rules make of a content and its neighbours."""

    previous_at: datetime | None = None
    delta: Fraction | None = None
    consumption: Fraction | None = None
    held: str | None = None
    fell: bool = False

    @property
    def held_fall(self) -> bool:
        """Whether this is a fall of a register whose consumption is held, for whatever reason."""
        return self.fell and self.held is not None


def derive(contents: Sequence[Content], terms: Terms) -> list[Derived]:
    """Every content of a series, oldest first, with what follows from its nearest earlier ones with a value."""
    derived: list[Derived] = []
    earlier: list[tuple[Content, Derived]] = []
    for content in contents:
        if content.value is None:
            derived.append(Derived())
            continue
        rule = _register if terms.kind == "register" else _volume
        made = _judge_limit(rule(content, content.value, earlier, terms), terms)
        derived.append(made)
        earlier.append((content, made))
    return derived


_Earlier = Sequence[tuple[Content, Derived]]


def _volume(content: Content, value: Fraction, earlier: _Earlier, terms: Terms) -> Derived:
    """A volume's consumption is its value; the delta is information only and never holds it."""
    used = _converted(value, content.unit, consumption_unit(terms, content.unit))
    previous = earlier[-1][0] if earlier else None
    delta = None if previous is None else _difference(content, previous)
    return Derived(
        previous_at=previous.at if previous else None,
        delta=delta if fits(delta) else None,
        consumption=used if fits(used) else None,
        held="unit_changed" if used is None else None,
    )


def _register(content: Content, value: Fraction, earlier: _Earlier, terms: Terms) -> Derived:
    """A register's consumption is its delta times the factor, unless something is held."""
    if not earlier:
        return Derived()
    previous, judged = earlier[-1]
    delta = _difference(content, previous)
    if delta is None or _converted(value, content.unit, consumption_unit(terms, content.unit)) is None:
        return Derived(previous.at, delta if fits(delta) else None, None, "unit_changed")
    fell = delta < 0
    if not fits(delta):
        return Derived(previous.at, None, None, "not_representable", fell)
    use = _rolled(value, delta, terms) if fell else delta
    if use is None:
        return Derived(previous.at, delta, None, "negative_delta", fell)
    if not fell and judged.held_fall and _recovered(content, earlier):
        return Derived(previous.at, delta, None, "register_recovered")
    used = _converted(use * terms.factor, content.unit, consumption_unit(terms, content.unit))
    if not fits(used):
        return Derived(previous.at, delta, None, "not_representable", fell)
    return Derived(previous.at, delta, used, None, fell)


def _rolled(value: Fraction, delta: Fraction, terms: Terms) -> Fraction | None:
    """The use that a fall means if it is a roll-over, None if it is none."""
    top = terms.rolls_over_at
    before = value - delta
    if top is None or not (0 <= value < top and 0 <= before < top):
        return None
    use = delta + top
    return use if use <= top * terms.roll_over_share else None


def _recovered(content: Content, earlier: _Earlier) -> bool:
    """Whether the register is back at or above its position before the fall just before."""
    rise = _difference(content, earlier[-2][0])
    return rise is not None and rise >= 0


def _judge_limit(derived: Derived, terms: Terms) -> Derived:
    """More than the limit in one period, however long the span, is held."""
    used, limit = derived.consumption, terms.max_per_period
    if used is None or limit is None or used <= limit:
        return derived
    return Derived(derived.previous_at, derived.delta, None, "implausible", derived.fell)


def _difference(content: Content, previous: Content) -> Fraction | None:
    """Value minus an earlier value, in this reading's unit; None if the units have no exact conversion."""
    if content.value is None or previous.value is None:
        return None
    before = _converted(previous.value, previous.unit, content.unit)
    return None if before is None else content.value - before


def consumption_unit(terms: Terms, unit: str) -> str:
    """The unit in which a series' consumption is told."""
    return terms.consumption_unit or ("kWh" if unit in _ENERGY else unit)


def _converted(value: Fraction, unit: str, wanted: str) -> Fraction | None:
    if unit == wanted:
        return value
    if unit in _ENERGY and wanted in _ENERGY:
        return value * _ENERGY[unit] / _ENERGY[wanted]
    return None


def fits(number: Fraction | None) -> bool:
    """Whether a number has at most 24 integer and 12 fractional digits."""
    return number is not None and abs(number) < 10**24 and (number * 10**12).denominator == 1
