"""Whether all that has been published has arrived: positions against the ends of the logs."""

import time
from collections.abc import Callable

from operations.progress import progress
from runtime.errors import Transient
from runtime.settings.tree import Settings

STEADY_SECONDS = 2.0
"""The logs must not have grown for so long: a producer may hold an answer that it has not published yet."""


class Drain:
    """Asks Kafka whether streams and every sink stand at the end of a log that has not grown for a while."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        """Connects to nothing yet."""
        self._settings = settings
        self._clock = clock
        self._ends: list[dict[int, int]] = []
        self._steady_since = clock()

    def done(self) -> bool:
        """Whether everything has arrived; False also while the cluster does not answer."""
        try:
            found = progress(self._settings)
        except Transient:
            return False
        read = {reader.topic for reader in (found.streams, *found.receivers)}
        ends = [topic.ends for topic in found.topics if topic.name in read]
        if ends != self._ends:
            self._ends, self._steady_since = ends, self._clock()
            return False
        steady = self._clock() - self._steady_since >= STEADY_SECONDS
        return steady and found.streams.lag == 0 and all(receiver.lag == 0 for receiver in found.receivers)
