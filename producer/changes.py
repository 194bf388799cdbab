"""What an answer came to: the readings of its parts that changed, mapped and encoded, and its dead letters."""

from dataclasses import dataclass, field
from operator import itemgetter

from producer.answer import Answer
from producer.feed import Feed
from producer.memory import Remembered
from producer.parts import Part, Splitter
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
    """

    hashes: dict[int, bytes] = field(default_factory=dict)
    readings: list[Encoded] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    unfit: set[int] = field(default_factory=set)
    unchanged: int = 0


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
        for part in self._splitter.split(answer.messages):
            digest = part.hash(known.fingerprint)
            if known.task != "full" and known.parts.get(part.key) == digest:
                changes.unchanged += len(part.readings)
            else:
                changes.hashes[part.key] = digest
                self._encode(point, answer.fetched_at, part, changes, pages)
        changes.readings.sort(key=itemgetter(0))
        changes.unknown = [each for page in pages.values() for each in page.unknown]
        return changes

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
