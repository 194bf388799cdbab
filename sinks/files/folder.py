"""A folder into which files are put whole: drafted out of sight, made durable, renamed."""

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from runtime.errors import Transient
from sinks.files.state import HIDDEN

PART = ".part"
_NUMBERED = re.compile(r"(?:.*-)?([0-9]{9,})\.(?:csv|json|manifest\.json)")


@dataclass
class Draft:
    """A file that nobody sees yet. ``size`` and ``sha256`` (hexadecimal) are known once it is written."""

    name: str
    size: int = 0
    sha256: str = ""


class DropFolder:
    """The folder of one receiver's drops. Trouble with it is Transient, and names the file."""

    def __init__(self, receiver: str, folder: Path) -> None:
        """``receiver``: for messages. Touches nothing yet."""
        self._receiver = receiver
        self._folder = folder
        # Another worker that was frozen must not rename what this one is writing.
        self._own = f".{secrets.token_hex(4)}{PART}"

    @contextmanager
    def draft(self, draft: Draft) -> Iterator[BinaryIO]:
        """Takes the bytes of a draft; at the end they are durable."""
        path = self._draft(draft.name)
        with self._checked(path):
            with path.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
                draft.size = file.tell()
            draft.sha256 = _sha256(path)

    def sum_up(self, draft: Draft) -> bool:
        """Whether a file of that name has its place already; then the draft's ``sha256`` is that file's."""
        path = self._folder / draft.name
        with self._checked(path):
            if not path.exists():
                return False
            draft.sha256 = _sha256(path)
        return True

    def show(self, name: str) -> None:
        """A draft takes its place, over what stands there; durable after :meth:`settle`."""
        path = self._folder / name
        with self._checked(path):
            self._draft(name).replace(path)

    def settle(self) -> None:
        """What was shown survives a power cut."""
        with self._checked(self._folder):
            descriptor = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def remove(self, name: str) -> None:
        """A file is there no more; perhaps it was not."""
        path = self._folder / name
        with self._checked(path):
            path.unlink(missing_ok=True)

    def forget_drafts(self) -> None:
        """Removes what was drafted, by whomever."""
        hidden = self._folder / HIDDEN
        with self._checked(hidden):
            for path in hidden.glob(f"*{PART}"):
                path.unlink(missing_ok=True)

    def highest(self) -> int:
        """The highest number of a drop whose files stand there; 0: none does."""
        with self._checked(self._folder):
            found = (_NUMBERED.fullmatch(path.name) for path in self._folder.iterdir())
            return max((int(match[1]) for match in found if match), default=0)

    def _draft(self, name: str) -> Path:
        return self._folder / HIDDEN / (name + self._own)

    @contextmanager
    def _checked(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Transient(f"the drops of receiver {self._receiver}: {path}: {error.strerror}") from None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
