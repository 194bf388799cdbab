"""What the views of a receiver's layouts show, beside the Python reading of the same layouts.

A layout's rows have no key of ours: they are compared as a whole, each as often as it is there.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from operations.proof.differences import paired
from operations.proof.held_rows import fill
from operations.proof.rows import Version, decode, encode, number, read_back
from operations.proof.sorted_rows import SortedRows
from schemas import exact
from schemas.events import MeterValue
from sinks.columns import NAMES, VIEW, select
from sinks.database import Database
from sinks.layouts import Layout
from sinks.layouts.cells import Cell
from sinks.layouts.columns import Kind
from sinks.layouts.reading import Delivered, rows
from sinks.points.points import Period, Points

_FIELDS = {name: place for place, name in enumerate(NAMES)}


@dataclass(frozen=True)
class LayoutVerdict:
    """Of one layout. ``missing``: rows that its view should show and does not; ``extra``: that it should not.

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
        """Whether the view is not as it should be."""
        return self.missing + self.extra > 0


class LayoutReading:
    """One layout: what its view shows, and the rows that the receiver holds, read in one snapshot and judged later."""

    def __init__(self, layout: Layout, points: Points, folder: Path) -> None:
        """``folder``: where the rows lie meanwhile."""
        self._layout = layout
        self._points = points
        self._held, self._expected, self._found = (
            SortedRows(folder / f"{layout.view}-{part}") for part in ("held", "expected", "found")
        )

    def take(self, database: Database) -> None:
        """Reads both, within a snapshot; nothing is worked out here, so that it does not stand idle.

        Raises:
            Transient: the database cannot be used now, or the view is not there.
        """
        layout, place = self._layout, _place_of(self._layout, self._points)
        whole = read_back(database.rows(select(VIEW, NAMES)), NAMES)
        fill(self._held, (Version((place(fields), "", "", 0), 0, encode(fields)) for fields in whole))
        shown = database.rows(f"SELECT * FROM {layout.view}")  # noqa: S608 - a checked name
        fill(self._found, (_version([_cell(*pair) for pair in zip(layout.kinds, row, strict=True)]) for row in shown))

    def judge(self, most: int) -> LayoutVerdict:
        """Compares the view with what the layout says of the rows. ``most``: so many differences are kept."""
        fill(self._expected, map(_version, _expected(self._held, self._layout, self._points)))
        return _judged(self._layout, paired(self._expected, self._found), most)

    def close(self) -> None:
        """Lets go of the rows."""
        for rows_ in (self._held, self._expected, self._found):
            rows_.close()


@contextmanager
def reading(layouts: Sequence[Layout], points: Points) -> Iterator[list[LayoutReading]]:
    """Those of some layouts; their rows are gone at the end."""
    with TemporaryDirectory(prefix="meterstream-") as folder, ExitStack() as stack:
        yield [stack.enter_context(closing(LayoutReading(layout, points, Path(folder)))) for layout in layouts]


def _expected(held: Iterable[Version], layout: Layout, points: Points) -> Iterator[list[Any]]:
    """All values of a key stand together, as the reading wants them."""
    for _, of_one in groupby(held, key=lambda row: row.key):
        values = [_delivered(decode(row.content)) for row in of_one]
        for shown in rows(layout, values, points).shown:
            yield [_plain(cell) for cell in shown.cells]


def _delivered(fields: list[Any]) -> Delivered:
    return Delivered(MeterValue(*fields[:-1]), fields[-1])


def _place_of(layout: Layout, points: Points) -> Callable[[list[Any]], str]:
    """The key under which a row stands in the view; the series where that is it."""
    names = ("metering_point", "delivery_category", "granularity", "period_start", "period_end")

    def receiver_key(fields: list[Any]) -> str:
        point, category, *period = (fields[_FIELDS[name]] for name in names)
        lines = points.of(point, category)
        return next((line.receiver_key or "" for line in lines if line.takes(Period(*period))), "")

    def series(fields: list[Any]) -> str:
        return encode(fields[:3]).decode()

    return receiver_key if layout.file.key == "receiver_key" else series


def _version(cells: list[Any]) -> Version:
    content = encode(cells)
    return Version(("", "", content.decode(), 0), 0, content)


def _plain(cell: Cell) -> Any:
    return cell.isoformat() if isinstance(cell, date | datetime) else cell


def _cell(kind: Kind, raw: Any) -> Any:
    """What a database's client gives for a cell, in the reading's form."""
    if raw is None:
        return None
    match kind:
        case "number":
            return number(raw)
        case "timestamp":
            return (datetime.fromisoformat(raw) if isinstance(raw, str) else raw).isoformat()
        case "date":
            return (date.fromisoformat(raw) if isinstance(raw, str) else raw).isoformat()
    return str(raw)


def _judged(layout: Layout, pairs: Iterator[tuple[Version | None, Version | None]], most: int) -> LayoutVerdict:
    counts = {"equal": 0, "missing": 0, "extra": 0}
    first: list[str] = []
    for one, other in pairs:
        kind = "equal" if one and other else "missing" if one else "extra"
        counts[kind] += 1
        row = one or other
        if kind != "equal" and row is not None and len(first) < most:
            first.append(("- " if one else "+ ") + _told(layout, decode(row.content)))
    return LayoutVerdict(layout.name, layout.view, **counts, first=tuple(first))


def _told(layout: Layout, cells: list[Any]) -> str:
    texts = (exact.to_text(cell) if isinstance(cell, int) else str(cell) for cell in cells)
    return ", ".join(f"{name}={text}" for name, text in zip(layout.columns, texts, strict=True))
