"""Rows in the order of their keys, however many: they lie in a temporary file, and SQLite sorts them outside memory."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from operations.proof.rows import Version

_MEMORY_KIB = 32_768
_CREATE = "CREATE TABLE versions (point TEXT, source TEXT, category TEXT, reading_at, sequence INTEGER, content BLOB)"
# Each text by its bytes in UTF-8, as Python compares them too; no database's collation has a say in it.
_IN_ORDER = "SELECT * FROM versions ORDER BY point, source, category, reading_at, sequence, rowid"


class SortedRows:
    """A context manager's: take versions in any order, give them back sorted by key and sequence."""

    def __init__(self, file: Path) -> None:
        """``file``: to be made."""
        self._open = sqlite3.connect(file, isolation_level=None)
        for setting in ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE", f"cache_size = -{_MEMORY_KIB}"):
            self._open.execute(f"PRAGMA {setting}")
        self._open.execute(_CREATE)
        self.count = 0

    def add(self, versions: Iterable[Version]) -> None:
        """Some more."""
        self._open.execute("BEGIN")
        taken = self._open.executemany(
            "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?)", ((*key, *rest) for key, *rest in versions)
        )
        self._open.execute("COMMIT")
        self.count += taken.rowcount

    def __iter__(self) -> Iterator[Version]:
        """All of them, in order."""
        for point, source, category, reading_at, sequence, content in self._open.execute(_IN_ORDER):
            yield Version((point, source, category, reading_at), sequence, content)

    def close(self) -> None:
        """Lets go of the file."""
        self._open.close()


@contextmanager
def sorting() -> Iterator[tuple[SortedRows, SortedRows]]:
    """Two that are gone at the end: for what should be there, and what is."""
    with TemporaryDirectory(prefix="meterstream-") as folder:
        two = SortedRows(Path(folder, "expected")), SortedRows(Path(folder, "found"))
        try:
            yield two
        finally:
            for one in two:
                one.close()
