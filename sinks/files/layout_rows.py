"""What a layout shows of changed rows, and what it does not show of them, with the reason."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from schemas import exact
from sinks.database import Database
from sinks.files.changed import Changed
from sinks.files.concerned import OF_THE_KEY, OF_THE_SERIES, concerned
from sinks.files.contents import Cells, Form, Table, draft_csv
from sinks.files.folder import DropFolder
from sinks.files.manifest import FileEntry, file_name
from sinks.layouts import Layout
from sinks.layouts.cells import Cell
from sinks.layouts.reading import Withheld, rows
from sinks.points.points import Points
from sinks.points.table import PointTable
from sinks.sqlite.database import instant_text

WITHHELD = (
    *("receiver_key", "source", "metering_point", "category", "granularity", "reading_at"),
    *("period_start", "period_end", "reason"),
)


class LayoutRows:
    """A :class:`sinks.files.contents.Content`: ``VIEW-000000042.csv``, and ``VIEW_withheld-…`` where there is any."""

    def __init__(self, layout: Layout, form: Form) -> None:
        """``form``: of the CSV files."""
        self.fingerprint = f"{layout.view} {layout.fingerprint}"
        self._layout = layout
        self._form = form
        self._concerns = (OF_THE_SERIES, OF_THE_KEY) if layout.file.key == "receiver_key" else (OF_THE_SERIES,)

    def draft(self, changed: Changed, number: int, folder: DropFolder) -> list[FileEntry]:
        """See :class:`sinks.files.contents.Content`."""
        points = _points(changed.state)
        shown: set[tuple[str | None, ...]] = set()
        withheld: set[tuple[str | None, ...]] = set()
        for values in concerned(changed, self._concerns):
            read = rows(self._layout, values, points)
            shown.update(tuple(map(self._cell, self._layout.kinds, row.cells)) for row in read.shown)
            withheld.update(map(_withheld, read.withheld))
        tables = [_table(self._layout.view, self._layout.columns, shown)]
        if withheld:
            tables.append(_table(self._layout.withheld_view, WITHHELD, withheld))
        return [draft_csv(folder, file_name(table.shows, number, "csv"), self._form, table) for table in tables]

    def _cell(self, kind: str, cell: Cell) -> str | None:
        if isinstance(cell, int) and kind == "number":
            return self._form.number(exact.to_text(cell))
        if isinstance(cell, datetime):
            return cell.isoformat(" ")
        return None if cell is None else str(cell)


def _points(state: Database) -> Points:
    return PointTable(state).points()


def _withheld(row: Withheld) -> tuple[str | None, ...]:
    value = row.value
    return (
        *(row.receiver_key, value.source, value.metering_point, value.delivery_category, value.granularity),
        *map(instant_text, (value.reading_at, value.period_start, value.period_end)),
        row.reason,
    )


def _table(shows: str, names: Sequence[str], found: Iterable[tuple[str | None, ...]]) -> Table:
    """In an order that depends on nothing else."""
    ordered: list[Cells] = sorted(found, key=lambda cells: tuple(cell or "" for cell in cells))
    return Table(shows, tuple(names), lambda: iter(ordered))
