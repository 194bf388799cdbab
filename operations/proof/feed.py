"""The feed's side: what a receiver must hold once it has read the values topic up to some positions."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Any
from unicodedata import normalize

from operations.proof.rows import NAMES, PLACE, Key, Version, decode, version
from operations.topic_reader import TopicReader
from runtime.settings.tree import Settings
from runtime.topics import TopicNames
from schemas.reasons import Held
from sinks.batch import Positions
from sinks.columns import CONTENT, CONTENT_TEXTS
from sinks.decoding import Decoder

AT_ONCE = 5_000
"""Records decoded at once."""

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


def versions(
    settings: Settings, decoder: Decoder, until: Positions, refused: Offsets, passed: Passed
) -> Iterator[Version]:
    """Every version of the receiver's rows on the values topic.

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
            one = version(row.columns[: len(NAMES)])
            if (row.record.partition, row.record.offset) in refused:
                passed.refused[one.key] = newest(each for each in (passed.refused.get(one.key), one) if each)
            else:
                yield one


def left_by_guard(sorted_versions: Iterable[Version], passed: Passed) -> Iterator[Version]:
    """Of each key the version that the guard of a receiver's table leaves (docs/architecture.md, section 4).

    A refused version that such a one has replaced is no longer ``passed``.
    """
    for key, of_one in groupby(sorted_versions, key=lambda each: each.key):
        left = newest(of_one)
        refused = passed.refused.get(key)
        if refused is not None and newest(sorted((left, refused), key=lambda each: each.sequence)) is left:
            del passed.refused[key]
        yield left


def newest(of_one: Iterable[Version]) -> Version:
    """The one that is left of the versions of one key, given in the order of their sequences.

    A row is replaced by a larger sequence only; by an outside_history value only if, besides, that was fetched later
    and has another content.
    """
    rising = iter(of_one)
    left = next(rising)
    for other in rising:
        if other.sequence > left.sequence and _replaces(other, left):
            left = other
    return left


def _replaces(other: Version, left: Version) -> bool:
    fields = decode(other.content)
    if fields[_HELD] != Held.OUTSIDE_HISTORY:
        return True
    stored = decode(left.content)
    return fields[_FETCHED_AT] > stored[_FETCHED_AT] and _content(fields) != _content(stored)


def _content(fields: list[Any]) -> list[Any]:
    texts = [fields[place] for place in _CONTENT_TEXTS]
    return [fields[place] for place in _CONTENT] + [text and normalize("NFC", text) for text in texts]
