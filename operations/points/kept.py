"""Writing a points file: whole or not at all, with a numbered copy of the one before."""

import csv
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from operations.points.line import COLUMNS, Line
from runtime.errors import ConfigError

NEEDED = COLUMNS[:2]


def replace(file: Path, lines: Sequence[Line], check: Callable[[Path], object]) -> Path | None:
    """Puts the lines in the place of a points file; a process that reads it finds the old one or the new one.

    Args:
        file: where; TOML where its name ends so, else CSV.
        lines: all of them.
        check: reads a points file as a receiver's worker does, and raises where it would.

    Returns:
        The copy of the file before: ``points.csv.1``, ``points.csv.2`` …; None: there was none.

    Raises:
        ConfigError: the folder cannot be written in, or the check raises it. Then nothing has changed.
    """
    text = _toml(lines) if file.suffix == ".toml" else _csv(lines)
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            encoding="utf-8",
            newline="",
            dir=file.parent,
            prefix=f".{file.stem}-",
            suffix=file.suffix,
            delete=False,
        ) as made:
            fresh = Path(made.name)
            made.write(text)
            made.flush()
            os.fsync(made.fileno())
        try:
            check(fresh)
            copy = _copied(file)
            _as_open_as(file, fresh)
            fresh.replace(file)
        finally:
            fresh.unlink(missing_ok=True)
        _settle(file.parent)
    except OSError as error:
        raise ConfigError(
            [f"{file}: cannot be written: {error.strerror}; give the right, or make the folder"]
        ) from None
    return copy


def _csv(lines: Sequence[Line]) -> str:
    names = [name for name in COLUMNS if name in NEEDED or any(line.cells()[name] for line in lines)]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(names)
    table.writerows([line.cells()[name] for name in names] for line in lines)
    return out.getvalue()


def _toml(lines: Sequence[Line]) -> str:
    def entry(line: Line) -> str:
        cells = {name: cell for name, cell in line.cells().items() if cell}
        texts = [f"{name} = {json.dumps(cell, ensure_ascii=False)}" for name, cell in cells.items()]
        return "\n".join(["[[points]]", *texts, ""])

    return "\n".join(map(entry, lines))


def _copied(file: Path) -> Path | None:
    """A copy beside the file, under the next number."""
    if not file.exists():
        return None
    taken = [path.suffix[1:] for path in file.parent.glob(f"{file.name}.*")]
    copy = file.with_name(f"{file.name}.{max((int(end) for end in taken if end.isdecimal()), default=0) + 1}")
    shutil.copy2(file, copy)
    return copy


def _as_open_as(file: Path, fresh: Path) -> None:
    """Whoever may read the file may read the one in its place; a new one is as open as any that the user makes."""
    if file.exists():
        shutil.copymode(file, fresh)
        return
    mask = os.umask(0)
    os.umask(mask)
    fresh.chmod(0o666 & ~mask)


def _settle(folder: Path) -> None:
    """Has the folder's entries on disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
