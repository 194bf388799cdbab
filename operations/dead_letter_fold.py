"""The dead letters as a person looks at them: sightings folded by id, and what was done with each."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from schemas.codec import Codec, E, Undecodable
from schemas.events import DeadLetter, PutBack
from schemas.registry import UnknownSchemaId

State = Literal["open", "put_back", "parked"]
STATES: tuple[State, ...] = ("open", "put_back", "parked")
PARKED_AFTER = 3
"""Tries in vain, where nobody says otherwise."""


@dataclass(slots=True)
class Folded:
    """One dead letter, however often it was seen.

    ``newest``: its newest version, without the original's value, which stands at ``place`` (partition, offset) of the
    topic. ``sighting``: ``seen_at`` of the last one in the log. ``done``: what operators did with it, oldest first.
    """

    newest: DeadLetter
    place: tuple[int, int]
    first_seen: int
    last_seen: int
    sighting: int
    count: int = 1
    done: list[PutBack] = field(default_factory=list)

    def add(self, letter: DeadLetter, place: tuple[int, int]) -> None:
        """One more sighting."""
        self.count += 1
        self.first_seen = min(self.first_seen, letter.seen_at)
        self.last_seen = max(self.last_seen, letter.seen_at)
        self.sighting = letter.seen_at
        if _version(letter) >= _version(self.newest):
            self.newest, self.place = letter, place

    def state(self, attempts: int) -> State:
        """``put_back``: it was, and has not been seen since. ``parked``: that was tried ``attempts`` times in vain."""
        last = self.done[-1] if self.done else None
        if last is not None and last.result == "put_back" and last.sighting == self.sighting:
            return "put_back"
        return "parked" if len(self.done) >= attempts else "open"

    @property
    def cut(self) -> bool:
        """Whether its original is not whole, and so can never be put back."""
        return self.newest.original_sha256 is not None


@dataclass
class Letters:
    """All of them, by id, and how many records of the topic are no dead letters."""

    by_id: dict[str, Folded] = field(default_factory=dict)
    unreadable: int = 0


@dataclass(frozen=True)
class Codecs:
    """Of the two topics."""

    letters: Codec[DeadLetter]
    put_backs: Codec[PutBack]


def fold(letters: Iterable[Any], put_backs: Iterable[Any], codecs: Codecs) -> Letters:
    """Folds the records of the two topics, each in the order of its log."""
    folded = Letters()
    for record in letters:
        letter = decoded(codecs.letters, record)
        if letter is None:
            folded.unreadable += 1
        else:
            _add(folded.by_id, msgspec.structs.replace(letter, original_value=None), (record.partition, record.offset))
    for record in put_backs:
        done = decoded(codecs.put_backs, record)
        if done is not None and done.letter_id in folded.by_id:
            folded.by_id[done.letter_id].done.append(done)
    return folded


def decoded(codec: Codec[E], record: Any) -> E | None:
    """The event; None where the record is somebody else's."""
    try:
        return codec.decode(record.value)
    except (Undecodable, UnknownSchemaId):
        return None


def _add(by_id: dict[str, Folded], letter: DeadLetter, place: tuple[int, int]) -> None:
    known = by_id.get(letter.id)
    if known is None:
        by_id[letter.id] = Folded(letter, place, letter.seen_at, letter.seen_at, letter.seen_at)
    else:
        known.add(letter, place)


def _version(letter: DeadLetter) -> tuple[int, int]:
    return letter.fetched_at or 0, letter.seen_at
