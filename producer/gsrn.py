"""GSRN: the 18-digit number of a metering point, with a check digit."""

_DIGITS = 18


def check_digit_is_wrong(metering_point: str) -> bool:
    """Whether it looks like a GSRN (18 digits) whose last digit is not its check digit. Others are not judged."""
    if len(metering_point) != _DIGITS or not (metering_point.isascii() and metering_point.isdigit()):
        return False
    body = metering_point[:-1]
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return (10 - total % 10) % 10 != int(metering_point[-1])
