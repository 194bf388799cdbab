"""The dead letters of a run, read as any other consumer would, beside what the utility knows to have broken."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from local.expected import FeedFacts, Line
from local.topic import records
from runtime.settings.tree import Settings
from runtime.topics import TopicNames
from schemas.codec import Codec
from schemas.events import DeadLetter
from schemas.registry import EmbeddedRegistry

_WHOLE_BODY, _PRODUCER = "unreadable_response", "producer"
_MESSAGES = ("wrong_point", "unreadable_message")


@dataclass(frozen=True, order=True)
class Broken:
    """One broken thing that the utility handed over. ``original``: its JSON; empty for a whole body."""

    source: str
    point: str
    reason: str
    original: str

    def __str__(self) -> str:
        return f"{self.source} {self.point} {self.reason}"


@dataclass(frozen=True)
class LettersVerdict:
    """What broke at the utility beside what is a dead letter.

    Attributes:
        expected: How many broken things the utility has handed over.
        found: How many of the dead letters' ids are the producer's.
        missing: Broken to the end, and no dead letter.
        unseen: No dead letter either, but mended meanwhile, or a broken body or message that was served once: whoever
            was killed, or cut off, before it could use such an answer never saw it.
        unexpected: A dead letter of something that did not break.
        doubled: One broken thing under several ids.
        others: Stages and reasons of dead letters that are not the producer's and that nobody expected.
    """

    expected: int
    found: int
    missing: tuple[Broken, ...]
    unseen: tuple[Broken, ...]
    unexpected: tuple[Broken, ...]
    doubled: tuple[Broken, ...]
    others: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether all that is broken is a dead letter, once by id, and nothing else is."""
        return not (self.missing or self.unexpected or self.doubled or self.others)

    @property
    def whole(self) -> bool:
        """Besides: whether all that ever was broken is. To be asked only where nobody was killed or cut off."""
        return self.equal and not self.unseen

    def troubles(self) -> list[str]:
        """One line for each thing that is wrong."""
        kinds = ("missing", "unexpected", "doubled")
        lines = [f"dead letter {broken}: {kind}" for kind in kinds for broken in getattr(self, kind)]
        return lines + [f"dead letters {other}: nobody expected them" for other in self.others]


def judge_letters(
    letters: Iterable[DeadLetter], lines: Iterable[Line], feeds: Mapping[str, FeedFacts], allowed: Collection[str] = ()
) -> LettersVerdict:
    """Compares what broke with the dead letters.

    Args:
        letters: every sighting.
        lines: the ledger's, in its order.
        feeds: by feed, its facts.
        allowed: reasons of dead letters of streams and sinks that are expected.
    """
    ever, to_the_end = _broken(lines, feeds)
    ids: dict[Broken, set[str]] = defaultdict(set)
    others: Counter[str] = Counter()
    for letter in letters:
        if letter.stage == _PRODUCER:
            ids[_what(letter)].add(letter.id)
        elif letter.reason not in allowed:
            others[f"{letter.stage} {letter.reason}"] += 1
    return LettersVerdict(
        expected=len(ever),
        found=sum(map(len, ids.values())),
        missing=tuple(sorted(to_the_end - ids.keys())),
        unseen=tuple(sorted(ever - to_the_end - ids.keys())),
        unexpected=tuple(sorted(ids.keys() - ever)),
        doubled=tuple(sorted(broken for broken, found in ids.items() if len(found) > 1)),
        others=tuple(sorted(others)),
    )


def read_letters(settings: Settings) -> list[DeadLetter]:
    """Every dead letter, from the topic's beginning to its present end."""
    codec = Codec(DeadLetter, EmbeddedRegistry())
    return [codec.decode(record.value) for record in records(settings, TopicNames.of(settings).dead_letters)]


def _broken(lines: Iterable[Line], feeds: Mapping[str, FeedFacts]) -> tuple[set[Broken], set[Broken]]:
    """All that ever was broken, and the readings that were so to the end."""
    ever: set[Broken] = set()
    current: dict[tuple[object, ...], Broken | None] = {}
    for line in lines:
        broken = None
        if line["kind"] != "reading":
            broken = Broken(
                feeds[str(line["feed"])].source,
                str(line["point"]),
                str(line["dead_letter"]),
                str(line["original"] or ""),
            )
            ever.add(broken)
        if "index" in line and not line.get("superseded"):
            current[line["feed"], line["point"], line["category"], line["index"]] = broken
    return ever, {broken for broken in current.values() if broken is not None}


def _what(letter: DeadLetter) -> Broken:
    """What a dead letter of the producer is about."""
    point = (letter.original_key or b"").decode()
    value = letter.original_value or b""
    original = value.decode(errors="replace")
    if letter.reason == _WHOLE_BODY:
        original = ""
    elif letter.reason not in _MESSAGES:
        original = _only_reading(value)
    return Broken(str(letter.source), point, letter.reason, original)


def _only_reading(message: bytes) -> str:
    """The one reading of a message that was cut down to it, as it was sent."""
    fields = msgspec.json.decode(message, type=dict[str, msgspec.Raw])
    (reading,) = msgspec.json.decode(fields["ConsumptionReadings"], type=list[msgspec.Raw])
    return bytes(reading).decode()
