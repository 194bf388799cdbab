"""The dead letters of a system: read, chosen from, and looked into."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from operations.dead_letter_fold import Codecs, Folded, Letters, State, fold
from operations.topic_reader import TopicReader
from runtime.registry import schema_registry
from runtime.settings.tree import Settings
from runtime.topics import TopicNames
from schemas.codec import Codec
from schemas.events import DeadLetter, PutBack
from schemas.registry import SchemaRegistry


@dataclass(frozen=True)
class Choice:
    """Which dead letters are meant: those that meet everything that is set. Instants are of the last sighting."""

    reasons: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    receivers: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    ids: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None

    def holds(self, letter: Folded, attempts: int) -> bool:
        """Whether it is one of them. ``since`` is included, ``until`` is not."""
        newest = letter.newest
        return (
            _among(newest.reason, self.reasons)
            and _among(newest.stage, self.stages)
            and _among(newest.source, self.sources)
            and _among(newest.receiver, self.receivers)
            and _among(newest.id, self.ids)
            and _among(letter.state(attempts), self.states)
            and (self.since is None or letter.last_seen >= self.since)
            and (self.until is None or letter.last_seen < self.until)
        )


def _among(found: str | None, wanted: tuple[str, ...]) -> bool:
    return not wanted or found in wanted


class DeadLetterBox:
    """Both topics, as one. Reads when asked."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        """Connects to nothing yet."""
        self.registry: SchemaRegistry = schema_registry(settings.registry, environment)
        self.codecs = Codecs(Codec(DeadLetter, self.registry), Codec(PutBack, self.registry))
        names = TopicNames.of(settings)
        self._letters = TopicReader(settings.kafka, names.dead_letters)
        self._put_backs = TopicReader(settings.kafka, names.put_backs)

    def read(self) -> Letters:
        """Everything, folded.

        Raises:
            Transient: Kafka or the schema registry cannot be reached.
        """
        return fold(self._letters.records(), self._put_backs.records(), self.codecs)

    def whole(self, letters: Iterable[Folded]) -> Iterator[DeadLetter]:
        """The newest version of each with its original, in the order of the log; reads only as far as it must.

        Raises:
            Transient: as above.
        """
        places = {letter.place for letter in letters}
        begin: dict[int, int] = {}
        for partition, offset in places:
            begin[partition] = min(offset, begin.get(partition, offset))
        if not places:
            return
        for record in self._letters.records(begin=begin):
            place = (record.partition, record.offset)
            if place in places:
                places.remove(place)
                yield self.codecs.letters.decode(record.value)
                if not places:
                    return
