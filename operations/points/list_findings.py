"""What is wrong or doubtful in a list of points by itself."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from operations.points.finding import Finding, problem, warning
from operations.points.line import Line
from producer.gsrn import check_digit_is_wrong

KEPT_DIGITS = 15
"""Of a number, by a spreadsheet; the digits behind become zeros."""


@dataclass(frozen=True)
class Rules:
    """What a receiver asks of its points.

    Attributes:
        max_keys: by layout that is keyed by receiver_key, the longest one that it takes; None: any.
        today: the day that it is.
    """

    max_keys: Mapping[str, int | None]
    today: date

    @property
    def keys_wanted(self) -> bool:
        """Whether something it finds is keyed by receiver_key."""
        return bool(self.max_keys)


def findings(lines: Sequence[Line], rules: Rules) -> Iterator[Finding]:
    """Everything, check by check."""
    yield from _overlapping(lines)
    yield from _key_twice(lines)
    for line in lines:
        yield from _of_line(line, rules)


def _of_line(line: Line, rules: Rules) -> Iterator[Finding]:
    if check_digit_is_wrong(line.metering_point):
        rounded = line.metering_point[KEPT_DIGITS:] == "000"
        hint = "; a spreadsheet may have rounded it: export the column as text" if rounded else ""
        do = f"compare it with the utility's list{hint}"
        yield warning("check digit", line.number, f"{line.metering_point}: the check digit is wrong", do)
    if line.valid_to and line.valid_to <= rules.today:
        what = f"{line.described}: ended on {line.valid_to} (valid_to)"
        yield warning("ended", line.number, what, "nothing, if its older values are wanted; else remove the line")
    if rules.keys_wanted and not line.receiver_key:
        what = f"{line.described}: no receiver key"
        yield warning("no key", line.number, what, "the layouts show nothing of it until it has one")
    for layout, most in rules.max_keys.items():
        if most is not None and len(line.receiver_key) > most:
            what = f"receiver key of {len(line.receiver_key)} characters"
            yield problem("key too long", line.number, what, f"layout {layout} takes {most}: shorten it")


def _overlapping(lines: Iterable[Line]) -> Iterator[Finding]:
    """Lines of one point that the same value could belong to."""
    by_point: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        before = by_point[line.metering_point]
        other = next((each for each in before if each.meets(line)), None)
        if other is not None:
            yield _same(line, other)
        before.append(line)


def _same(line: Line, other: Line) -> Finding:
    if line == other:
        return problem("duplicate", line.number, f"{line.described}: the same as line {other.number}", "remove one")
    what = f"{line.described}: the same values could belong to line {other.number} ({other.described})"
    return problem("overlap", line.number, what, "set valid_from, valid_to, category or granularity apart")


def _key_twice(lines: Iterable[Line]) -> Iterator[Finding]:
    """Lines of different points under one key at one time."""
    by_key: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if not line.receiver_key:
            continue
        before = by_key[line.receiver_key]
        other = next((each for each in before if _collide(each, line)), None)
        if other is not None:
            what = f"receiver key {line.receiver_key}: line {other.number} has it too, at the same time"
            yield problem("key twice", line.number, what, "give each its own, or set valid_from and valid_to apart")
        before.append(line)


def _collide(one: Line, other: Line) -> bool:
    """Two lines that overlap by themselves are told so already."""
    same = one.metering_point == other.metering_point and one.meets(other)
    granularities = {one.granularity, other.granularity}
    return not same and (None in granularities or len(granularities) == 1) and one.coincides(other)
