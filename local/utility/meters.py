"""The metering points of the simulated utility: made from their number, so that none needs to be stored."""

from dataclasses import dataclass, field

from local.utility.dice import seed_of

CUSTOMERS = 7_731_000_000
"""Customer numbers count from here: a search for ``7731`` and six digits more in logs finds a leaked one."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Settings of a series in the product's points file; an empty text is the default."""

    kind: str = "volume"
    factor: str = ""
    rolls_over_at: str = ""
    max_per_period: str = ""
    consumption_unit: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """One delivery category of a point in one feed.

    story: what happens to a register (plain, exchange, rollover, glitch, unit_change); volumes are plain.
    key: the seed of its readings.
    """

    category: str
    unit: str
    key: int
    story: str = "plain"
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True, slots=True)
class Meter:
    """One metering point as one feed shows it. `customer` is the JSON of the field, empty when it is absent."""

    number: int
    metering_point: str
    customer: str
    customer_number: str | None
    series: tuple[Series, ...]


def check_digit(digits: str) -> int:
    """The mod-10 check digit of GS1: weights 3 and 1 from the right."""
    total = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(digits)))
    return -total % 10


def metering_point(number: int) -> str:
    """The id of a point: GSRN mostly, some of 16 digits, some of these with leading zeros."""
    if number % 10 == 3:
        return f"12345678{number:08d}"
    if number % 10 == 7:
        return f"0099{number:012d}"
    digits = f"7359991{number:010d}"
    return f"{digits}{check_digit(digits)}"


def number_of(point: str, points: int) -> int | None:
    """The number of a point among so many, or None when the utility has no such point."""
    if not (point.isascii() and point.isdigit() and len(point) in (16, 18)):
        return None
    number = int(point[7:17] if len(point) == 18 else point[8:])
    return number if number < points and metering_point(number) == point else None


def meter(seed: int, feed: str, number: int) -> Meter:
    """The point of this number as a feed shows it."""
    customer, customer_number = _customer(number)
    kinds = [_energy(number)]
    if number % 3 == 0:
        kinds.append(_register(number))
    if number % 4 == 1:
        kinds.append(_heat(number))
    series = tuple(
        Series(kind.category, kind.unit, seed_of(seed, feed, number, kind.category), kind.story, kind.terms)
        for kind in kinds
    )
    return Meter(number, metering_point(number), customer, customer_number, series)


def _customer(number: int) -> tuple[str, str | None]:
    text = str(CUSTOMERS + number // 3)
    if number % 20 == 13:
        return "", None
    return (text if number % 20 == 11 else f'"{text}"'), text


def _energy(number: int) -> Series:
    limit = "20000" if number % 10 == 2 else ""
    return Series("EL-EXT", "kWh", 0, terms=Terms(max_per_period=limit))


def _heat(number: int) -> Series:
    return Series("VARME", "MWh", 0, terms=Terms(consumption_unit="MWh" if number % 8 == 5 else ""))


def _register(number: int) -> Series:
    story, terms = _REGISTERS[number // 3 % len(_REGISTERS)]
    return Series("EL-REG", "kWh", 0, story, terms)


# A limit never meets a factor with decimals: a use could then be both implausible and not representable, and no
# rule says which of the two holds it.
_REGISTERS = (
    ("plain", Terms("register")),
    ("exchange", Terms("register")),
    ("plain", Terms("register", factor="40")),
    ("rollover", Terms("register", rolls_over_at="100000")),
    ("glitch", Terms("register")),
    ("rollover", Terms("register", factor="0.5", rolls_over_at="100000")),
    ("unit_change", Terms("register")),
    ("plain", Terms("register", max_per_period="40")),
)
