"""The verdict: what a receiver's database holds beside what the utility's ledger leads to, row by row."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields

from local.expected import ExpectedRow

SHOWN = 5
"""Differences that are spelled out; the rest is counted."""


@dataclass(frozen=True)
class Verdict:
    """The comparison of one receiver.

    Attributes:
        receiver: Its name, or that of another table.
        expected: Rows that the ledger leads to.
        found: Rows that are there.
        missing: Rows that are not there as they should be.
        unexpected: Rows that are there and should not be so.
        lost: Identities that are not there at all.
        doubled: Rows beyond the first of an identity.
        wrong: Identities of which a row is there, but another than the ledger leads to.
        differences: The first ones, in words.
    """

    receiver: str
    expected: int
    found: int
    missing: int
    unexpected: int
    lost: int
    doubled: int
    wrong: int
    differences: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether the tables are the same multiset of rows, and not empty by mistake."""
        return self.missing == 0 and self.unexpected == 0 and self.expected > 0


def compare(receiver: str, expected: Iterable[ExpectedRow], found: Iterable[ExpectedRow]) -> Verdict:
    """Compares two multisets of rows, every column."""
    wanted, present = Counter(expected), Counter(found)
    missing, unexpected = wanted - present, present - wanted
    here = Counter(_identity(row) for row in present.elements())
    return Verdict(
        receiver=receiver,
        expected=wanted.total(),
        found=present.total(),
        missing=missing.total(),
        unexpected=unexpected.total(),
        lost=len({_identity(row) for row in missing} - here.keys()),
        doubled=sum(count - 1 for count in here.values()),
        wrong=len({_identity(row) for row in unexpected if not wanted[row]}),
        differences=tuple(_differences(missing, unexpected)),
    )


def _differences(missing: Counter[ExpectedRow], unexpected: Counter[ExpectedRow]) -> list[str]:
    by_identity = {_identity(row): row for row in unexpected}
    lines = []
    for row in sorted(missing, key=_identity)[:SHOWN]:
        other = by_identity.get(_identity(row))
        lines.append(f"{_place(row)}: " + ("is missing" if other is None else _columns(row, other)))
    wanted = {_identity(row) for row in missing}
    extra = [row for row in sorted(unexpected, key=_identity) if _identity(row) not in wanted]
    return lines + [f"{_place(row)}: is there, but the ledger does not lead to it" for row in extra[:SHOWN]]


def _identity(row: ExpectedRow) -> tuple[object, ...]:
    return row.source, row.metering_point, row.delivery_category, row.reading_at


def _place(row: ExpectedRow) -> str:
    return f"{row.source} {row.metering_point} {row.delivery_category} {row.reading_at.isoformat()}"


def _columns(expected: ExpectedRow, found: ExpectedRow) -> str:
    pairs = ((field.name, getattr(expected, field.name), getattr(found, field.name)) for field in fields(expected))
    return ", ".join(f"{name} is {got}, not {want}" for name, want, got in pairs if want != got)
