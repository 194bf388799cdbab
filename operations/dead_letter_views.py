"""Dead letters as they are shown: without the values that they hold, and metering points as a keyed hash."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from rich.markup import escape
from rich.table import Table

from operations.dead_letter_fold import STATES, Folded
from runtime.logs import Pseudonyms
from schemas import instants
from schemas.events import DeadLetter
from schemas.reasons import Stage

if TYPE_CHECKING:
    from operations.put_back_plan import Plan  # slow to import, and most commands put nothing back


@dataclass(frozen=True)
class ListedLetter:
    """A line of the list. ``whose``: its source, or the receiver that refused it."""

    id: str
    stage: str
    reason: str
    whose: str
    count: int
    first_seen: str
    last_seen: str
    state: str
    detail: str


@dataclass(frozen=True)
class SummaryLine:
    """How many dead letters of one stage, reason and source or receiver there are, how often seen, and their states."""

    stage: str
    reason: str
    whose: str
    letters: int
    sightings: int
    open: int
    put_back: int
    parked: int


@dataclass(frozen=True)
class OutcomeLine:
    """Of how many dead letters of one stage and reason putting back has come, or would come, to what."""

    stage: str
    reason: str
    result: str
    detail: str
    letters: int


def listed(letter: Folded, attempts: int) -> ListedLetter:
    """One line."""
    newest = letter.newest
    return ListedLetter(
        newest.id,
        newest.stage,
        newest.reason,
        _whose(newest),
        letter.count,
        instants.to_text(letter.first_seen),
        instants.to_text(letter.last_seen),
        "cut" if letter.cut else letter.state(attempts),
        newest.detail,
    )


def summary(letters: Iterable[Folded], attempts: int) -> list[SummaryLine]:
    """Sorted by stage, reason, and whose they are."""
    count: Counter[tuple[str, str, str, str]] = Counter()
    sightings: Counter[tuple[str, str, str]] = Counter()
    for letter in letters:
        kind = (letter.newest.stage, letter.newest.reason, _whose(letter.newest))
        count[*kind, letter.state(attempts)] += 1
        sightings[kind] += letter.count
    return [
        SummaryLine(
            *kind, sum(count[*kind, state] for state in STATES), seen, *(count[*kind, state] for state in STATES)
        )
        for kind, seen in sorted(sightings.items())
    ]


def outcomes(plans: Iterable["Plan"]) -> list[OutcomeLine]:
    """A histogram."""
    found = Counter((plan.letter.stage, plan.letter.reason, plan.result, plan.detail) for plan in plans)
    return [OutcomeLine(*kind, letters) for kind, letters in sorted(found.items())]


def described(letter: Folded, whole: DeadLetter, attempts: int, pseudonyms: Pseudonyms) -> dict[str, object]:
    """Everything about one but its values; sizes in bytes."""
    shown: dict[str, object] = msgspec.to_builtins(listed(letter, attempts))
    shown |= {
        "topic": whole.topic,
        "partition": whole.partition,
        "offset": whole.offset,
        "metering_point": _pseudonym(whole, pseudonyms),
        "fetched_at": None if whole.fetched_at is None else instants.to_text(whole.fetched_at),
        "original_size": whole.original_length,
        "original_sha256_if_cut": whole.original_sha256,
        "key_size": None if whole.original_key is None else len(whole.original_key),
        "headers": {header.name: len(header.value or b"") for header in whole.original_headers},
        "put_back": [
            f"{instants.to_text(done.at)} {done.operator}: {done.result}, {done.detail}" for done in letter.done
        ],
    }
    return shown


def revealed(whole: DeadLetter) -> dict[str, object]:
    """The original; what is no text is shown with escapes."""
    headers = {header.name: _text(header.value) for header in whole.original_headers}
    return {
        "original_key": _text(whole.original_key),
        "original_headers": headers,
        "original_value": _text(whole.original_value),
    }


def as_json(shown: object) -> str:
    """For programs."""
    return msgspec.json.format(msgspec.json.encode(shown), indent=2).decode()


def table(title: str, lines: Iterable[object], fields: Sequence[str]) -> Table:
    """Some fields of some lines, as a table for a terminal."""
    found = Table(title=title, title_justify="left")
    for name in fields:
        found.add_column(name.replace("_", " "), overflow="fold")
    for line in lines:
        found.add_row(*(escape(str(getattr(line, name))) for name in fields))
    return found


def rows_of(description: dict[str, object]) -> Iterator[str]:
    """A description, a line for each field; a list takes more."""
    for name, content in description.items():
        for item in content if isinstance(content, list) else [content]:
            yield f"{name + ':':24}{'–' if item is None else item}"


def _text(content: bytes | None) -> str | None:
    return None if content is None else content.decode(errors="backslashreplace")


def _whose(letter: DeadLetter) -> str:
    return letter.receiver or letter.source or "–"


def _pseudonym(letter: DeadLetter, pseudonyms: Pseudonyms) -> str | None:
    """The key's metering point as it stands in the logs; of what is no key of ours, the hash of all of it."""
    if letter.original_key is None:
        return None
    point = letter.original_key.decode(errors="replace")
    if letter.stage == Stage.SINKS:
        with suppress(msgspec.DecodeError, IndexError):  # then it is no key of a value
            point = str(msgspec.json.decode(letter.original_key, type=list[object])[1])
    return pseudonyms.point(point)
