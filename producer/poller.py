"""The main path of the producer: poll, map, publish, remember – for one point at a time.

The numbers are the guarantee. A reading of an accepted answer is published or a dead letter, and acknowledged, before
its part is remembered; a part that is remembered was published as it is. So a crash between any two steps costs at
most that a part is published again, and never hides a correction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from zlib import crc32

from producer.answer import Answer, Asker
from producer.feed import Feed
from producer.log import Log
from producer.memory import Memory, Remembered
from producer.parts import Part, Splitter
from producer.points import Point
from producer.readings import Asked, ReadingMapper, fields_of
from producer.records import Records
from producer.report import Report
from producer.response import Unreadable, cut_down
from producer.windows import Day, Spans, Window, after, begin, window_of
from runtime.errors import Poison
from schemas import instants
from schemas.events import DeadLetter, Reading
from schemas.instants import DAY
from schemas.reasons import Reason


@dataclass(slots=True)
class Outcome:
    """What the changed parts of an answer came to. ``unfit``: parts that may not be remembered."""

    readings: list[Reading] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    unfit: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Keeping:
    """Where the poller writes and what it remembers."""

    memory: Memory
    log: Log
    records: Records


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
        self._memory, self._log, self._records = keeping.memory, keeping.log, keeping.records
        self._report = report
        self._now = now
        self._splitter = Splitter(feed)
        self._mapper = ReadingMapper(feed)
        self._bodies: dict[str, tuple[bytes, int]] = {}

    async def poll(self, point: Point) -> bool:
        """One poll of one point; returns whether to go on with it at once (a load or sweep is under way).

        1. Poll: one window, all pages. If it fails nothing has happened; the window is polled again.
        2. Map: each reading of a part that changed becomes a Reading or a dead letter. Pure; cannot fail.
        3. Erase: the memory of those parts goes, and the new fetched_at is stored, acknowledged. If this fails, or the
           process dies after it, the parts are published by the next poll.
        4. Publish: readings, oldest first, and dead letters, all acknowledged. If it dies halfway, the next poll
           publishes the parts again; streams takes the same readings for duplicates.
        5. Remember: the parts' hashes. If it dies before, the parts are published once more.

        Raises:
            Transient: no answer; to be tried again.
            Unreadable: an answer that cannot be read; its dead letter is acknowledged; to be tried again.
            Fatal: Kafka refuses what we write.
        """
        now = self._now()
        day = Day(self._feed.zone.wall(now) // DAY, self._spans)
        known = self._memory.of(point.metering_point)
        remembered = begin(known, self._feed.fingerprint(point), now, day, _early(point))
        window = window_of(remembered, day)
        answer = await self._ask(point, window, remembered.fetched_at)  # 1
        as_before = known.fingerprint == remembered.fingerprint and window.task != "full"
        if self._same_body(point, answer) and as_before:
            await self._go_on(point, known, after(remembered, window, now))
            return not window.last
        parts = self._splitter.split(answer.messages)
        hashes = {part.key: part.hash(remembered.fingerprint) for part in parts}
        changed = [
            part for part in parts if window.task == "full" or remembered.parts.get(part.key) != hashes[part.key]
        ]
        outcome = self._map(point, answer, changed)  # 2
        keys = frozenset(part.key for part in changed)
        if changed:
            erased = replace(remembered, fetched_at=answer.fetched_at).without(keys)
            await self._store(point, erased)  # 3
            remembered = erased
        end = await self._publish(point, outcome)  # 4
        kept = {key: hashes[key] for key in keys - outcome.unfit}
        ahead = replace(
            after(remembered, window, now),
            parts={**remembered.parts, **kept},
            readings_next=max(remembered.readings_next, end),
        )
        await self._go_on(point, remembered if changed else known, ahead)  # 5
        self._told(point, answer, outcome, changed)
        return not window.last

    async def _ask(self, point: Point, window: Window, later_than: int) -> Answer:
        try:
            return await self._asker.ask(point, window, later_than)
        except Unreadable as error:
            letter = self._asker.unreadable(point, error, self._now())
            await self._log.append([self._records.letter(letter)])
            self._report.refused([letter])
            raise

    def _same_body(self, point: Point, answer: Answer) -> bool:
        """Whether the very same bytes came last time, and all that they hold is remembered."""
        digest, readings = self._bodies.get(point.metering_point, (b"", 0))
        if digest != answer.digest:
            self._bodies.pop(point.metering_point, None)
            return False
        self._report.polled(readings, readings)
        return True

    def _map(self, point: Point, answer: Answer, parts: Sequence[Part]) -> Outcome:
        """Maps the readings of some parts, sorted by date."""
        outcome = Outcome(letters=list(answer.letters))
        for part in parts:
            for message, raw in part.readings:
                customer = message.customer_number or self._feed.settings.customer_number
                asked = Asked(point, customer, answer.fetched_at)
                try:
                    mapped = self._mapper.map(fields_of(raw), asked)
                except Poison as error:
                    original = cut_down(message, self._feed.mapping.fields, raw)
                    outcome.letters.append(self._asker.letter(point, original, error, answer.fetched_at))
                    if error.reason == Reason.IN_FUTURE:
                        outcome.unfit.add(part.key)
                else:
                    outcome.readings.append(mapped.reading)
                    outcome.unknown.extend(mapped.unknown)
        outcome.readings.sort(key=lambda reading: reading.reading_at)
        return outcome

    async def _store(self, point: Point, remembered: Remembered) -> None:
        """Remembers in this process at once, and durably when this returns."""
        record = self._memory.put(point.metering_point, remembered)
        await self._log.append([self._records.memory(self._feed.name, point.metering_point, record)])

    async def _publish(self, point: Point, outcome: Outcome) -> int:
        """Writes what an answer came to; returns the offset after its last reading, 0 where there is none."""
        records = [self._records.reading(reading) for reading in outcome.readings]
        records += [self._records.letter(letter) for letter in outcome.letters]
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

    def _told(self, point: Point, answer: Answer, outcome: Outcome, changed: Sequence[Part]) -> None:
        """Counts the answer; remembers its body where all that it holds is remembered."""
        readings = answer.readings
        self._report.polled(readings, readings - sum(len(part.readings) for part in changed))
        self._report.published(len(outcome.readings))
        self._report.refused(outcome.letters)
        self._report.unknown(outcome.unknown)
        if not outcome.unfit:
            self._bodies[point.metering_point] = (answer.digest, readings)


def _early(point: Point) -> float:
    """A number from 0 to 1 that belongs to the point."""
    return crc32(point.metering_point.encode()) / 2**32
