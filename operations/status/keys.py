"""Keys as they are pressed, without Enter."""

import os
import select
import termios
import tty
from types import TracebackType
from typing import Any, Self, TextIO


class Keys:
    """The keyboard of a terminal. Inside the context a key is there at once, and is not shown."""

    def __init__(self, terminal: TextIO) -> None:
        """``terminal``: such as standard input."""
        self._file = terminal.fileno()
        self._before: list[Any] = []

    def __enter__(self) -> Self:
        """Ctrl-C works as ever."""
        self._before = termios.tcgetattr(self._file)
        tty.setcbreak(self._file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The terminal is as it was."""
        termios.tcsetattr(self._file, termios.TCSADRAIN, self._before)

    def pressed(self, within: float) -> str | None:
        """The next key; None where none is pressed within some seconds."""
        ready, _, _ = select.select([self._file], [], [], within)
        if not ready:
            return None
        return os.read(self._file, 1).decode(errors="replace")
