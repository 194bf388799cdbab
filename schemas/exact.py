"""Exact numbers: a value is an ``int`` counting units of 10^-12, never a float.

Source: the utility sends up to 12 fractional digits (decimal(38,12)); of its 26 integer digits 24 are used, so
that a difference of two values always fits. Sums are plain Python ints and cannot overflow.
"""

import re

SCALE = 12
ONE: int = 10**SCALE
"""The number 1."""
INTEGER_DIGITS = 24
LIMIT: int = 10 ** (INTEGER_DIGITS + SCALE)
"""Values lie strictly between -LIMIT and LIMIT."""

_JSON_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
_POWERS: tuple[int, ...] = tuple(10 ** (SCALE - digits) for digits in range(SCALE + 1))
"""The value of the last of so many fractional digits."""
_ZERO = 0x30
_MAX_TEXT = 400
"""Longer digits cannot be a meter's; they are refused before any arithmetic on them."""


class NotANumber(ValueError):
    """The text is not exactly one JSON number."""


class OutOfRange(ValueError):
    """The number has more than 24 integer or 12 fractional digits."""


def plain(text: bytes) -> int | None:
    """What :func:`parse` gives of a number that is written as nearly all are, with a fraction and no sign.

    Returns:
        The number in units of 10^-12; None: it is written otherwise, or is none. In a third of the time.
    """
    whole, _, fraction = text.partition(b".")
    digits = whole + fraction
    if not (whole and fraction and digits.isdigit()) or (whole[0] == _ZERO and len(whole) > 1):
        return None
    if len(whole) > INTEGER_DIGITS or len(fraction) > SCALE:
        return None
    return int(digits) * _POWERS[len(fraction)]


def parse(text: str) -> int:
    """Reads one JSON number, exactly.

    Args:
        text: a JSON number, such as ``26633.000000000000`` or ``1e3``; no surrounding space.

    Returns:
        The number in units of 10^-12.

    Raises:
        NotANumber: it is anything else.
        OutOfRange: it cannot be carried without rounding, or is too large.
    """
    if len(text) > _MAX_TEXT:
        raise OutOfRange(f"a number of {len(text)} characters")
    match = _JSON_NUMBER.fullmatch(text)
    if match is None:
        raise NotANumber("not a JSON number")
    sign, whole, fraction, exponent = match.groups()
    digits = int(whole + (fraction or ""))
    if digits == 0:
        return 0
    power = SCALE - len(fraction or "") + _bounded_exponent(exponent)
    if power > INTEGER_DIGITS + SCALE:
        raise OutOfRange("more than 24 integer digits")
    if power >= 0:
        scaled: int = digits * 10**power
    else:
        scaled, rest = divmod(digits, 10**-power)
        if rest:
            raise OutOfRange("more than 12 fractional digits")
    if scaled >= LIMIT:
        raise OutOfRange("more than 24 integer digits")
    return -scaled if sign else scaled


def _bounded_exponent(text: str | None) -> int:
    """The exponent, cut where only the verdict (out of range) depends on it."""
    if text is None:
        return 0
    bound = 2 * _MAX_TEXT
    if len(text.lstrip("+-0")) > len(str(bound)):
        return -bound if text.startswith("-") else bound
    return max(-bound, min(bound, int(text)))


def representable(number: int) -> bool:
    """Whether a number (units of 10^-12) has at most 24 integer digits."""
    return -LIMIT < number < LIMIT


def to_bytes(number: int) -> bytes:
    """Avro's decimal: two's complement, big-endian, shortest form."""
    magnitude = number if number >= 0 else ~number
    return number.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True)


def from_bytes(data: bytes) -> int:
    """The inverse of :func:`to_bytes`; longer forms of the same number are read too.

    Raises:
        NotANumber: there are no bytes (that is not zero).
    """
    if not data:
        raise NotANumber("a decimal without bytes")
    return int.from_bytes(data, "big", signed=True)


def to_text(number: int) -> str:
    """Plain decimal text without trailing zeros, such as ``-0.5``; never in exponent form."""
    whole, fraction = divmod(abs(number), ONE)
    digits = f"{fraction:0{SCALE}d}".rstrip("0")
    return f"{'-' if number < 0 else ''}{whole}{'.' + digits if digits else ''}"
