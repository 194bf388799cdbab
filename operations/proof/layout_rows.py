"""What a receiver's layouts show, in views and customers' tables, beside the Python reading of the same layouts.

A layout's rows have no key of ours: they are compared as a whole, each as often as it is there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from operations.proof.piles import Piles, side_by_side
from operations.proof.rows import READERS, Reader, Version, by_column, decode, encode, recurring
from operations.proof.whole_keys import WholeKeys, whole_keys
from schemas import exact
from schemas.events import MeterValue
from sinks.database import Database
from sinks.layouts import Layout
from sinks.layouts.columns import Kind
from sinks.layouts.reading import Delivered, LayoutReader
from sinks.points.points import Points
from sinks.projections.settled import put_there


@dataclass(frozen=True)
class LayoutVerdict:
    """Of one layout in one place: its view, or the customer's table that it goes into.

    ``missing``: rows that should stand there and do not; ``extra``: that should not.
    ``first``: some of them, column by column: a missing one with a minus before it, an extra one with a plus.
    """

    layout: str
    view: str
    equal: int
    missing: int
    extra: int
    first: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether it is not as it should be."""
        return self.missing + self.extra > 0


class LayoutReading:
    """One layout: what its view shows, and its table, and what they should of the rows that the receiver holds."""

    def __init__(self, layout: Layout, points: Points, folder: Path) -> None:
        """``folder``: where the rows lie meanwhile."""
        self._layout = layout
        self._reader = LayoutReader(layout, points, lambda moment: moment.isoformat())
        self._expected = Piles(folder / f"{layout.view}-expected")
        self._found = {layout.view: Piles(folder / f"{layout.view}-found")}
        if layout.into is not None:
            self._found[layout.into] = Piles(folder / f"{layout.view}-table")

    def take(self, database: Database) -> None:
        """Reads the view and the table, within a snapshot.

        Raises:
            Transient: the database cannot be used now, or one of them is not there.
        """
        queries = {self._layout.view: f"SELECT * FROM {self._layout.view}"}  # noqa: S608 - a checked name
        for where, piles in self._found.items():
            query = queries.get(where) or put_there(self._layout, database.dialect)
            readers = [_READERS[kind]() for kind in self._layout.kinds]
            piles.add(map(encode, by_column(database.rows(query), readers)))

    def expect(self, values: Iterable[Delivered]) -> None:
        """It should show these, too. All values of a key and period must be among them."""
        self._expected.add(encode(row.cells) for row in self._reader.read(values).shown)

    def judge(self, most: int) -> Iterator[LayoutVerdict]:
        """Compares each with what it should show. ``most``: so many differences are kept."""
        return (self._judged(where, piles, most) for where, piles in self._found.items())

    def _judged(self, where: str, found: Piles, most: int) -> LayoutVerdict:
        equal, missing, extra = 0, 0, 0
        first: list[str] = []
        for pile in side_by_side(self._expected, found):
            equal, missing, extra = equal + pile.equal, missing + len(pile.missing), extra + len(pile.extra)
            for sign, rows in (("- ", pile.missing), ("+ ", pile.extra)):
                first += [sign + self._told(row) for row in rows[: most - len(first)]]
        return LayoutVerdict(self._layout.name, where, equal, missing, extra, tuple(first))

    def _told(self, row: bytes) -> str:
        texts = (exact.to_text(cell) if isinstance(cell, int) else str(cell) for cell in decode(row))
        return ", ".join(f"{name}={text}" for name, text in zip(self._layout.columns, texts, strict=True))

    def close(self) -> None:
        """Lets go of the rows."""
        self._expected.close()
        for piles in self._found.values():
            piles.close()


class LayoutReadings:
    """Those of some layouts, told what a receiver holds."""

    def __init__(self, each: Sequence[LayoutReading], whole: WholeKeys) -> None:
        """``whole``: of the receiver's points."""
        self._each = each
        self._whole = whole

    def take(self, database: Database) -> None:
        """Reads the views, within a snapshot.

        Raises:
            Transient: the database cannot be used now, or a view is not there.
        """
        for reading in self._each:
            reading.take(database)

    def look(self, rows: Sequence[Version]) -> None:
        """All rows of a metering point, with every column."""
        self._expect(self._whole.of_point(rows))

    def judge(self, most: int) -> tuple[LayoutVerdict, ...]:
        """Once all rows have been looked at; ``most``: so many differences of each are kept."""
        for values in self._whole.rest():
            self._expect(values)
        return tuple(verdict for reading in self._each for verdict in reading.judge(most))

    def _expect(self, values: Sequence[Delivered]) -> None:
        for reading in self._each:
            reading.expect(values)


@contextmanager
def reading(layouts: Sequence[Layout], points: Points) -> Iterator[LayoutReadings]:
    """Those of some layouts; their rows are gone at the end."""
    with (
        TemporaryDirectory(prefix="meterstream-") as folder,
        whole_keys(points, _delivered) as whole,
        ExitStack() as stack,
    ):
        each = [stack.enter_context(closing(LayoutReading(layout, points, Path(folder)))) for layout in layouts]
        yield LayoutReadings(each, whole)


def _delivered(fields: Sequence[Any]) -> Delivered:
    *value, delivered_at = fields
    return Delivered(MeterValue(*value), delivered_at)


def _timestamp(raw: Any) -> str:
    moment = datetime.fromisoformat(raw) if isinstance(raw, str) else raw
    return str(moment.replace(tzinfo=None).isoformat())  # a column with a zone is given in UTC, in which it is shown


def _date(raw: Any) -> str:
    return (date.fromisoformat(raw) if isinstance(raw, str) else raw).isoformat()


_READERS: Mapping[Kind, Callable[[], Reader]] = {
    "number": lambda: READERS["number"],
    "timestamp": lambda: recurring(_timestamp),
    "date": lambda: recurring(_date),
    "text": lambda: READERS["text"],
}
"""What reads the cells that a database's client gives, in the form of the reading in Python."""
