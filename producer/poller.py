"""The main path of the producer: poll, map, publish, remember – for one point at a time.

The numbers are the guarantee. A reading of an accepted answer is published or a dead letter, and acknowledged, before
its part is remembered; a part that is remembered was published as it is. So a crash between any two steps costs at
most that a part is published again, and never hides a correction.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from zlib import crc32

from producer.answer import Answer, Asker
from producer.changes import ChangeFinder, Changes
from producer.claim import Remembering
from producer.feed import Feed
from producer.log import Log, Record
from producer.memory import Memory, Remembered
from producer.points import Point
from producer.records import Records
from producer.report import Report
from producer.response import Unreadable
from producer.source_circuit import SourceCircuit
from producer.windows import Day, Spans, Window, after, begin, window_of
from runtime.errors import Transient
from schemas import instants
from schemas.instants import DAY

log = logging.getLogger(__name__)

TRIES = 6
"""So often a piece of a load or sweep is asked for of which a message cannot be used; then it is left to the next."""


class Incomplete(Transient):
    """A piece of a load or sweep of which a message could not be used: it is to be asked for again."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One poll of a point. ``known``: what was remembered; ``begun``: the same with a load or sweep that is due begun.

    ``seen`` and ``readings``: digest and size of the last answer, where all that it held is remembered as it is.
    """

    point: Point
    now: int
    known: Remembered
    begun: Remembered
    window: Window
    seen: bytes
    readings: int


@dataclass(frozen=True)
class Keeping:
    """What the poller remembers and how that is made to last, where it writes, and what stops it in time."""

    memory: Memory
    claim: Remembering
    log: Log
    records: Records
    circuit: SourceCircuit

    async def store(self, source: str, point: Point, remembered: Remembered) -> None:
        """Remembers in this process at once, and durably when this returns."""
        record = self.memory.put(point.metering_point, remembered)
        await self.claim.write(self.records.memory(source, point.metering_point, record))

    def written(self, point: Point, changes: Changes) -> list[Record]:
        """What an answer came to, as records."""
        records = self.records.readings(point.metering_point, [value for _, value in changes.readings])
        return records + [self.records.letter(letter) for letter in changes.letters]


class Poller:
    """Polls the points of one source. Polls of one point must not overlap."""

    def __init__(
        self,
        feed: Feed,
        spans: Spans,
        asker: Asker,
        keeping: Keeping,
        report: Report,
        now: Callable[[], int] = instants.now,
    ) -> None:
        """``now``: the wall clock, in UTC microseconds."""
        self._feed = feed
        self._spans = spans
        self._asker = asker
        self._keeping = keeping
        self._memory = keeping.memory
        self._log, self._records = keeping.log, keeping.records
        self._circuit = keeping.circuit
        self._report = report
        self._now = now
        self._changes = ChangeFinder(feed, asker, keeping.records.readings_codec)
        self._bodies: dict[str, tuple[bytes, int]] = {}
        self._incomplete: dict[str, int] = {}

    async def poll(self, point: Point) -> bool:
        """One poll of one point; returns whether to go on with it at once (a load or sweep is under way).

        1. Poll: one window, all pages. If it fails nothing has happened; the window is polled again.
        2. Map: each reading of a part that changed becomes a Reading or a dead letter. Pure; cannot fail. Too many
           dead letters stop the source here: nothing has happened, the window is polled again.
        3. Erase: the memory of those parts goes, and the new fetched_at is stored, acknowledged. If this fails, or the
           process dies after it, the parts are published by the next poll.
        4. Publish: readings, oldest first, and dead letters, all acknowledged. If it dies halfway, the next poll
           publishes the parts again; streams takes the same readings for duplicates.
        5. Remember: the parts' hashes. If it dies before, the parts are published once more. A piece of a load or
           sweep of which a message could not be used is asked for again: nothing else would for days.

        Raises:
            Transient: no answer, or none that is whole; to be tried again.
            CircuitOpen: too much of the source would be dead letters; to be tried again, more slowly.
            Unreadable: an answer that cannot be read; its dead letter is acknowledged; to be tried again.
            Superseded: another producer has claimed these points.
            Fatal: Kafka refuses what we write.
        """
        turn = self._plan(point)
        answer = await self._ask(turn)  # 1
        if answer.seen:
            await self._pass_over(turn, answer)
            return not turn.window.last
        changes = self._changes.find(point, answer, turn.begun)  # 2
        self._circuit.admit(len(changes.readings), len(changes.letters))
        remembered = turn.begun
        if changes.hashes:
            remembered = replace(remembered, fetched_at=answer.fetched_at).without(changes.hashes.keys())
            await self._store(point, remembered)  # 3
        end = await self._publish(point, changes)  # 4
        whole = self._is_whole(turn, answer)
        kept = {key: changes.hashes[key] for key in changes.hashes.keys() - changes.unfit}
        ahead = replace(
            after(remembered, turn.window, turn.now) if whole else remembered,
            parts={**remembered.parts, **kept},
            readings_next=max(remembered.readings_next, end),
        )
        await self._go_on(point, remembered if changes.hashes else turn.known, ahead)  # 5
        self._told(turn, answer, changes)
        if not whole:
            raise Incomplete("a message of the answer cannot be used")
        return not turn.window.last

    def _plan(self, point: Point) -> Turn:
        """What to ask for now."""
        now = self._now()
        day = Day(self._feed.zone.wall(now) // DAY, self._spans)
        known = self._memory.of(point.metering_point)
        begun = begin(known, self._feed.fingerprint(point), now, day, _early(point))
        window = window_of(begun, day)
        seen, readings = self._bodies.pop(point.metering_point, (b"", 0))
        trusted = known.fingerprint == begun.fingerprint and window.task != "full"
        return Turn(point, now, known, begun, window, seen if trusted else b"", readings)

    async def _ask(self, turn: Turn) -> Answer:
        try:
            return await self._asker.ask(turn.point, turn.window, turn.begun.fetched_at, turn.seen)
        except Unreadable as error:
            self._circuit.admit(0, 1)
            letter = self._asker.unreadable(turn.point.metering_point, error, self._now())
            await self._log.append([self._records.letter(letter)])
            self._report.refused([letter])
            raise

    async def _pass_over(self, turn: Turn, answer: Answer) -> None:
        """The very same bytes as last time: nothing but the progress of a sweep is new."""
        self._bodies[turn.point.metering_point] = (answer.digest, turn.readings)
        self._report.received(answer.fetched_at)
        self._arrived(turn, None)
        self._report.polled(turn.readings, turn.readings)
        await self._go_on(turn.point, turn.known, after(turn.begun, turn.window, turn.now))

    def _is_whole(self, turn: Turn, answer: Answer) -> bool:
        """Whether to go on behind this answer."""
        point = turn.point.metering_point
        tries = self._incomplete.pop(point, 0) + 1
        if not answer.letters or turn.window.task == "none":
            return True
        if tries >= TRIES:
            log.warning(
                "a message of a load or sweep cannot be used, at %d tries; the next deep sweep asks for it again",
                tries,
                extra={"source": self._feed.name},
            )
            return True
        self._incomplete[point] = tries
        return False

    async def _store(self, point: Point, remembered: Remembered) -> None:
        await self._keeping.store(self._feed.name, point, remembered)

    async def _publish(self, point: Point, changes: Changes) -> int:
        """Writes what an answer came to; returns the offset after its last reading, 0 where there is none."""
        records = self._keeping.written(point, changes)
        if not records:
            return 0
        ends = await self._log.append(records)
        return ends.get(self._records.readings_place(point.metering_point), 0)

    async def _go_on(self, point: Point, known: Remembered, ahead: Remembered) -> None:
        """Remembers what is ahead; durably where more than the progress of an unchanged sweep would be lost."""
        if ahead == known:
            return
        if replace(ahead, task=known.task, cursor=known.cursor) == known and ahead.task == "sweep":
            self._memory.put(point.metering_point, ahead)
            return
        await self._store(point, ahead)

    def _told(self, turn: Turn, answer: Answer, changes: Changes) -> None:
        """Counts the answer; knows its bytes again where all that they hold is remembered."""
        readings = answer.readings
        self._report.received(answer.fetched_at, changes.newest_period)
        self._arrived(turn, changes.newest_period)
        self._report.polled(readings, changes.unchanged)
        self._report.published(len(changes.readings))
        self._report.refused(changes.letters)
        self._report.unknown(changes.unknown)
        if not changes.unfit and turn.point.metering_point not in self._incomplete:
            self._bodies[turn.point.metering_point] = (answer.digest, readings)

    def _arrived(self, turn: Turn, newest_period: int | None) -> None:
        """Only a window that ends today tells what is there by now."""
        if turn.window.last:
            self._report.arrived(turn.point, newest_period, turn.known.parts.keys())


def _early(point: Point) -> float:
    """A number from 0 to 1 that belongs to the point."""
    return crc32(point.metering_point.encode()) / 2**32
