"""What is wrong or doubtful in a list of points beside what the feed carries."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from operations.points.carried import Carried, Feed
from operations.points.finding import Finding, problem, warning
from operations.points.line import Line
from schemas import instants
from schemas.events import Granularity


@dataclass(frozen=True)
class Polled:
    """Which points the sources of these settings ask the utility for.

    ``by_point``: the granularities of the sources that have a point; ``known``: whether every one could be asked.
    """

    by_point: Mapping[str, frozenset[Granularity]]
    known: bool


@dataclass(frozen=True)
class Beside:
    """What a list is held against. ``quiet_days``: a series without a reading for longer has probably ended.

    ``others``: the lists of the other receivers, by name.
    """

    feed: Feed
    polled: Polled
    others: Mapping[str, Sequence[Line]]
    now: int
    quiet_days: int


def findings(lines: Sequence[Line], beside: Beside) -> Iterator[Finding]:
    """Everything, line by line; then what the list does not have."""
    for line in lines:
        series = beside.feed.by_point.get(line.metering_point, [])
        meant = [each for each in series if line.wants(each.category, each.granularity)]
        if not series:
            yield _unknown(line, beside.polled)
        elif not meant:
            yield _no_such_series(line, series, beside.polled)
        else:
            yield from _of_series(line, meant, beside)
    yield from _unmapped(lines, beside)


def _unknown(line: Line, polled: Polled) -> Finding:
    what = f"{line.metering_point}: the feed does not carry it"
    if line.metering_point in polled.by_point:
        return warning("not yet", line.number, f"{what} yet", "it is polled; wait for its first values")
    if not polled.known:
        do = "correct it, or have it polled (the points of the sources are not on this machine)"
        return warning("unknown", line.number, what, do)
    return problem("unknown", line.number, f"{what}, and no source polls it", "correct it, or add it to a source first")


def _no_such_series(line: Line, series: Sequence[Carried], polled: Polled) -> Finding:
    there = ", ".join(sorted({f"{each.category} {each.granularity}" for each in series}))
    what = f"{line.described}: the feed carries {there} of this point"
    awaited = line.granularity in polled.by_point.get(line.metering_point, ())
    if awaited and line.granularity not in {each.granularity for each in series}:
        return warning("not yet", line.number, what, f"its {line.granularity}s are polled; wait for them")
    return problem("no such series", line.number, what, "correct category or granularity, or leave them empty")


def _of_series(line: Line, meant: Sequence[Carried], beside: Beside) -> Iterator[Finding]:
    if line.kind == "register" and all(each.kind == "volume" for each in meant):
        what = f"{line.described}: a register position is wanted, the utility sends volumes"
        yield problem("no position", line.number, what, "set kind to volume, in the receiving system too")
    last = max(each.last for each in meant)
    ended = line.valid_to is not None and instants.to_datetime(beside.now).date() >= line.valid_to
    if not ended and last < beside.now - beside.quiet_days * instants.DAY:
        what = f"{line.described}: no reading since {day(last)}"
        yield warning("ended", line.number, what, "ask the utility; where it has ended, set valid_to")


def _unmapped(lines: Sequence[Line], beside: Beside) -> Iterator[Finding]:
    """Series that the list does not have; those that nobody has are told apart."""
    own = by_point(lines)
    others = {name: by_point(some) for name, some in beside.others.items()}
    for series in beside.feed.series():
        if has(own, series):
            continue
        who = [name for name, some in others.items() if has(some, series)]
        whose = f"{', '.join(who)} has it" if who else "no other receiver has it either"
        what = f"{series.metering_point} {series.category} {series.granularity}: in the feed, not in this list; {whose}"
        yield warning("unmapped", None, what, "nothing, or add it")


def by_point(lines: Sequence[Line]) -> Mapping[str, Sequence[Line]]:
    """The lines of each metering point."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line.metering_point, []).append(line)
    return found


def has(lines: Mapping[str, Sequence[Line]], series: Carried) -> bool:
    """Whether any line means a series, whenever."""
    return any(line.wants(series.category, series.granularity) for line in lines.get(series.metering_point, ()))


def day(instant: int) -> str:
    """The date of an instant, in UTC."""
    return str(instants.to_datetime(instant).date())
