"""The dead letters' two topics, read on as they grow."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from operations.dead_letter_fold import Codecs
from operations.observe.letters import OpenLetters
from operations.progress import TopicEnds
from operations.topic_reader import TopicReader
from runtime.settings.system import KafkaSettings
from runtime.topics import TopicNames


@dataclass
class _Followed:
    """One of them. ``id``: of the topic that ``positions`` belong to."""

    reader: TopicReader
    id: str = ""
    positions: dict[int, int] = field(default_factory=dict)

    def records(self, topic: TopicEnds) -> Iterator[Any]:
        """What is new; nothing is asked for where the topic has not grown.

        Each is behind us as soon as the next one is asked for: after a failure none comes twice.
        """
        begin = {number: max(start, self.positions.get(number, 0)) for number, start in topic.starts.items()}
        if all(begin[number] >= end for number, end in topic.ends.items()):
            return
        for record in self.reader.records(begin=begin):
            yield record
            self.positions[record.partition] = record.offset + 1
        self.positions.update(self.reader.ends)  # past the markers of transactions


class FollowedLetters:
    """What both come to so far."""

    def __init__(self, kafka: KafkaSettings, names: TopicNames, codecs: Codecs, beat: Callable[[], object]) -> None:
        """Connects to nothing yet. ``beat``: is called at each record: there may be many at the start."""
        self._kafka = kafka
        self._names = names
        self._codecs = codecs
        self._beat = beat
        self._start_anew()

    def read_on(self, topics: Mapping[str, TopicEnds]) -> OpenLetters:
        """All dead letters up to now. ``topics``: by name, as the cluster has them now.

        Raises:
            Transient: Kafka or the schema registry cannot be reached; what was read until then is kept.
        """
        letters, put_backs = topics[self._names.dead_letters], topics[self._names.put_backs]
        if (self._letters.id, self._put_backs.id) != (letters.id, put_backs.id):
            self._start_anew()
            self._letters.id, self._put_backs.id = letters.id, put_backs.id
        self._open.see(self._alive(self._letters.records(letters)))
        self._open.settle(self._alive(self._put_backs.records(put_backs)))
        self._open.forget_before(letters.starts)
        return self._open

    def _start_anew(self) -> None:
        self._open = OpenLetters(self._codecs)
        self._letters = _Followed(TopicReader(self._kafka, self._names.dead_letters))
        self._put_backs = _Followed(TopicReader(self._kafka, self._names.put_backs))

    def _alive(self, records: Iterator[Any]) -> Iterator[Any]:
        for record in records:
            self._beat()
            yield record
