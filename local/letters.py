"""The dead letters of a run, read as any other consumer would, beside what the utility knows to have broken."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kafka import KafkaConsumer, TopicPartition

from local.expected import FeedFacts, Line, expected_dead_letters
from runtime.kafka import kafka_python_options
from runtime.settings.tree import Settings
from runtime.topics import TopicNames
from schemas.codec import Codec
from schemas.events import DeadLetter
from schemas.registry import EmbeddedRegistry

Kind = tuple[str, str, str]
"""Source, metering point, reason."""


@dataclass(frozen=True)
class LettersVerdict:
    """What broke at the utility beside what is a dead letter."""

    expected: int
    found: int
    missing: tuple[Kind, ...]
    unexpected: tuple[Kind, ...]

    @property
    def equal(self) -> bool:
        """Whether each kind of broken input of each point is a dead letter, and nothing else is."""
        return not self.missing and not self.unexpected


def judge_letters(settings: Settings, lines: Iterable[Line], feeds: Mapping[str, FeedFacts]) -> LettersVerdict:
    """Compares by source, point and reason."""
    expected = {(feeds[feed].source, str(point), reason) for feed, point, reason in expected_dead_letters(lines)}
    found = {(str(letter.source), (letter.original_key or b"").decode(), letter.reason) for letter in read(settings)}
    return LettersVerdict(len(expected), len(found), tuple(sorted(expected - found)), tuple(sorted(found - expected)))


def read(settings: Settings) -> list[DeadLetter]:
    """Every dead letter, from the topic's beginning to its present end."""
    topic = TopicNames.of(settings).dead_letters
    codec = Codec(DeadLetter, EmbeddedRegistry())
    consumer = KafkaConsumer(**kafka_python_options(settings.kafka), isolation_level="read_committed")
    partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = consumer.end_offsets(partitions)
    letters: list[DeadLetter] = []
    while any(consumer.position(partition) < end for partition, end in ends.items()):
        for records in consumer.poll(timeout_ms=500).values():
            letters += [codec.decode(record.value) for record in records]
    consumer.close()
    return letters
