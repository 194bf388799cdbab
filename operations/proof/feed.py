"""The feed's side: what a receiver must hold once it has read the values topic up to some positions."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from typing import Any
from unicodedata import normalize

from operations.proof.rows import NAMES, PLACE, Key, Version, version
from operations.topic_reader import TopicReader
from runtime.settings.tree import Settings
from runtime.topics import TopicNames
from schemas.reasons import Held
from sinks.batch import Positions
from sinks.columns import CONTENT, CONTENT_TEXTS
from sinks.decoding import Decoder

AT_ONCE = 5_000
"""Records decoded at once."""

_COUNT = len(NAMES)
_HELD, _FETCHED_AT = PLACE["held"], PLACE["fetched_at"]
_CONTENT = tuple(PLACE[name] for name in CONTENT)
_CONTENT_TEXTS = tuple(PLACE[name] for name in CONTENT_TEXTS)

Offsets = Collection[tuple[int, int]]
"""Partition and offset of some records."""


@dataclass
class Passed:
    """What else was in the feed: records that are no values, values for others, and those that the database refuses.

    ``refused``: by key the newest of them that nothing newer has replaced.
    """

    unusable: int = 0
    withheld: int = 0
    refused: dict[Key, Version] = field(default_factory=dict)

    def refuse(self, version: Version) -> None:
        """One more of those that the database refuses."""
        known = self.refused.get(version.key)
        self.refused[version.key] = version if known is None else newer(known, version)

    def replaced_by(self, left: Version) -> None:
        """Forgets the one that this version has replaced."""
        refused = self.refused.get(left.key)
        if refused is not None and newer(*sorted((left, refused), key=attrgetter("sequence"))) is left:
            del self.refused[left.key]


def rows_of(
    settings: Settings, decoder: Decoder, until: Positions, refused: Offsets, passed: Passed
) -> Iterator[Sequence[Any]]:
    """The fields of every version of the receiver's rows on the values topic.

    Args:
        settings: whose Kafka and epoch.
        decoder: the receiver's own, with columns :data:`operations.proof.rows.AS_THEY_ARE`.
        until: by partition the first offset that is not read.
        refused: records that the receiver's database refuses: passed over, as its worker did.
        passed: takes those, and counts what else is passed.

    Raises:
        Transient: Kafka or the schema registry cannot be reached.
    """
    reader = TopicReader(settings.kafka, TopicNames.of(settings).values)
    records = reader.records(begin=dict.fromkeys(until, 0), end=until)
    while some := list(islice(records, AT_ONCE)):
        decoded = decoder.decode(some)
        passed.unusable += len(decoded.letters)
        passed.withheld += decoded.withheld
        for row in decoded.rows:
            if row.canary is not None:
                continue  # no receiver is shown it
            fields = row.columns[:_COUNT]
            if refused and (row.record.partition, row.record.offset) in refused:
                passed.refuse(version(fields))
            else:
                yield fields


def left_by_guard(sorted_versions: Iterable[Version], passed: Passed) -> Iterator[Version]:
    """Of each key the version that the guard of a receiver's table leaves (docs/architecture.md, section 4).

    A refused version that such a one has replaced is no longer ``passed``.
    """
    versions = iter(sorted_versions)
    left = next(versions, None)
    while left is not None:
        other = next(versions, None)
        if other is not None and other.key == left.key:
            left = newer(left, other)
            continue
        if passed.refused:
            passed.replaced_by(left)
        yield left
        left = other


def newer(left: Version, other: Version) -> Version:
    """The one that is left of two versions of one key, given in the order of their sequences.

    A row is replaced by a larger sequence only; by an outside_history value only if, besides, that was fetched later
    and has another content.
    """
    return other if other.sequence > left.sequence and _replaces(other.fields, left.fields) else left


def _replaces(fields: Sequence[Any], stored: Sequence[Any]) -> bool:
    if fields[_HELD] != Held.OUTSIDE_HISTORY:
        return True
    return bool(fields[_FETCHED_AT] > stored[_FETCHED_AT]) and _content(fields) != _content(stored)


def _content(fields: Sequence[Any]) -> list[Any]:
    texts = [fields[place] for place in _CONTENT_TEXTS]
    return [fields[place] for place in _CONTENT] + [text and normalize("NFC", text) for text in texts]
