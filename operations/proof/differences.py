"""What differs between two sets of rows: counted by kind and field, the first ones spelled out."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any, Literal

from operations.proof.rows import KINDS, NAMES, PLACE, Key, Version, told

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

    @cached_property
    def _compared(self) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
        """Of a row's fields those that are."""
        return itemgetter(*(PLACE[name] for name in self.names))

    def differing(self, expected: Version, found: Version) -> Fields:
        """The fields that differ."""
        one, other = expected.fields, found.fields
        if self._compared(one) == self._compared(other):
            return {}
        pairs = ((name, one[PLACE[name]], other[PLACE[name]]) for name in self.names)
        return {name: (told(name, a), told(name, b)) for name, a, b in pairs if a != b and not self._near(name, a, b)}

    def _near(self, name: str, a: Any, b: Any) -> bool:
        return KINDS[name] == "number" and isinstance(a, int) and isinstance(b, int) and abs(a - b) <= self.tolerance


def paired(expected: Iterable[Version], found: Iterable[Version]) -> Iterator[tuple[Version | None, Version | None]]:
    """The rows of two sides by key, both sorted by it; None where a side has none."""
    left, right = iter(expected), iter(found)
    one, other = next(left, None), next(right, None)
    while one is not None and other is not None:
        if one.key == other.key:
            yield one, other
            one, other = next(left, None), next(right, None)
        elif one.key < other.key:
            yield one, None
            one = next(left, None)
        else:
            yield None, other
            other = next(right, None)
    while one is not None:
        yield one, None
        one = next(left, None)
    while other is not None:
        yield None, other
        other = next(right, None)


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
        if one is not None and other is not None:
            if fields := measure.differing(one, other):
                differences.add("different", one.key, fields)
            else:
                differences.equal += 1
        elif one is not None:
            differences.add("missing", one.key, {})
        elif other is not None and unknown(other):
            passed += 1
        elif other is not None:
            differences.add("extra", other.key, {})
    return passed
