"""What an answer came to: the readings of its parts that changed, mapped and encoded, and its dead letters."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from producer.answer import Answer
from producer.feed import Feed
from producer.memory import Remembered
from producer.parts import Item, Part, Splitter
from producer.points import Point
from producer.readings import Asked
from producer.refusals import Refusals
from producer.response import cut_down
from producer.stencils import Encoded, Page, ReadingEncoder
from runtime.errors import Poison
from schemas.codec import Codec
from schemas.events import DeadLetter, Reading
from schemas.reasons import Reason


@dataclass(slots=True)
class Changes:
    """What an answer came to. ``hashes``: of the parts that changed; ``unfit``: those that may not be remembered.

    ``unknown``: (kind, code) pairs that the mapping does not know, one for each reading that has it.
    ``newest_period``: the end of the newest period of which the answer has a value, changed or not.
    """

    hashes: dict[int, bytes] = field(default_factory=dict)
    readings: list[Encoded] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    unfit: set[int] = field(default_factory=set)
    unchanged: int = 0
    newest_period: int | None = None


class ChangeFinder:
    """Finds the changes in the answers of one source. Pure, but for what it keeps to be fast; cannot fail."""

    def __init__(self, feed: Feed, refusals: Refusals, codec: Codec[Reading]) -> None:
        """``refusals``: knows how a dead letter is written; ``codec``: a reading."""
        self._feed = feed
        self._refusals = refusals
        self._splitter = Splitter(feed)
        self._encoder = ReadingEncoder(feed, codec)

    def find(self, point: Point, answer: Answer, known: Remembered) -> Changes:
        """The parts that differ from what is remembered (in a full sweep: all), sorted by date."""
        changes = Changes(letters=list(answer.letters))
        pages: dict[int, Page] = {}
        parts = self._splitter.split(answer.messages)
        for part in parts:
            digest = part.hash(known.fingerprint)
            if known.task != "full" and known.parts.get(part.key) == digest:
                changes.unchanged += len(part.readings)
            else:
                changes.hashes[part.key] = digest
                self._encode(point, answer.fetched_at, part, changes, pages)
        changes.readings.sort(key=itemgetter(0))
        changes.unknown = [each for page in pages.values() for each in page.unknown]
        changes.newest_period = self._newest_period(parts, answer.fetched_at)
        return changes

    def _newest_period(self, parts: Sequence[Part], fetched_at: int) -> int | None:
        """Looks at no more readings than it must: nearly always at one."""
        end_of = self._encoder.mapper.period_end
        for part in reversed(parts):
            newest = None
            for item in sorted(part.readings, key=_written, reverse=True):
                if newest is not None and item.usual is not None:
                    break
                end = end_of(item.raw, fetched_at)
                newest = end if newest is None else max(newest, end or 0)
            if newest is not None:
                return newest
        return None

    def _encode(self, point: Point, fetched_at: int, part: Part, changes: Changes, pages: dict[int, Page]) -> None:
        """The readings of a part; ``pages``: one for each message, by its identity."""
        message, page = None, None
        for item in part.readings:
            if item.message is not message:
                message = item.message
                page = pages.get(id(message))
            if page is None:
                customer = item.message.customer_number or self._feed.settings.customer_number
                page = pages[id(item.message)] = self._encoder.page(Asked(point, customer, fetched_at))
            try:
                changes.readings.append(page.encode(item))
            except Poison as error:
                original = cut_down(item.message, self._feed.mapping.fields, item.raw)
                changes.letters.append(self._refusals.letter(point.metering_point, original, error, fetched_at))
                if error.reason == Reason.IN_FUTURE:
                    changes.unfit.add(part.key)


def _written(item: Item) -> str:
    """The date as it is written; those that are not looked up yet come first."""
    return "~" if item.usual is None else item.usual.reading_date
