"""What happens to single readings: the versions of each, and the tick at which each version begins."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from local.utility.amounts import Amounts, spell
from local.utility.dice import mix
from local.utility.meters import Series
from local.utility.readings import BROKEN, Reading, broken, good, numeric_codes
from local.utility.settings import HappeningRates

ROLL = (1 << 20) - 1
"""The part of an index's random bits that decides whether anything happens to it."""

_BROKEN_KINDS = tuple(BROKEN)
_ODD_METHODS = ("Beräknad", "Temporär", "21", "56", "Godkänd", "Fja\u0308rr", "Ny metod", None)
_SPREAD = 30


@dataclass(frozen=True, slots=True)
class Version:
    """A reading as it is served from a tick on, until the next version begins."""

    tick: int
    reading: Reading


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a series: its index, random bits, stamp, the tick of its release, and whether it may change."""

    index: int
    bits: int
    date: str
    tick: int
    changeable: bool


class Happenings:
    """Decides, for the slots of any series, what happens there. Pure: equal slots get equal versions."""

    def __init__(self, rates: HappeningRates) -> None:
        always = ("omitted", "null", "broken", "odd_method")
        later = ("late", "up", "down", "back", "to_null", "from_null", "provisional", "respelled")
        self._names = always + later
        sums = accumulate(getattr(rates, name) * (ROLL + 1) for name in self._names)
        self._limits = [int(limit) for limit in sums]
        self._duplicated = int(rates.duplicated * 256)
        self._fixed = int(rates.fixed * 256)
        self.limit = self._limits[-1]
        self.limit_of_unchangeable = self._limits[len(always) - 1]

    def versions(self, series: Series, amounts: Amounts, slot: Slot) -> tuple[Version, ...]:
        """The versions of a slot, oldest first; none if it is omitted, one if nothing happens to it."""
        head = (series.category, amounts.unit(slot.index))
        text = amounts.text(slot.index, slot.bits)
        plain = good(head, slot.date, text)
        place = bisect_right(self._limits, slot.bits & ROLL)
        name = self._names[place] if place < len(self._names) else "plain"
        if name == "provisional" and series.story == "unit_change":
            name = "up"  # a fall across units could be held for two reasons, and no rule says which
        if name in _CHANGES:
            return _changes(name, series, amounts, slot) if slot.changeable else (Version(slot.tick, plain),)
        if name == "omitted":
            return ()
        if name == "null":
            return (Version(slot.tick, good(head, slot.date, None)),)
        if name == "odd_method":
            return (Version(slot.tick, _odd(plain, head, slot)),)
        if name == "broken":
            return self._broken(head, slot, plain)
        return (Version(slot.tick, plain),)

    def is_duplicated(self, bits: int) -> bool:
        """Whether a slot's reading stands twice in each answer."""
        return bits >> 56 < self._duplicated

    def _broken(self, head: tuple[str, str], slot: Slot, plain: Reading) -> tuple[Version, ...]:
        detail = mix(slot.bits)
        kind = _BROKEN_KINDS[detail % len(_BROKEN_KINDS)]
        bad = Version(slot.tick, broken(kind, head, slot.date, plain.consumption or "0"))
        if slot.changeable and (detail >> 32) & 255 < self._fixed:
            return (bad, Version(slot.tick + 3 + (detail >> 16) % _SPREAD, plain))
        return (bad,)


def _odd(plain: Reading, head: tuple[str, str], slot: Slot) -> Reading:
    choice = mix(slot.bits) % (len(_ODD_METHODS) + 1)
    if choice == len(_ODD_METHODS):
        return numeric_codes(plain)
    return good(head, slot.date, plain.consumption, _ODD_METHODS[choice])


def _changes(name: str, series: Series, amounts: Amounts, slot: Slot) -> tuple[Version, ...]:
    """The versions of a slot that changes; each differs from the one before it."""
    detail = mix(slot.bits)
    first = slot.tick
    if name == "late":
        return (Version(first + 2 + detail % 12, _at(series, amounts, slot, 0)),)
    second = first + 3 + detail % _SPREAD
    third = second + 2 + (detail >> 16) % 10
    readings = _CHANGES[name](series, amounts, slot)
    return tuple(Version(tick, reading) for tick, reading in zip((first, second, third), readings, strict=False))


def _at(series: Series, amounts: Amounts, slot: Slot, shift: int) -> Reading:
    """The slot's reading with its amount shifted; it never gets below one."""
    head = (series.category, amounts.unit(slot.index))
    if shift == 0:
        return good(head, slot.date, amounts.text(slot.index, slot.bits))
    amount = amounts.at(slot.index, slot.bits)
    moved = amount + shift if amount + shift >= 1 else amount + abs(shift)
    return good(head, slot.date, spell(series, moved))


def _shift(amounts: Amounts, slot: Slot) -> int:
    return 1 + (slot.bits >> 24) % (2 * amounts.step)


def _up(series: Series, amounts: Amounts, slot: Slot) -> list[Reading]:
    return [_at(series, amounts, slot, 0), _at(series, amounts, slot, _shift(amounts, slot))]


def _down(series: Series, amounts: Amounts, slot: Slot) -> list[Reading]:
    return [_at(series, amounts, slot, 0), _at(series, amounts, slot, -_shift(amounts, slot))]


def _back(series: Series, amounts: Amounts, slot: Slot) -> list[Reading]:
    return [*_up(series, amounts, slot), _at(series, amounts, slot, 0)]


def _to_null(series: Series, amounts: Amounts, slot: Slot) -> list[Reading]:
    return [_at(series, amounts, slot, 0), _empty(series, amounts, slot)]


def _from_null(series: Series, amounts: Amounts, slot: Slot) -> list[Reading]:
    return [_empty(series, amounts, slot), _at(series, amounts, slot, 0)]


def _provisional(series: Series, amounts: Amounts, slot: Slot) -> list[Reading]:
    head = (series.category, amounts.unit(slot.index))
    return [good(head, slot.date, "0.000000000000", "Temporär"), _at(series, amounts, slot, 0)]


def _respelled(series: Series, amounts: Amounts, slot: Slot) -> list[Reading]:
    """An equal number in other digits, then as a string: duplicates, though the bytes differ."""
    plain = _at(series, amounts, slot, 0)
    digits = plain.consumption or "0"
    head = (series.category, plain.unit)
    exponent = f"{digits}e0" if len(digits.partition(".")[2]) >= 12 else f"{digits}000"
    return [plain, good(head, slot.date, exponent), good(head, slot.date, exponent, quoted=True)]


def _empty(series: Series, amounts: Amounts, slot: Slot) -> Reading:
    return good((series.category, amounts.unit(slot.index)), slot.date, None)


_CHANGES: dict[str, Callable[[Series, Amounts, Slot], list[Reading]]] = {
    "late": _up,
    "up": _up,
    "down": _down,
    "back": _back,
    "to_null": _to_null,
    "from_null": _from_null,
    "provisional": _provisional,
    "respelled": _respelled,
}
