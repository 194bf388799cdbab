"""A folder into which a utility's files are dropped: what waits there, in order; and where it goes when it is done.

A file is whole when it has its name: whoever drops it writes it under another one (with a dot in front, or not ending
in ``.json``) and renames it. Every trouble with the folder is Transient.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from runtime.errors import Transient

DONE, FAILED = "done", "failed"
SUFFIX, MANIFEST, WHY = ".json", ".manifest.json", ".reason"


class _File(msgspec.Struct):
    name: str
    sha256: str


class _Manifest(msgspec.Struct):
    files: list[_File]


@dataclass(frozen=True)
class Waiting:
    """A file that is to be read; ``sha256``: what its manifest says of it. ``read``: False: it only goes away."""

    path: Path
    sha256: str | None = None
    read: bool = True


class Incoming:
    """The folder of one source."""

    def __init__(self, folder: Path, manifests: bool) -> None:
        """``manifests``: only what a manifest names is read, in the order of the manifests' names."""
        self._folder = folder
        self._manifests = manifests

    def waiting(self) -> list[Waiting]:
        """What is to be read now, in order."""
        with self._checked(self._folder):
            names = sorted(path.name for path in self._folder.iterdir() if path.is_file())
            if self._manifests:
                return self._whole_drops([self._folder / name for name in names if name.endswith(MANIFEST)])
        return [
            Waiting(self._folder / name)
            for name in names
            if name.endswith(SUFFIX) and not name.endswith(MANIFEST) and not name.startswith(".")
        ]

    def _whole_drops(self, manifests: Sequence[Path]) -> list[Waiting]:
        """What the manifests name, up to the first that must be waited for."""
        found: list[Waiting] = []
        for manifest in manifests:
            try:
                found += list(self._named(manifest))
            except Transient:
                if not found:
                    raise
                break
        return found

    def _named(self, manifest: Path) -> Iterator[Waiting]:
        """The files of a drop that are still there, then its manifest."""
        try:
            files = msgspec.json.decode(manifest.read_bytes(), type=_Manifest).files
        except msgspec.DecodeError as error:
            self.failed(manifest, f"not a manifest: {error}")
            return
        for file in files:
            path = self._folder / Path(file.name).name
            if path.is_file():
                yield Waiting(path, file.sha256, read=path.name.endswith(SUFFIX))
            elif not any(path.name in names for names in self._gone()):
                raise Transient(f"{manifest} names {path.name}, which is not there (yet)")
        yield Waiting(manifest, read=False)

    def _gone(self) -> Iterator[set[str]]:
        for place in (DONE, FAILED):
            folder = self._folder / place
            yield {path.name for path in folder.iterdir()} if folder.is_dir() else set()

    def read(self, one: Waiting, most: int) -> bytes:
        """A file's bytes: at most one more than ``most``."""
        with self._checked(one.path), one.path.open("rb") as file:
            return file.read(most + 1)

    def is_changed(self, one: Waiting) -> bool:
        """Whether a file is another than its manifest says."""
        if one.sha256 is None:
            return False
        with self._checked(one.path), one.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() != one.sha256.lower()

    def done(self, path: Path) -> None:
        """All that a file holds is published, or a dead letter."""
        self._move(path, DONE)

    def failed(self, path: Path, why: str) -> None:
        """A file cannot be read; ``why`` stands beside it, in a file of its own."""
        with self._checked(path):
            place = self._move(path, FAILED)
            place.with_name(place.name + WHY).write_text(f"{why}\n", "utf-8")

    def _move(self, path: Path, where: str) -> Path:
        with self._checked(path):
            folder = self._folder / where
            folder.mkdir(exist_ok=True)
            place = _free(folder, path.name)
            path.rename(place)
        return place

    @contextmanager
    def _checked(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Transient(f"{path}: {error.strerror}") from None


def _free(folder: Path, name: str) -> Path:
    """A place for a file; where one of its name is already, another name."""
    taken: Sequence[str] = [path.name for path in folder.glob(f"{name}*")] if (folder / name).exists() else ()
    number = 2
    while taken and f"{name}.{number}" in taken:
        number += 1
    return folder / (f"{name}.{number}" if taken else name)
