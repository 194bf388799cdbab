"""The dead letters that are open, folded from their topics as these grow: of each only what its state depends on."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from operations.dead_letter_fold import Codecs, decoded
from schemas.events import DeadLetter, PutBack
from schemas.reasons import Reason, Stage

Kind = tuple[str, ...]
"""Stage and reason; ``other`` where they are none of ours: whatever stands in a topic, there are few."""

_STAGES, _REASONS = frozenset(map(str, Stage)), frozenset(map(str, Reason))


@dataclass(slots=True)
class _Letter:
    """One dead letter. ``version``: see :class:`operations.dead_letter_fold.Folded`, which tells the same at length.

    ``place``: partition and offset of its last sighting. ``settled``: the sighting that was put back last.
    """

    kind: Kind
    version: tuple[int, int]
    first_seen: int
    sighting: int
    place: tuple[int, int]
    tries: int = 0
    settled: int | None = None


@dataclass(frozen=True)
class Counts:
    """By kind; a kind whose letters are all settled is there, too. ``oldest``: when it was first seen, of open ones."""

    open: Mapping[Kind, int]
    parked: Mapping[Kind, int]
    oldest: Mapping[Kind, int]


@dataclass
class OpenLetters:
    """All dead letters so far, by id. ``unreadable``: records that are none."""

    codecs: Codecs
    unreadable: int = 0
    _by_id: dict[bytes, _Letter] = field(default_factory=dict)

    def see(self, records: Iterable[Any]) -> None:
        """Further records of the dead letters' topic, in the order of its log."""
        for record in records:
            letter = decoded(self.codecs.letters, record)
            if letter is None:
                self.unreadable += 1
            else:
                self._add(letter, (record.partition, record.offset))

    def settle(self, records: Iterable[Any]) -> None:
        """Further records of what operators did, in the order of that log; after the letters that they concern."""
        for record in records:
            done: PutBack | None = decoded(self.codecs.put_backs, record)
            letter = None if done is None else self._by_id.get(_key(done.letter_id))
            if done is not None and letter is not None:
                letter.tries += 1
                letter.settled = done.sighting if done.result == "put_back" else None

    def forget_before(self, starts: Mapping[int, int]) -> None:
        """What the topic does not hold any more. ``starts``: the first offset of each partition."""
        gone = [key for key, letter in self._by_id.items() if letter.place[1] < starts.get(letter.place[0], 0)]
        for key in gone:
            del self._by_id[key]

    def counts(self, attempts: int) -> Counts:
        """How it stands. ``attempts``: so many tries in vain park a letter."""
        parked, still_open, oldest = Counter[Kind](), Counter[Kind](), dict[Kind, int]()
        for letter in self._by_id.values():
            parked[letter.kind] += 0
            still_open[letter.kind] += 0
            if letter.settled == letter.sighting:
                continue
            if letter.tries >= attempts:
                parked[letter.kind] += 1
            else:
                still_open[letter.kind] += 1
                oldest[letter.kind] = min(letter.first_seen, oldest.get(letter.kind, letter.first_seen))
        return Counts(still_open, parked, oldest)

    def _add(self, letter: DeadLetter, place: tuple[int, int]) -> None:
        key, version = _key(letter.id), (letter.fetched_at or 0, letter.seen_at)
        known = self._by_id.get(key)
        if known is None:
            self._by_id[key] = _Letter(
                _kind(letter.stage, letter.reason), version, letter.seen_at, letter.seen_at, place
            )
            return
        known.first_seen = min(known.first_seen, letter.seen_at)
        known.sighting, known.place = letter.seen_at, place
        if version >= known.version:
            known.kind, known.version = _kind(letter.stage, letter.reason), version


@lru_cache(1_024)  # so that all letters of a kind share it
def _kind(stage: str, reason: str) -> Kind:
    return stage if stage in _STAGES else "other", reason if reason in _REASONS else "other"


def _key(letter_id: str) -> bytes:
    """An id takes half the memory without its hexadecimal digits."""
    try:
        return bytes.fromhex(letter_id)
    except ValueError:
        return letter_id.encode()
