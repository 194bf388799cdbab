"""A temporary file of pieces, each written once and read where it is needed."""

import os
from pathlib import Path
from typing import NamedTuple


class Piece(NamedTuple):
    """Where it lies: its first byte, and how many they are."""

    begin: int
    size: int


class Spool:
    """One file. Not for two threads at once."""

    def __init__(self, file: Path) -> None:
        """``file``: to be made."""
        self._file = file.open("x+b", buffering=0)
        self._end = 0

    def put(self, data: bytes) -> Piece:
        """Writes a piece behind the others."""
        piece = Piece(self._end, len(data))
        self._end += self._file.write(data)
        return piece

    def get(self, piece: Piece) -> bytes:
        """Reads one."""
        return os.pread(self._file.fileno(), piece.size, piece.begin)

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()
