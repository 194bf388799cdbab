"""Reading dates as they are written: which forms are read, and what they say. No zone is applied here."""

import re
from dataclasses import dataclass
from datetime import date

from runtime.errors import Poison
from schemas.instants import DAY, HOUR, MINUTE, SECOND
from schemas.reasons import Reason

_FORM = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?"
    r"(?:(Z)|([+-])([01][0-9]|2[0-3]):?([0-5][0-9]))?)?"
)
_EPOCH = date(1970, 1, 1).toordinal()
_YEARS = range(1970, 2200)
_MICROSECOND_DIGITS = 6


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date as written.

    ``day``: days since 1970-01-01; ``time``: microseconds of the day, a whole day for 24:00; ``offset``: microseconds
    east of UTC, None where none is written.
    """

    day: int
    time: int
    offset: int | None


def parse(text: str) -> WrittenDate:
    """Reads a date: YYYY-MM-DD, alone or with T or a space and hh:mm[:ss[.fraction]] and Z, ±hh:mm or ±hhmm.

    Raises:
        Poison: bad_date – any other form, a day or time that is not, a year outside 1970–2199, or digits other than
            zero beyond microseconds.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise _bad("it has none of the forms that are read")
    year, month, day, hour, minute, second, fraction, zulu, sign, hours, minutes = match.groups()
    if int(year) not in _YEARS:
        raise _bad("its year is outside 1970-2199")
    try:
        number = date(int(year), int(month), int(day)).toordinal() - _EPOCH
    except ValueError:
        raise _bad("there is no such day") from None
    offset = 0 if zulu else None
    if sign:
        offset = int(hours) * HOUR + int(minutes) * MINUTE
        offset = -offset if sign == "-" else offset
    return WrittenDate(number, _time(int(hour or 0), int(minute or 0), int(second or 0), fraction or ""), offset)


def _time(hour: int, minute: int, second: int, fraction: str) -> int:
    if fraction[_MICROSECOND_DIGITS:].strip("0"):
        raise _bad("it has digits beyond microseconds")
    micros = int(fraction[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, "0"))
    time = hour * HOUR + minute * MINUTE + second * SECOND + micros
    if minute > 59 or second > 59 or time > DAY or hour > 24:
        raise _bad("there is no such time")
    return time


def _bad(what: str) -> Poison:
    return Poison(Reason.BAD_DATE, f"the reading date cannot be read: {what}")
