"""How many dead letters there are, by stage and reason. Reads the newest part of the topic, within bounds."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from operations.topic_reader import Bounds, TopicReader
from runtime.registry import schema_registry
from runtime.settings.tree import Settings
from runtime.topics import TopicNames
from schemas.codec import Codec, Undecodable
from schemas.events import DeadLetter
from schemas.registry import UnknownSchemaId


@dataclass(frozen=True)
class ReasonCount:
    """Of one stage and reason: how many different dead letters, and how many sightings of them."""

    stage: str
    reason: str
    letters: int
    sightings: int


@dataclass(frozen=True)
class DeadLetterCounts:
    """What was read. ``complete``: it was the whole topic. ``unreadable``: records that are no dead letters."""

    counts: tuple[ReasonCount, ...]
    unreadable: int
    complete: bool


def dead_letter_counts(settings: Settings, environment: Mapping[str, str], bounds: Bounds) -> DeadLetterCounts:
    """Reads and counts.

    Raises:
        Transient: Kafka or the schema registry cannot be reached.
    """
    codec = Codec(DeadLetter, schema_registry(settings.registry, environment))
    reader = TopicReader(settings.kafka, TopicNames.of(settings).dead_letters)
    sightings: Counter[tuple[str, str, str]] = Counter()
    unreadable = 0
    for record in reader.records(bounds):
        try:
            letter = codec.decode(record.value)
        except (Undecodable, UnknownSchemaId):
            unreadable += 1
        else:
            sightings[letter.stage, letter.reason, letter.id] += 1
    return DeadLetterCounts(_folded(sightings), unreadable, reader.complete)


def _folded(sightings: Counter[tuple[str, str, str]]) -> tuple[ReasonCount, ...]:
    letters: Counter[tuple[str, str]] = Counter()
    seen: Counter[tuple[str, str]] = Counter()
    for (stage, reason, _), count in sightings.items():
        letters[stage, reason] += 1
        seen[stage, reason] += count
    return tuple(ReasonCount(*key, letters[key], seen[key]) for key in sorted(letters))
