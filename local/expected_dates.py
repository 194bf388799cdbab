"""Dates for the independent fold: what a ReadingDate means, and which period a reading closes."""

import re
from datetime import datetime, timedelta

_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6})0*)?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)


def local_time(text: str, stamp: str, offset: timedelta) -> datetime:
    """A ReadingDate as wall time of the source's zone (naive); with last-day, the midnight of its date."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"not a reading date: {text}")
    day, hour, minute, second, fraction, zone = match.groups()
    micros = int((fraction or "").ljust(6, "0"))
    time = timedelta(hours=int(hour or 0), minutes=int(minute or 0), seconds=int(second or 0), microseconds=micros)
    date = datetime.fromisoformat(day)
    if zone is None:
        return date if stamp == "last-day" else date + time
    moment = date + time - _zone(zone) + offset
    return _midnight(moment) if stamp == "last-day" else moment


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _zone(text: str) -> timedelta:
    if text == "Z":
        return timedelta()
    size = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return -size if text[0] == "-" else size


def period(local: datetime, granularity: str, stamp: str) -> tuple[datetime, datetime]:
    """The period that a reading closes, in wall time: the cell of the grid that holds the date.

    With `end` the cell that holds the last microsecond before it.
    """
    inside = local - timedelta(microseconds=1) if stamp == "end" else local
    day = _midnight(inside)
    if granularity == "month":
        first = day.replace(day=1)
        return first, (first + timedelta(days=31)).replace(day=1)
    if granularity == "day":
        return day, day + timedelta(days=1)
    length = timedelta(hours=1) if granularity == "hour" else timedelta(minutes=15)
    start = day + (inside - day) // length * length
    return start, start + length
