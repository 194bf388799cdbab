"""What a drop shows: CSV files, or JSON in the utility's own structure."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import groupby
from operator import itemgetter
from typing import Any, BinaryIO, Protocol, TextIO

import msgspec

from runtime.settings.receiver import FilesSettings
from runtime.zones import FixedZone, Zone
from schemas import instants
from sinks import columns
from sinks.files.changed import Changed
from sinks.files.folder import Draft, DropFolder
from sinks.files.manifest import FileEntry, entry, file_name

Cells = Sequence[str | int | None]
_NUMBERS = frozenset(index for index, column in enumerate(columns.COLUMNS) if column.kind == "number")


class Content(Protocol):
    """One kind of file in a drop."""

    fingerprint: str
    """Another one: it shows something else of the same rows."""

    def draft(self, changed: Changed, number: int, folder: DropFolder) -> list[FileEntry]:
        """Drafts the files that show these rows, in drop ``number``: the same bytes whenever it is asked for."""


@dataclass(frozen=True)
class Form:
    """How a CSV file is written. A value that is missing is an empty cell."""

    delimiter: str
    decimal: str

    @classmethod
    def of(cls, settings: FilesSettings) -> "Form":
        """As the settings say."""
        return cls("\t" if settings.delimiter == "tab" else settings.delimiter, settings.decimal)

    def number(self, text: str | None) -> str | None:
        """An exact decimal text with the form's mark."""
        return text if text is None or self.decimal == "." else text.replace(".", self.decimal)


class Values:
    """``meter_values-000000042.csv``: the rows as they are. Instants are in UTC, numbers plain decimals."""

    fingerprint = columns.VIEW

    def __init__(self, form: Form) -> None:
        self._form = form

    def draft(self, changed: Changed, number: int, folder: DropFolder) -> list[FileEntry]:
        """See :class:`Content`."""
        return [draft_csv(folder, file_name(columns.VIEW, number, "csv"), self._form, self._table(changed))]

    def _table(self, changed: Changed) -> "Table":
        if self._form.decimal == ".":
            return Table(columns.VIEW, columns.NAMES, changed.rows)
        return Table(columns.VIEW, columns.NAMES, lambda: map(self._marked, changed.rows()))

    def _marked(self, row: tuple[Any, ...]) -> Cells:
        return [self._form.number(cell) if index in _NUMBERS else cell for index, cell in enumerate(row)]


@dataclass(frozen=True)
class Table:
    """What a CSV file is to show, under what name."""

    shows: str
    columns: tuple[str, ...]
    rows: Callable[[], Iterator[Cells]]


def draft_csv(folder: DropFolder, name: str, form: Form, table: Table) -> FileEntry:
    """Drafts one CSV file (RFC 4180, UTF-8, a header line)."""
    draft, count = Draft(name), 0
    with folder.draft(draft) as file, _text(file) as text:
        writer = csv.writer(text, delimiter=form.delimiter)
        writer.writerow(table.columns)
        for cells in table.rows():
            writer.writerow(cells)
            count += 1
    return entry(draft, table.shows, count, table.columns)


@contextmanager
def _text(file: BinaryIO) -> Iterator[TextIO]:
    text = io.TextIOWrapper(file, "utf-8", newline="")
    try:
        yield text
    finally:
        text.detach()


class Readings:
    """``NAME-000000042.json`` for each source: messages in the utility's own structure, a list of them.

    Each has the changed readings of one metering point. The customer number does not come this far: it is null.
    """

    def __init__(self, zone: Zone) -> None:
        """``zone``: in which reading dates are written."""
        self.fingerprint = "json"
        self._zone = zone

    def draft(self, changed: Changed, number: int, folder: DropFolder) -> list[FileEntry]:
        """See :class:`Content`."""
        return [
            self._source(source, rows, Draft(file_name(source, number, "json")), folder)
            for source, rows in groupby(changed.rows(), itemgetter(0))
        ]

    def _source(self, source: str, rows: Iterator[tuple[Any, ...]], draft: Draft, folder: DropFolder) -> FileEntry:
        count, lead = 0, b"["
        with folder.draft(draft) as file:
            for point, some in groupby(rows, itemgetter(1)):
                readings = [self._reading(dict(zip(columns.NAMES, row, strict=True))) for row in some]
                message = {"CustomerNumber": None, "MeteringPoint": point, "ConsumptionReadings": readings}
                file.write(lead + msgspec.json.encode(message))
                count, lead = count + len(readings), b",\n"
            file.write(b"]\n")
        return entry(draft, source, count, None)

    def _reading(self, row: dict[str, Any]) -> dict[str, Any]:
        value = row["value"]
        return {
            "DeliveryCategory": row["delivery_category"],
            "Unit": row["unit"],
            "Consumption": None if value is None else msgspec.Raw(value.encode()),
            "ReadingDate": _reading_date(row["reading_at"], self._zone),
            "ReadingMethod": row["reading_method"],
            "ReadingReason": row["reading_reason"],
        }


def _reading_date(text: str, zone: Zone) -> str:
    """The utility's way to write an instant: without an offset, where the zone has one only."""
    instant = instants.from_datetime(datetime.fromisoformat(text))
    wall = zone.wall(instant)
    east = timezone(timedelta(microseconds=wall - instant))
    moment = instants.to_datetime(instant).astimezone(east)
    return (moment.replace(tzinfo=None) if isinstance(zone, FixedZone) else moment).isoformat()
