"""The work of a source whose readings come in files: one file after another, in order of name.

`read → map → publish → remember → move`. The numbers are the guarantee: a file goes away when all that it holds is
acknowledged. Whoever dies before that reads it again; what is remembered of it is not published again, and the rest is
absorbed as duplicates. The next file waits for it, so that no correction is overtaken.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from producer.answer import Answer
from producer.changes import ChangeFinder, Changes
from producer.dropped import Dropped, read_dropped
from producer.feed import Feed
from producer.incoming import Incoming, Waiting
from producer.memory import Remembered
from producer.points import Point
from producer.poller import Keeping
from producer.refusals import Refusals
from producer.report import Report
from producer.response import Unreadable
from runtime.circuit import CircuitOpen
from runtime.errors import Transient
from runtime.retry import Backoff
from schemas import instants

log = logging.getLogger(__name__)

EVERY = 2.0
"""Seconds between two looks into the folder, where ``poll.every`` is not set."""
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class _Turn:
    """What a file brought of a point."""

    point: Point
    known: Remembered
    remembered: Remembered
    changes: Changes


class FolderWork:
    """Reads the files of one source until it is cancelled or asked to finish."""

    def __init__(
        self,
        feed: Feed,
        points: Mapping[str, Point],
        incoming: Incoming,
        keeping: Keeping,
        report: Report,
        now: Callable[[], int] = instants.now,
    ) -> None:
        """Reads nothing yet; to be made inside the event loop."""
        self._feed = feed
        self._points = points
        self._incoming = incoming
        self._keeping = keeping
        self._report = report
        self._now = now
        self._refusals = Refusals(feed)
        self._changes = ChangeFinder(feed, self._refusals, keeping.records.readings_codec)
        self._backoff = Backoff(feed.settings.poll.retry_initial, min(feed.settings.poll.retry_maximum, 30.0))
        self._finishing = asyncio.Event()
        self._files = 0
        self._looked_at_all = False
        self.reason: str | None = None
        """Why nothing is read although it is there; None: nothing is in the way."""

    async def run(self) -> None:
        """Works until :meth:`finish`; then the file in hand is finished.

        Raises:
            MeterstreamError: Fatal; or a defect.
        """
        failures = 0
        while not self._finishing.is_set():
            try:
                await self._round()
            except CircuitOpen as error:
                await self._pause(error.retry_after or EVERY)  # told by the circuit
            except Transient as error:
                failures += 1
                if self.reason != str(error):
                    log.warning("waiting: %s", error, extra={"source": self._feed.name})
                self.reason = str(error)
                await self._pause(self._backoff.wait(failures, error))
            else:
                self.reason, failures = None, 0
                await self._pause(self._feed.settings.poll.every or EVERY)

    def finish(self) -> None:
        """Takes no more files."""
        self._finishing.set()

    def tell(self) -> None:
        """Updates what is told of the files that wait; called now and then."""
        self._report.points(configured=len(self._points), due=self._files, overdue=0, failing=0)

    async def _round(self) -> None:
        """Every file that is there now.

        Raises:
            Transient: the folder or a file cannot be used now.
            CircuitOpen: too much of the source would be dead letters.
        """
        waiting = await asyncio.to_thread(self._incoming.waiting)
        self._files = len(waiting)
        for one in waiting:
            if self._finishing.is_set():
                return
            if one.read:
                await self._take(one)
            else:
                await asyncio.to_thread(self._incoming.done, one.path)
            self._files -= 1
        await self._look_at_all()

    async def _look_at_all(self) -> None:
        """Once, when all that was there is read: of a point that is in no file what was published before is there."""
        if self._looked_at_all:
            return
        self._looked_at_all = True
        for number, point in enumerate(self._points.values()):
            self._report.arrived(point, None, self._keeping.memory.of(point.metering_point).parts.keys())
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _take(self, one: Waiting) -> None:
        """One file.

        1. Read. A file that cannot be read is a dead letter, acknowledged, before it goes to ``failed``.
        2. Map, as the parts of an answer are; too many dead letters stop the source here, and the file stays.
        3. Erase what is remembered of the parts that changed, and store the new fetched_at; acknowledged.
        4. Publish readings and dead letters, acknowledged.
        5. Remember the parts. 6. Move the file. Whenever it dies before, the file is read again.
        """
        fetched_at = self._now()
        body = await asyncio.to_thread(self._incoming.read, one, self._feed.settings.limits.max_body_bytes)
        try:
            dropped = await asyncio.to_thread(self._read, one, body, fetched_at)  # 1
        except Unreadable as error:
            await self._fail(one, error, fetched_at)
            return
        turns = [self._turn(point, dropped, fetched_at) for point in dropped.messages]  # 2
        letters = len(dropped.letters) + sum(len(turn.changes.letters) for turn in turns)
        published = sum(len(turn.changes.readings) for turn in turns)
        self._keeping.circuit.admit(published, letters)
        await self._store([(turn.point, turn.remembered) for turn in turns if turn.remembered != turn.known])  # 3
        ends = await self._publish(dropped, turns)  # 4
        await self._store([(turn.point, self._ahead(turn, ends)) for turn in turns if turn.changes.hashes])  # 5
        await asyncio.to_thread(self._incoming.done, one.path)  # 6
        self._tell(one, fetched_at, dropped, turns)

    def _read(self, one: Waiting, body: bytes, fetched_at: int) -> Dropped:
        if self._incoming.is_changed(one):
            raise Unreadable("it is not the file that its manifest names (sha256)", body)
        return read_dropped(self._feed, self._points, body, fetched_at)

    async def _fail(self, one: Waiting, error: Unreadable, fetched_at: int) -> None:
        self._keeping.circuit.admit(0, 1)
        letter = self._refusals.unreadable(one.path.name, error, fetched_at)
        await self._keeping.log.append([self._keeping.records.letter(letter)])
        self._report.refused([letter])
        await asyncio.to_thread(self._incoming.failed, one.path, error.detail)
        log.error("a file cannot be read: %s", error.detail, extra={"source": self._feed.name, "file": one.path.name})

    def _turn(self, metering_point: str, dropped: Dropped, fetched_at: int) -> _Turn:
        """What a file brings of a point, under a fetched_at that is later than any before."""
        point = self._points[metering_point]
        known = self._keeping.memory.of(metering_point)
        fingerprint = self._feed.fingerprint(point)
        begun = replace(known, task="none", cursor=0)
        if known.fingerprint != fingerprint:
            begun = replace(begun, fingerprint=fingerprint, parts={})
        answer = Answer(max(fetched_at, known.fetched_at + instants.MILLISECOND))
        answer.messages = dropped.messages[metering_point]
        changes = self._changes.find(point, answer, begun)
        if not changes.hashes:
            return _Turn(point, known, begun, changes)
        remembered = replace(begun, fetched_at=answer.fetched_at).without(changes.hashes.keys())
        return _Turn(point, known, remembered, changes)

    async def _store(self, memories: Iterable[tuple[Point, Remembered]]) -> None:
        store = self._keeping.store
        await asyncio.gather(*(store(self._feed.name, point, remembered) for point, remembered in memories))

    async def _publish(self, dropped: Dropped, turns: list[_Turn]) -> Mapping[tuple[str, int], int]:
        """Returns for each partition the offset after the last record."""
        keeping = self._keeping
        records = [record for turn in turns for record in keeping.written(turn.point, turn.changes)]
        records += [keeping.records.letter(letter) for letter in dropped.letters]
        return await keeping.log.append(records) if records else {}

    def _ahead(self, turn: _Turn, ends: Mapping[tuple[str, int], int]) -> Remembered:
        hashes, unfit = turn.changes.hashes, turn.changes.unfit
        end = ends.get(self._keeping.records.readings_place(turn.point.metering_point), 0)
        return replace(
            turn.remembered,
            parts={**turn.remembered.parts, **{key: hashes[key] for key in hashes.keys() - unfit}},
            readings_next=max(turn.remembered.readings_next, end),
        )

    def _tell(self, one: Waiting, fetched_at: int, dropped: Dropped, turns: list[_Turn]) -> None:
        report = self._report
        newest = [turn.changes.newest_period for turn in turns if turn.changes.newest_period is not None]
        report.received(fetched_at, max(newest, default=None))
        published = sum(len(turn.changes.readings) for turn in turns)
        report.polled(dropped.readings, sum(turn.changes.unchanged for turn in turns))
        report.published(published)
        report.refused(dropped.letters)
        for turn in turns:
            report.arrived(turn.point, turn.changes.newest_period, turn.known.parts.keys())
            report.refused(turn.changes.letters)
            report.unknown(turn.changes.unknown)
        log.info("a file is read", extra={"source": self._feed.name, "file": one.path.name, "published": published})

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._finishing.wait()
        except TimeoutError:
            return
