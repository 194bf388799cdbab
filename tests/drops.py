"""A receiver of files in tests: its folder, its worker's writer, and whoever reads the drops."""

import csv
import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runtime.settings.receiver import FilesSettings, PolicySettings
from runtime.zones import zone_of
from schemas.events import MeterValue
from sinks.batch import Batch
from sinks.files.build import contents
from sinks.files.drops import About, Drops
from sinks.files.folder import DropFolder
from sinks.files.state import HIDDEN, FilesState
from sinks.files.writer import FilesWriter
from sinks.layouts import load
from sinks.sql_writer import SqlWriter
from sinks.writer import Receiver, Written
from tests.sink_rows import AT, row
from tests.sink_writing import TOPIC, no_refusals

ABOUT = About("vitec", "production", "meterstream test")


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Worker:
    """A worker's writer, opened."""

    writer: FilesWriter
    positions: dict[int, int]

    def write(self, *values: MeterValue) -> Written:
        """One batch; the records of partition 0 go on where they stood."""
        after = {**self.positions, 0: self.positions[0] + len(values)}
        rows = [row(each, forms=self.writer.forms) for each in values]
        written = self.writer.write(Batch(rows, self.positions, after), no_refusals)
        self.positions = after
        return written


@dataclass(frozen=True)
class Workplace:
    """Where workers of one receiver are started."""

    folder: Path
    clock: Clock
    settings: FilesSettings
    layouts: tuple[str, ...] = ()
    zone: str = "+01:00"
    made: list[str] = field(default_factory=list)
    """A word for each drop, as its worker says it."""

    def start(
        self,
        state: Callable[[Path], FilesState] = lambda folder: FilesState("vitec", folder, 0.2),
        drop_folder: Callable[[Path], DropFolder] = lambda folder: DropFolder("vitec", folder),
        epoch: str = "1",
    ) -> Worker:
        """A new worker, which has opened the state."""
        there = state(self.folder)
        shown = contents(self.settings, zone_of(self.zone), load(self.layouts, Path(), PolicySettings(), self.zone))
        drops = Drops(there, shown, ABOUT, self.settings, drop_folder(self.folder), self.clock)
        rows = SqlWriter(there, Receiver("vitec", epoch), now=lambda: AT)
        writer = FilesWriter(rows, drops, lambda: self.made.append("made"))
        return Worker(writer, dict(writer.open(TOPIC, [0, 1]).positions))

    def run(self, statement: str) -> None:
        """What an operator does to the state."""
        with closing(sqlite3.connect(self.folder / HIDDEN / "state.sqlite")) as connection:
            connection.execute(statement)
            connection.commit()

    def manifests(self) -> list[dict[str, Any]]:
        """See :func:`manifests`."""
        return manifests(self.folder)

    def delivered(self) -> list[list[int]]:
        """See :func:`sequences`."""
        return sequences(self.folder, ";" if self.settings.delimiter == ";" else ",")


def manifests(folder: Path) -> list[dict[str, Any]]:
    """Every manifest, in order; the chain holds, and so do sizes and hashes of the files."""
    paths = sorted(folder.glob("*.manifest.json"))
    found: list[dict[str, Any]] = [json.loads(path.read_bytes()) for path in paths]
    for before, path, manifest in zip([None, *paths], paths, found, strict=False):
        if before is not None:
            assert manifest["previous"]["sha256"] == hashlib.sha256(before.read_bytes()).hexdigest()
            assert manifest["previous"]["number"] == manifest["number"] - 1
        for file in manifest["files"]:
            data = (folder / file["name"]).read_bytes()
            assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"])
        assert path.name == f"{manifest['number']:09d}.manifest.json"
    return found


def sequences(folder: Path, delimiter: str = ",") -> list[list[int]]:
    """Of the rows in each drop."""
    drops = []
    for manifest in manifests(folder):
        (file,) = manifest["files"]
        with (folder / file["name"]).open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter=delimiter))
        assert len(rows) == file["rows"]
        drops.append([int(each["sequence"]) for each in rows])
    return drops
