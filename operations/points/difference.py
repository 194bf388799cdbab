"""What an import changes in the present points file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from operations.points.line import COLUMNS, Key, Line


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the points file that is new, changed or removed; ``what``: what is changed in it."""

    kind: Literal["new", "changed", "removed"]
    line: Line
    what: str = ""


@dataclass(frozen=True)
class Difference:
    """The changes, and how many lines stay as they are."""

    changes: tuple[Change, ...]
    unchanged: int

    def count(self, kind: str) -> int:
        """How many changes of a kind."""
        return sum(change.kind == kind for change in self.changes)


def difference(present: Sequence[Line], wanted: Sequence[Line]) -> Difference:
    """What makes of the present lines the wanted ones, in the order of these; what is removed, last."""
    before = {line.key: line for line in present}
    changes = tuple(_changes(before, wanted))
    return Difference(changes, len({line.key for line in wanted} & before.keys()) - _changed(changes))


def _changes(before: Mapping[Key, Line], wanted: Sequence[Line]) -> Iterator[Change]:
    for line in wanted:
        known = before.get(line.key)
        if known is None:
            yield Change("new", line)
        elif known != line:
            yield Change("changed", line, _what(known, line))
    kept = {line.key for line in wanted}
    yield from (Change("removed", line) for key, line in before.items() if key not in kept)


def _what(known: Line, line: Line) -> str:
    old, new = known.cells(), line.cells()
    return ", ".join(f"{name}: {old[name] or '–'} → {new[name] or '–'}" for name in COLUMNS if old[name] != new[name])


def _changed(changes: Sequence[Change]) -> int:
    return sum(change.kind == "changed" for change in changes)
