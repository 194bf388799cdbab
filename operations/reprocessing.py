"""Builds a new epoch beside an old one.

The readings of the old epoch are copied as they are; streams, started with the new settings, derives the new epoch
from them. The producer goes on with the old epoch meanwhile. When it has been stopped, the rest is copied and its
memory is carried over, so that it goes on in the new epoch where it was. Nothing of the old epoch is touched.

The command may be interrupted anywhere and be run again. That nothing is lost does not depend on the moment at which
the producer is stopped and started: its memory is carried over only as far as it tells of readings that were copied,
and whatever it does not remember it fetches and publishes again. Versions make readings that come twice harmless.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from operations import carry_memory
from operations.progress import Progress, TopicEnds, progress
from operations.readings_copy import Positions, ReadingsCopy, Way
from operations.state_markers import newest_markers
from operations.wholeness import forgotten, missing
from runtime.errors import ConfigError
from runtime.settings.tree import Settings
from runtime.topic_admin import create, require
from runtime.topics import TopicNames, specs

Say = Callable[[str], object]


@dataclass(frozen=True)
class Epoch:
    """An epoch as it stands."""

    names: TopicNames
    progress: Progress

    @classmethod
    def of(cls, settings: Settings) -> "Epoch":
        """The epoch of these settings, now.

        Raises:
            Transient: the cluster does not answer.
        """
        return cls(TopicNames.of(settings), progress(settings))

    def topic(self, name: str) -> TopicEnds:
        """One of its topics."""
        return next(topic for topic in self.progress.topics if topic.name == name)

    @property
    def readings(self) -> TopicEnds:
        """Its readings."""
        return self.topic(self.names.readings)

    @property
    def polls(self) -> TopicEnds:
        """The producer's memory."""
        return self.topic(self.names.polls)

    @property
    def written(self) -> tuple[Positions, Positions]:
        """How far the producer has written."""
        return self.readings.ends, self.polls.ends


@dataclass(frozen=True)
class Task:
    """What there is to do. ``to_copy``: readings; ``lost``: what shows that some of the old ones are gone."""

    to_copy: int
    lost: tuple[str, ...]


class Reprocessing:
    """From the epoch ``old`` to the one of the settings."""

    def __init__(self, settings: Settings, old: str) -> None:
        """``old``: an epoch under the same prefix.

        Raises:
            ConfigError: it is the one of the settings.
        """
        if old == settings.epoch:
            raise ConfigError(
                [f"the settings still say epoch {old}: choose a new one there, and name the old one here"]
            )
        self._settings = settings
        self._old_settings = settings.model_copy(update={"epoch": old})

    def look(self) -> Task:
        """Looks what there is to do; changes nothing.

        Raises:
            Transient: the cluster does not answer.
        """
        before = self._old()
        markers = newest_markers(self._settings.kafka, before.topic(before.names.state))
        memories = carry_memory.remembered(self._settings.kafka, before.polls)
        old, new = self._old(), Epoch.of(self._settings)  # last: then none of them is beyond the end by growing
        positions = self._copy(old, new).positions() if new.readings.present and old.readings.present else {}
        to_copy = sum(_left(old.readings, positions).values())
        lost = [*missing(old.readings, old.progress, markers), *forgotten(old.readings, memories)]
        return Task(to_copy, tuple(lost))

    def copy(self, say: Say) -> int:
        """Copies what is there now; returns how many readings that were.

        Raises:
            ConfigError: the new epoch's topics are not as they must be.
            Transient: the cluster does not answer; run again.
        """
        create(self._settings)
        require(self._settings, [spec.name for spec in specs(self._settings)])
        return self._copy_up_to_now(self._old(), say)

    def finish(self, say: Say, *, with_memory: bool) -> int:
        """Copies the rest and carries the producer's memory over; returns how many points are remembered.

        1. Read the memory.
        2. Copy the readings that are there: all that the memory tells of are among them.
        3. See that neither has grown meanwhile: a reading that was copied, but is newer than the memory, would make
           the memory wrong.
        4. Write the memory.

        Raises:
            ConfigError: the producer of the old epoch still publishes.
            Transient: the cluster does not answer; run again.
        """
        old = self._old()
        memories = carry_memory.remembered(self._settings.kafka, old.polls) if with_memory else {}
        self._copy_up_to_now(self._old(), say)
        if self._old().written != old.written:
            raise ConfigError(
                [f"the producer of epoch {self._old_settings.epoch} still publishes: stop it, then run this again"]
            )
        return carry_memory.carry(self._settings.kafka, memories, Epoch.of(self._settings).polls)

    def _old(self) -> Epoch:
        return Epoch.of(self._old_settings)

    def _copy(self, old: Epoch, new: Epoch) -> ReadingsCopy:
        return ReadingsCopy(self._settings.kafka, Way.of(old.readings, new.readings, new.names))

    def _copy_up_to_now(self, old: Epoch, say: Say) -> int:
        if not old.readings.present:
            return 0
        copy, total = self._copy(old, Epoch.of(self._settings)), 0
        left = sum(_left(old.readings, copy.positions()).values())

        def copied(count: int) -> None:
            nonlocal total
            total += count
            if count:
                say(f"copied {total:,} of {left:,} readings")

        copy.run(old.readings.starts, old.readings.ends, copied)
        return total


def _left(readings: TopicEnds, positions: Mapping[int, int]) -> dict[int, int]:
    """By partition: how many readings are still to be copied."""
    return {
        number: end - max(readings.starts[number], positions.get(number, 0)) for number, end in readings.ends.items()
    }
