"""How many dead letters are open, by stage and reason. Reads the newest part of the topics, within bounds."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from operations.dead_letter_fold import PARKED_AFTER, Codecs, Folded, fold
from operations.topic_reader import Bounds, TopicReader
from runtime.registry import schema_registry
from runtime.settings.tree import Settings
from runtime.topics import TopicNames
from schemas import instants
from schemas.codec import Codec
from schemas.events import DeadLetter, PutBack


@dataclass(frozen=True)
class ReasonCount:
    """Of one stage and reason. ``oldest_open``: when the oldest of the open ones was first seen, Unix seconds."""

    stage: str
    reason: str
    open: int
    parked: int
    oldest_open: float | None


@dataclass(frozen=True)
class DeadLetterCounts:
    """What was read. ``complete``: it was the whole topic. ``unreadable``: records that are no dead letters."""

    counts: tuple[ReasonCount, ...]
    unreadable: int
    complete: bool

    @property
    def open(self) -> int:
        """All of them."""
        return sum(count.open for count in self.counts)

    @property
    def parked(self) -> int:
        """All of them."""
        return sum(count.parked for count in self.counts)


def dead_letter_counts(settings: Settings, environment: Mapping[str, str], bounds: Bounds) -> DeadLetterCounts:
    """Reads and counts.

    Raises:
        Transient: Kafka or the schema registry cannot be reached.
    """
    registry = schema_registry(settings.registry, environment)
    names = TopicNames.of(settings)
    letters, put_backs = (TopicReader(settings.kafka, name) for name in (names.dead_letters, names.put_backs))
    codecs = Codecs(Codec(DeadLetter, registry), Codec(PutBack, registry))
    folded = fold(letters.records(bounds), put_backs.records(bounds), codecs)
    return DeadLetterCounts(_counted(folded.by_id.values()), folded.unreadable, letters.complete)


def _counted(letters: Iterable[Folded]) -> tuple[ReasonCount, ...]:
    """Those that were put back and have not been seen since are no trouble any more: they are left out."""
    found: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: {"open": [], "parked": []})
    for letter in letters:
        if (state := letter.state(PARKED_AFTER)) != "put_back":
            found[letter.newest.stage, letter.newest.reason][state].append(letter.first_seen)
    return tuple(
        ReasonCount(
            *kind,
            open=len(seen["open"]),
            parked=len(seen["parked"]),
            oldest_open=min(seen["open"]) / instants.SECOND if seen["open"] else None,
        )
        for kind, seen in sorted(found.items())
    )
