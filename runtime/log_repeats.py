"""Keeps one trouble from filling a log: what a library says again and again is let through now and then."""

import logging
import time
from collections.abc import Callable, Sequence

EVERY = 10.0
"""Seconds between two lines of one kind."""
MOST = 1_000
"""Kinds of lines that are remembered; beyond that all are forgotten."""


class Seldom(logging.Filter):
    """For a handler. A line's kind is its logger, its level, and its text before anything is put into it."""

    def __init__(self, loggers: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        """``loggers``: those whose lines, and whose descendants' lines, are counted; all others pass."""
        super().__init__()
        self._loggers = tuple(loggers)
        self._clock = clock
        self._told: dict[tuple[str, int, str], float] = {}
        self._kept_back: dict[tuple[str, int, str], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to show it; then it tells how many of its kind were kept back since the last: ``repeated``."""
        if not any(record.name == name or record.name.startswith(f"{name}.") for name in self._loggers):
            return True
        kind = (record.name, record.levelno, str(record.msg))
        now = self._clock()
        if now - self._told.get(kind, -EVERY) < EVERY:
            self._kept_back[kind] = self._kept_back.get(kind, 0) + 1
            return False
        if len(self._told) >= MOST:
            self._told.clear()
            self._kept_back.clear()
        self._told[kind] = now
        if repeated := self._kept_back.pop(kind, 0):
            record.repeated = repeated
        return True
