"""One line of a list of points: what a receiver is given, under which key, and when."""

from dataclasses import asdict, dataclass, field, fields
from datetime import date

from schemas.events import Granularity, SeriesKind

Key = tuple[str, str, str, date]


@dataclass(frozen=True, slots=True)
class Line:
    """A metering point as a list or a points file has it; an empty text means every one, or none given.

    ``number``: of the line in its file, from 1 (of a TOML file: the entry). ``valid_to`` is excluded.
    """

    number: int = field(compare=False)
    metering_point: str
    category: str = ""
    receiver_key: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    granularity: Granularity | None = None
    kind: SeriesKind | None = None
    facility_id: str = ""

    @property
    def key(self) -> Key:
        """What makes it another line than the others: point, category, granularity and beginning."""
        return self.metering_point, self.category, self.granularity or "", self.valid_from or date.min

    def cells(self) -> dict[str, str]:
        """Its columns as texts, in order."""
        return {name: "" if value is None else str(value) for name, value in asdict(self).items() if name in COLUMNS}

    @property
    def described(self) -> str:
        """The point with what narrows it: ``735… EL-EXT hour``."""
        return " ".join(filter(None, (self.metering_point, self.category, self.granularity)))

    def wants(self, category: str, granularity: str) -> bool:
        """Whether a series of its point is meant by it."""
        return self.category in ("", category) and self.granularity in (None, granularity)

    def meets(self, other: "Line") -> bool:
        """Whether one value of one point could belong to both, were it of either's point."""
        return (
            _compatible(self.category, other.category)
            and _compatible(self.granularity, other.granularity)
            and self.coincides(other)
        )

    def coincides(self, other: "Line") -> bool:
        """Whether there is a day on which both are valid."""
        begin = max(self.valid_from or date.min, other.valid_from or date.min)
        end = min(self.valid_to or date.max, other.valid_to or date.max)
        return begin < end


COLUMNS = tuple(each.name for each in fields(Line))[1:]
"""Of a points file, in its order."""


def _compatible(one: str | None, other: str | None) -> bool:
    return not one or not other or one == other
