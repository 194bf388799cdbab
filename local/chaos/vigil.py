"""Watches a running system while it is being broken: keeps its processes going, and notes when it is whole again.

Whole again, after a fault was healed, means: every process runs and says that it lives and is ready; streams and every
sink have read to where their log ended when the fault had just been healed; and every source has been answered since.
"""

import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Self

from kafka.errors import KafkaError

from local.diagnosis import diagnose
from local.scrape import scrape
from local.system import LocalSystem
from operations.progress import Progress, Reader, progress
from runtime.errors import MeterstreamError, Transient

TICK_SECONDS = 0.2
LOOK_SECONDS = 1.0
ASK_SECONDS = 2.0

Place = tuple[str, str, int]
"""Reader, topic, partition."""


class NotWell(MeterstreamError):
    """The system did not become whole again in time; the message says what was seen."""


@dataclass(frozen=True)
class Look:
    """What was seen at one moment.

    Attributes:
        began: When the look began (monotonic seconds).
        ended: When it had been done.
        troubled: Processes that do not run, do not live or are not ready.
        positions: How far each reader is; None: Kafka does not answer.
        ends: Where the logs that they read end.
        answered: By source, how many answers of the utility were good.
    """

    began: float
    ended: float
    troubled: tuple[str, ...]
    positions: Mapping[Place, int] | None
    ends: Mapping[Place, int]
    answered: Mapping[str, float]


def whole_again(looks: Sequence[Look], since: float) -> float | None:
    """Seconds from a moment until the system was whole again; None: not yet."""
    later = [look for look in looks if look.began >= since and look.positions is not None and look.answered]
    if not later:
        return None
    goal = later[0]
    for look in later[1:]:
        if not look.troubled and _reached(look, goal) and _answered(look, goal):
            return look.ended - since
    return None


def _reached(look: Look, goal: Look) -> bool:
    """A log that is gone, or was made anew and is shorter, is reached at its present end."""
    positions = look.positions or {}
    wanted = {place: min(end, look.ends[place]) for place, end in goal.ends.items() if place in look.ends}
    return all(positions.get(place, 0) >= end for place, end in wanted.items())


def _answered(look: Look, goal: Look) -> bool:
    """A producer that was started again counts from nothing: another number is another answer."""
    return all(count and count != goal.answered.get(source) for source, count in look.answered.items())


@dataclass
class Vigil:
    """Use as a context manager: two threads run inside, one that starts ended processes again and one that looks."""

    system: LocalSystem
    looks: list[Look] = field(default_factory=list)
    _over: Event = field(default_factory=Event)
    _threads: list[Thread] = field(default_factory=list)
    _failures: list[BaseException] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Begins."""
        for work, pause in ((self.system.tick, TICK_SECONDS), (self._look, LOOK_SECONDS)):
            thread = Thread(target=self._repeat, args=(work, pause), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *exception: object) -> None:
        """Ends."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def recovery(self, since: float) -> float | None:
        """Seconds from a moment until the system was whole again; None: not yet."""
        return whole_again(self.looks, since)

    def wait_whole(self, within: float) -> float:
        """Waits until the system is whole; gives the seconds it took.

        Raises:
            NotWell: it is not within so many seconds.
        """
        since = time.monotonic()
        self.wait(lambda: self.recovery(since) is not None, within, "the system is whole again")
        return time.monotonic() - since

    def wait(self, condition: Callable[[], bool], within: float, what: str) -> None:
        """Waits until something is true.

        Raises:
            NotWell: it is not within so many seconds.
        """
        end = time.monotonic() + within
        while not condition():
            if self._failures:
                raise self._failures[0]
            if time.monotonic() > end:
                raise NotWell(f"{what}: not within {within:g} s\n{diagnose(self.system)}")
            time.sleep(TICK_SECONDS)

    def _repeat(self, work: Callable[[], object], pause: float) -> None:
        while not self._over.wait(pause):
            try:
                work()
            except BaseException as error:
                self._failures.append(error)  # raised where somebody waits
                raise

    def _look(self) -> None:
        began = time.monotonic()
        found, answered = self._progress(), self._answers()
        ends = {topic.name: topic.ends for topic in found.topics} if found else {}
        readers = (found.streams, *found.receivers) if found else ()
        self.looks.append(
            Look(
                began=began,
                troubled=self._troubled(),
                positions=None if found is None else _by_place(readers, lambda reader: reader.positions),
                ends=_by_place(readers, lambda reader: ends[reader.topic]),
                answered=answered,
                ended=time.monotonic(),
            )
        )

    def _progress(self) -> Progress | None:
        try:
            return progress(self.system.settings)
        except (Transient, KafkaError):
            return None

    def _answers(self) -> Mapping[str, float]:
        samples = scrape(self.system.metrics("producer"))
        return {
            source: samples.total("meterstream_producer_calls_total", source=source, outcome="ok")
            for source in samples.by("meterstream_producer_calls_total", "source")
        }

    def _troubled(self) -> tuple[str, ...]:
        ports = dict(self.system.ports)
        with ThreadPoolExecutor(max_workers=len(ports)) as pool:
            well = dict(zip(ports, pool.map(_is_well, ports.values()), strict=True))
        dead = [state.name for state in self.system.states() if not state.alive]
        return (*dead, *(name for name, ready in well.items() if not ready))


def _by_place(readers: Iterable[Reader], told: Callable[[Reader], Mapping[int, int | None]]) -> dict[Place, int]:
    return {
        (reader.name, reader.topic, partition): offset or 0
        for reader in readers
        for partition, offset in told(reader).items()
    }


def _is_well(port: int) -> bool:
    """Whether a process says that it lives and is ready."""
    try:
        for path in ("healthz", "readyz"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=ASK_SECONDS).close()
    except OSError:
        return False
    return True
