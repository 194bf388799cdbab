"""What differs between two sets of rows: counted by kind and field, the first ones spelled out."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from operations.proof.rows import KINDS, NAMES, PLACE, Key, Version, decode, told

Kind = Literal["missing", "extra", "different"]
"""Not found though expected; found though not expected; found otherwise than expected."""
Fields = Mapping[str, tuple[str | None, str | None]]


@dataclass(frozen=True)
class Difference:
    """One row. ``fields``: those that differ, as (expected, found), for a person."""

    kind: Kind
    metering_point: str
    source: str
    delivery_category: str
    reading_at: str | None
    fields: Fields


@dataclass
class Differences:
    """All of them. ``most``: how many are kept whole."""

    most: int = 20
    equal: int = 0
    kinds: Counter[Kind] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    first: list[Difference] = field(default_factory=list)

    def add(self, kind: Kind, key: Key, fields: Fields) -> None:
        """One more."""
        self.kinds[kind] += 1
        self.fields.update(fields.keys())
        if len(self.first) < self.most:
            point, source, category, reading_at = key
            self.first.append(Difference(kind, point, source, category, told("reading_at", reading_at), fields))

    @property
    def count(self) -> int:
        """Rows that differ in any way."""
        return self.kinds.total()


@dataclass(frozen=True)
class Measure:
    """How rows are compared: which fields, and by how much (units of 10^-12) a number may be off."""

    names: Collection[str] = NAMES
    tolerance: int = 0

    def differing(self, expected: Version, found: Version) -> Fields:
        """The fields that differ."""
        if expected.content == found.content:
            return {}
        one, other = decode(expected.content), decode(found.content)
        pairs = ((name, one[PLACE[name]], other[PLACE[name]]) for name in self.names)
        return {name: (told(name, a), told(name, b)) for name, a, b in pairs if a != b and not self._near(name, a, b)}

    def _near(self, name: str, a: Any, b: Any) -> bool:
        return KINDS[name] == "number" and isinstance(a, int) and isinstance(b, int) and abs(a - b) <= self.tolerance


def paired(expected: Iterable[Version], found: Iterable[Version]) -> Iterator[tuple[Version | None, Version | None]]:
    """The rows of two sides by key, both sorted by it; None where a side has none."""
    left, right = iter(expected), iter(found)
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        first, second = _step(one, other)
        yield first, second
        one = next(left, None) if first is not None else one
        other = next(right, None) if second is not None else other


def _step(one: Version | None, other: Version | None) -> tuple[Version | None, Version | None]:
    """Of the next row on each side those with the lowest key."""
    if other is None or (one is not None and one.key < other.key):
        return one, None
    if one is None or other.key < one.key:
        return None, other
    return one, other


def compare(
    expected: Iterable[Version],
    found: Iterable[Version],
    differences: Differences,
    measure: Measure,
    unknown: Callable[[Version], bool] = lambda row: False,
) -> int:
    """Compares two sides, sorted by key.

    Args:
        expected: what should be there.
        found: what is there.
        differences: what differs is added to them.
        measure: how to compare.
        unknown: whether a row that is found beyond what is expected is nobody's business.

    Returns:
        How many such rows there are.
    """
    passed = 0
    for one, other in paired(expected, found):
        if one is None and other is not None:
            if unknown(other):
                passed += 1
            else:
                differences.add("extra", other.key, {})
        elif one is not None and other is None:
            differences.add("missing", one.key, {})
        elif one is not None and other is not None:
            if fields := measure.differing(one, other):
                differences.add("different", one.key, fields)
            else:
                differences.equal += 1
    return passed
