"""The manifest of a drop: what it holds, and which one came before it. Renamed last: with it the drop is whole."""

import msgspec

from sinks.files.folder import Draft

DIGITS = 9


class FileEntry(msgspec.Struct, frozen=True):
    """One file. ``shows``: a layout, or ``meter_values``; ``columns``: of a CSV file, in order."""

    name: str
    shows: str
    rows: int
    bytes: int
    sha256: str
    columns: tuple[str, ...] | None


class Link(msgspec.Struct, frozen=True):
    """The drop before: its number, and the SHA-256 of its manifest's bytes (hexadecimal)."""

    number: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """A drop. ``created_at``: ISO 8601 in UTC; ``previous``: None for the first one."""

    number: int
    previous: Link | None
    receiver: str
    stage: str
    epoch: str
    created_at: str
    software: str
    files: tuple[FileEntry, ...]

    def encode(self) -> bytes:
        """The same bytes for the same drop, whoever writes it when."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


def manifest_name(number: int) -> str:
    """``000000042.manifest.json``: names sort as the numbers do."""
    return f"{number:0{DIGITS}d}.manifest.json"


def file_name(shows: str, number: int, suffix: str) -> str:
    """``meter_values-000000042.csv``."""
    return f"{shows}-{number:0{DIGITS}d}.{suffix}"


def entry(draft: Draft, shows: str, rows: int, columns: tuple[str, ...] | None) -> FileEntry:
    """A written draft's place in the manifest."""
    return FileEntry(draft.name, shows, rows, draft.size, draft.sha256, columns)
