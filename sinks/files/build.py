"""Puts the writer of a receiver of files together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version

from runtime.settings.receiver import FilesSettings, Stage
from runtime.zones import Zone
from sinks.files.contents import Content, Form, Readings, Values
from sinks.files.drops import About, Drops
from sinks.files.layout_rows import LayoutRows
from sinks.files.state import FilesState
from sinks.files.writer import FilesWriter
from sinks.layouts import Layout
from sinks.sql_writer import SqlWriter
from sinks.writer import Receiver


@dataclass(frozen=True)
class Said:
    """What the settings say of a receiver's stage besides; ``zone``: the receiver's. ``made``: told of each drop."""

    receiver: str
    stage: Stage
    zone: Zone
    made: Callable[[], object] = lambda: None


def files_writer(state: FilesState, whose: Receiver, settings: FilesSettings, said: Said) -> FilesWriter:
    """The writer of a receiver's stage. Its layouts are files; they need not be views, too."""
    about = About(said.receiver, said.stage, f"meterstream {version('meterstream')}")
    shown = contents(settings, said.zone, whose.layouts)
    return FilesWriter(SqlWriter(state, replace(whose, layouts=())), Drops(state, shown, about, settings), said.made)


def contents(settings: FilesSettings, zone: Zone, layouts: Sequence[Layout] = ()) -> list[Content]:
    """What a receiver's drops show: as CSV its layouts, or ``meter_values`` where it has none."""
    form = Form.of(settings)
    found: list[Content] = []
    if "csv" in settings.format:
        found += [LayoutRows(layout, form) for layout in layouts] or [Values(form)]
    if "json" in settings.format:
        found.append(Readings(zone))
    return found
