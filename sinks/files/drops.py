"""The drops of one receiver: every change in exactly one of them, whatever happens when."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import msgspec

from runtime.settings.receiver import FilesSettings
from schemas import instants
from sinks.files.changed import Changed, waiting
from sinks.files.contents import Content
from sinks.files.folder import Draft, DropFolder
from sinks.files.layout_rows import LayoutRows
from sinks.files.manifest import FileEntry, Link, Manifest, manifest_name
from sinks.files.noting import not_noting_points, note_all, noting_points
from sinks.files.state import FilesState

log = logging.getLogger(__name__)

Own = Callable[[], AbstractContextManager[None]]
"""A transaction in which the receiver is still this worker's; Superseded is raised where it is not."""


@dataclass(frozen=True)
class About:
    """What every manifest of a worker says. ``software``: name and version."""

    receiver: str
    stage: str
    software: str


@dataclass(frozen=True)
class _Prepared:
    """A drop that is drafted; ``files``: the names of its files. ``whole``: it stood there already."""

    number: int
    changed: Changed
    files: Sequence[str]
    manifest: Draft
    whole: bool = False


class Drops:
    """Makes them. One is finished before any row is written, so that it can be made again as it was."""

    def __init__(
        self,
        state: FilesState,
        contents: Sequence[Content],
        about: About,
        settings: FilesSettings,
        folder: DropFolder | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``folder``: default: the state's. Touches nothing yet."""
        self._state = state
        self._folder = folder or DropFolder(about.receiver, state.folder)
        self._contents = contents
        self._about = about
        self._settings = settings
        self._clock = clock
        self._due = clock()

    def make_due(self, own: Own) -> bool:
        """Finishes what was begun, or makes a drop where one is due; whether there is one more now.

        Raises:
            Transient: the folder or the state cannot be used now. What was begun is made again at the next call.
            Superseded: another worker has been started since.
        """
        # 1. The number, the files and the manifest, out of sight but durable; the number is committed with it. If it
        #    fails there is no such drop; if the worker dies here its successor makes the same one again.
        with own():
            prepared = self._prepare()
        if prepared is None:
            return False
        # 2. The files take their places, the manifest last. If it fails they are made again as they are, under the
        #    same number: no row has changed, since whatever writes one comes here first.
        if not prepared.whole:
            self._show(prepared)
        # 3. The rows are in a drop. If it fails, the manifest that stands there says so.
        with own():
            self._finish(prepared)
        self._due = self._clock() + self._settings.every
        log.info("a drop is made", extra={"receiver": self._about.receiver, "number": prepared.number})
        self._remove_old(own)
        return True

    def _prepare(self) -> _Prepared | None:
        """Drafts the drop that was begun, or one that is due."""
        begun = self._state.execute("SELECT number, changed_rows, created_at FROM drops WHERE manifest_sha256 IS NULL")
        if not begun and not (begun := self._begin()):
            return None
        ((number, count, created_at),) = begun
        changed, manifest = Changed(self._state, count), Draft(manifest_name(number))
        if self._folder.sum_up(manifest):
            return _Prepared(number, changed, (), manifest, whole=True)
        self._folder.forget_drafts()
        files = tuple(entry for content in self._contents for entry in content.draft(changed, number, self._folder))
        names = [file.name for file in files]
        with self._folder.draft(manifest) as file:
            file.write(self._manifest(number, created_at, files).encode())
        self._state.execute("UPDATE drops SET files = ? WHERE number = ?", [msgspec.json.encode(names), number])
        return _Prepared(number, changed, names, manifest)

    def _begin(self) -> list[tuple[int, int, int]]:
        """Gives the next number to what is noted, where it is enough or has waited long enough."""
        self._take_content()
        most = self._settings.rows
        count = waiting(self._state, most)
        ((state,),) = self._state.execute("SELECT state FROM receiver")
        if not count or state != "live" or (count < most and self._clock() < self._due):
            return []
        ((newest,),) = self._state.execute("SELECT coalesce(max(number), 0) FROM drops")
        # A state that was lost and made anew gives no number twice.
        number, now = max(newest, self._folder.highest()) + 1, instants.now()
        self._state.execute(
            "INSERT INTO drops (number, changed_rows, created_at) VALUES (?, ?, ?)", [number, count, now]
        )
        return [(number, count, now)]

    def _take_content(self) -> None:
        """Where the drops are to show something else than before, every row is dropped again."""
        content = "\n".join(each.fingerprint for each in self._contents)
        if self._state.execute("SELECT content FROM dropped_as") == [(content,)]:
            return
        joined = any(isinstance(each, LayoutRows) for each in self._contents)
        for statement in (note_all(), *(noting_points() if joined else not_noting_points())):
            self._state.execute(statement)
        self._state.execute("INSERT OR REPLACE INTO dropped_as VALUES (1, ?)", [content])

    def _manifest(self, number: int, created_at: int, files: tuple[FileEntry, ...]) -> Manifest:
        before = self._state.execute(
            "SELECT number, manifest_sha256 FROM drops WHERE number < ? ORDER BY number DESC LIMIT 1", [number]
        )
        ((epoch,),) = self._state.execute("SELECT epoch FROM epochs WHERE live")
        about = self._about
        return Manifest(
            number=number,
            previous=Link(*before[0]) if before else None,
            receiver=about.receiver,
            stage=about.stage,
            epoch=epoch,
            created_at=instants.to_text(created_at),
            software=about.software,
            files=files,
        )

    def _show(self, drop: _Prepared) -> None:
        for name in drop.files:
            self._folder.show(name)
        self._folder.settle()
        self._folder.show(drop.manifest.name)
        self._folder.settle()

    def _finish(self, drop: _Prepared) -> None:
        self._state.execute(
            "UPDATE drops SET manifest_sha256 = ? WHERE number = ?", [drop.manifest.sha256, drop.number]
        )
        drop.changed.forget()

    def _remove_old(self, own: Own) -> None:
        """Removes drops whose days are over, the manifest first. The newest stays known: the next one names it."""
        if self._settings.keep_days is None:
            return
        before = instants.now() - int(self._settings.keep_days * instants.DAY)
        with own():
            old = self._state.execute(
                "SELECT number, files FROM drops WHERE created_at < ? AND number < (SELECT max(number) FROM drops)",
                [before],
            )
            for number, files in old:
                for name in (manifest_name(number), *msgspec.json.decode(files)):
                    self._folder.remove(name)
                self._state.execute("DELETE FROM drops WHERE number = ?", [number])
