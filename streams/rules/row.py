"""The row of one reading: delta and consumption, from the reading and the one before it."""

from fractions import Fraction

import msgspec

from schemas.events import SeriesKind
from schemas.exact import ONE, representable
from schemas.reasons import Held
from streams.rules.entry import Entry, Terms
from streams.rules.rules import Rules
from streams.rules.units import Ratio, ratio


class Base(msgspec.Struct, frozen=True, gc=False):
    """All that a row needs to know of the readings before it: the nearest one with a value."""

    reading_at: int
    value: int
    unit: str
    kind: SeriesKind
    fell_from: tuple[int, str] | None
    """Value and unit before the fall, where this reading is a held fall of a register."""


class Derived(msgspec.Struct, frozen=True, gc=False):
    """What a row says beyond its content. Numbers in units of 10^-12; None: missing."""

    previous_reading_at: int | None
    delta: int | None
    consumption: int | None
    held: Held | None


_NOTHING = Derived(None, None, None, None)


def row(base: Base | None, known: Entry, rules: Rules) -> tuple[Derived, Base | None]:
    """Derives one row; gives also the base for the next."""
    if known.value is None:
        return _NOTHING, base
    terms = known.terms
    if terms.kind == "volume":
        return _volume(base, known.value, terms), Base(known.reading_at, known.value, terms.unit, "volume", None)
    if base is None or base.kind != "register":
        # The first position; a register's delta is taken only from register readings.
        return _NOTHING, Base(known.reading_at, known.value, terms.unit, "register", None)
    derived, fell = _register(base, known.value, terms, rules.rollover_share)
    fell_from = (base.value, base.unit) if fell and derived.held else None
    return derived, Base(known.reading_at, known.value, terms.unit, "register", fell_from)


def period_volume(value: int, terms: Terms) -> tuple[int | None, Held | None]:
    """The consumption of a volume, which needs no base, and why there is none.

    One that has too many digits is missing and not held.
    """
    consumption, held = _used(value, 1, terms)
    return consumption, None if held is Held.NOT_REPRESENTABLE else held


def _volume(base: Base | None, value: int, terms: Terms) -> Derived:
    consumption, held = period_volume(value, terms)
    if base is None:
        return Derived(None, None, consumption, held)
    between = ratio(base.unit, terms.unit)
    delta = None
    if between is not None:
        times, per = between
        delta = _whole(value * per - base.value * times, per)
    return Derived(base.reading_at, delta, consumption, held)


def _register(base: Base, value: int, terms: Terms, share: Fraction) -> tuple[Derived, bool]:
    """The row of a position that has a register position before it, and whether it fell."""
    between = ratio(base.unit, terms.unit)
    if between is None:
        return Derived(base.reading_at, None, None, Held.UNIT_CHANGED), False
    times, per = between
    moved = value * per - base.value * times  # in 10^-12 / per: exact also where the delta has too many digits
    use = moved if moved >= 0 else _rolled_over(moved, base.value * times, value * per, terms, per, share)
    delta = _whole(moved, per)
    consumption: int | None = None
    held: Held | None
    if ratio(terms.unit, terms.consumption_unit) is None:
        held = Held.UNIT_CHANGED
    elif delta is None:
        held = Held.NOT_REPRESENTABLE
    elif use is None:
        held = Held.NEGATIVE_DELTA
    elif moved >= 0 and _recovered(base, value, terms.unit):
        held = Held.REGISTER_RECOVERED
    else:
        consumption, held = _used(use * terms.factor, per * ONE, terms)
    return Derived(base.reading_at, delta, consumption, held), moved < 0


def _rolled_over(moved: int, before: int, after: int, terms: Terms, per: int, share: Fraction) -> int | None:
    """The use that a fall implies if the register rolled over; None: it did not. All in 10^-12 / per."""
    if terms.rolls_over_at is None:
        return None
    span = terms.rolls_over_at * per
    if not (0 <= before < span and 0 <= after < span):
        return None
    use = moved + span
    return use if use * share.denominator <= span * share.numerator else None


def _recovered(base: Base, value: int, unit: str) -> bool:
    """Whether the register, after a held fall, is back at or above where it fell from."""
    if base.fell_from is None:
        return False
    fell_value, fell_unit = base.fell_from
    between = ratio(fell_unit, unit)
    if between is None:
        return False
    times, per = between
    return value * per >= fell_value * times


def _used(use: int, per: int, terms: Terms) -> tuple[int | None, Held | None]:
    """use / per in the consumption unit, and why it is missing."""
    between: Ratio | None = ratio(terms.unit, terms.consumption_unit)
    if between is None:
        return None, Held.UNIT_CHANGED
    times, parts = between
    consumption = _whole(use * times, per * parts)
    if consumption is None:
        return None, Held.NOT_REPRESENTABLE
    if terms.max_per_period is not None and consumption > terms.max_per_period:
        return None, Held.IMPLAUSIBLE
    return consumption, None


def _whole(number: int, per: int) -> int | None:
    """number / per; None where that has more than 12 fractional or 24 integer digits."""
    quotient, rest = divmod(number, per)
    return None if rest or not representable(quotient) else quotient
