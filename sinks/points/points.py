"""The points of a receiver: which values it is given, and under which keys it knows them. Pure."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from typing import NamedTuple

OPEN_FROM = -2_208_988_800_000_000
"""1900-01-01: no period begins earlier."""
OPEN_TO = 253_402_214_400_000_000
"""9999-12-31: no reading is as late."""
EVERY = ""
"""Instead of a category or a granularity: every one."""


class Period(NamedTuple):
    """What of a value, besides point and category, decides whether a receiver is given it."""

    granularity: str
    begin: int
    end: int


@dataclass(frozen=True)
class Point:
    """One line of a receiver's points: some values of a metering point, and what they are to the receiver.

    Attributes:
        metering_point: as the utility writes it.
        category: the delivery category; :data:`EVERY`: all of the point's.
        granularity: month, day, hour, quarter; :data:`EVERY`: all.
        valid_from: instant; a value belongs here whose period begins then or later …
        valid_to: … and ends then or earlier.
        receiver_key: under which the receiver knows it (importnyckel, item key).
        kind: register or volume: what the receiver's meter is configured for; None: what the series is.
        facility_id: the facility on whose invoice the feed is paid.
    """

    metering_point: str
    category: str = EVERY
    granularity: str = EVERY
    valid_from: int = OPEN_FROM
    valid_to: int = OPEN_TO
    receiver_key: str | None = None
    kind: str | None = None
    facility_id: str | None = None

    @property
    def whenever(self) -> bool:
        """Whether it takes values of its category whatever their period."""
        return (self.granularity, self.valid_from, self.valid_to) == (EVERY, OPEN_FROM, OPEN_TO)

    @property
    def matched(self) -> tuple[str, str, str, int]:
        """What it is told from others by: the primary key in the receiver's database."""
        return self.metering_point, self.category, self.granularity, self.valid_from

    def takes(self, period: Period) -> bool:
        """Whether a value of its point and category belongs to it."""
        return (
            self.granularity in (EVERY, period.granularity)
            and self.valid_from <= period.begin
            and period.end <= self.valid_to
        )

    def overlaps(self, other: "Point") -> bool:
        """Whether a value could belong to both."""
        return (
            self.metering_point == other.metering_point
            and (self.category == other.category or EVERY in (self.category, other.category))
            and (self.granularity == other.granularity or EVERY in (self.granularity, other.granularity))
            and self.valid_from < other.valid_to
            and other.valid_from < self.valid_to
        )


class Points:
    """What a receiver is given."""

    def __init__(self, points: Iterable[Point]) -> None:
        """``points``: of which no two overlap."""
        self._by_point: dict[str, list[Point]] = {}
        for point in points:
            self._by_point.setdefault(point.metering_point, []).append(point)

    def __iter__(self) -> Iterator[Point]:
        """In the order of their keys."""
        return iter(sorted((point for some in self._by_point.values() for point in some), key=lambda p: p.matched))

    def of(self, metering_point: str, category: str) -> tuple[Point, ...]:
        """Those to which values of this point and category may belong."""
        return tuple(p for p in self._by_point.get(metering_point, ()) if p.category in (EVERY, category))

    @property
    def whenever(self) -> bool:
        """Whether no period matters to any of them."""
        return all(point.whenever for some in self._by_point.values() for point in some)

    @property
    def fingerprint(self) -> str:
        """Equal exactly for equal points, however the file is ordered."""
        digest = hashlib.blake2b(digest_size=16)
        for point in self:
            digest.update("".join(f"{len(str(field))}:{field};" for field in astuple(point)).encode())
        return digest.hexdigest()
