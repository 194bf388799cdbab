"""Looks at the running system: Kafka, and every process that is to be asked."""

import time
from collections.abc import Callable, Mapping

from operations.dead_letter_counts import DeadLetterCounts, dead_letter_counts
from operations.progress import Progress, progress
from operations.status import figures
from operations.status.figures import Figures
from operations.status.snapshot import Snapshot
from operations.status.whom import Whom, states
from operations.topic_reader import Bounds
from runtime.errors import Transient
from runtime.settings.tree import Settings

READ_AGAIN = 30.0
"""Seconds for which the dead letters that were read from their topics are taken for the present ones."""


class Looking:
    """One look after another. An observer's count of the dead letters is taken where there is one: it has read all."""

    def __init__(self, settings: Settings, environment: Mapping[str, str], whom: Whom, bounds: Bounds) -> None:
        """Asks nobody yet.

        Raises:
            ConfigError: the list of processes cannot be read.
        """
        self._settings = settings
        self._environment = environment
        self._addresses = whom.addresses(settings)
        self._bounds = bounds
        self._read: tuple[float, DeadLetterCounts] | None = None

    def look(self) -> Snapshot:
        """Everything that can be seen now; a Kafka that does not answer is seen, too.

        Raises:
            ConfigError: this user lacks a right in Kafka.
        """
        asked = states(self._addresses)
        told = Figures(asked)
        trouble, seen = self._cluster(told)
        found, letters = seen or (None, None)
        return Snapshot(
            at=time.time(),
            epoch=self._settings.epoch,
            progress=found,
            trouble=trouble,
            dead_letters=letters,
            sources=tuple(figures.sources(self._settings, told)),
            streams=figures.streams(asked, told),
            receivers=tuple(figures.receivers(self._settings, asked, told)),
            processes=tuple(map(figures.process, asked)),
            disks=tuple(figures.disks(told)),
            under_replicated=figures.under_replicated(told),
        )

    def _cluster(self, told: Figures) -> tuple[str | None, tuple[Progress, DeadLetterCounts] | None]:
        try:
            found = progress(self._settings)
            return None, (found, figures.dead_letters(told) or self._letters(time.monotonic))
        except Transient as error:
            return str(error), None

    def _letters(self, clock: Callable[[], float]) -> DeadLetterCounts:
        now = clock()
        if self._read is None or now - self._read[0] > READ_AGAIN:
            self._read = now, dead_letter_counts(self._settings, self._environment, self._bounds)
        return self._read[1]
