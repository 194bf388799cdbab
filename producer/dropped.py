"""A dropped file: its bytes to messages by metering point. Pure; the readings are mapped as those of an answer are."""

from collections.abc import Container
from dataclasses import dataclass, field

import msgspec

from producer import surrogates, texts
from producer.budget import Budget
from producer.charset import to_utf8
from producer.feed import Feed
from producer.mapping import Envelope, FieldNames
from producer.readings import RawFields
from producer.refusals import Refusals
from producer.response import Message, Unreadable, read_message, read_page
from runtime.errors import Poison
from schemas.events import DeadLetter
from schemas.reasons import Reason

_LIST = Envelope(shape="list")
_SPACE = b" \t\r\n"
_fields = msgspec.json.Decoder(RawFields)


@dataclass
class Dropped:
    """What a file holds. ``letters``: of messages that cannot be used, or name a point that is not the source's."""

    messages: dict[str, list[Message]] = field(default_factory=dict)
    letters: list[DeadLetter] = field(default_factory=list)
    readings: int = 0


def read_dropped(feed: Feed, points: Container[str], body: bytes, fetched_at: int) -> Dropped:
    """Reads a file: one message, a list of messages, or a page that holds one, where the mapping says so.

    Raises:
        Unreadable: it cannot be read as a whole.
    """
    found = Dropped()
    try:
        budget = Budget(feed.settings.limits)
        budget.page(body)
        json = to_utf8(body, None)
        envelope = _LIST if json.lstrip(_SPACE).startswith(b"[") else feed.mapping.envelope
        messages = read_page(json, None, envelope).messages
        budget.items(len(messages), body)
        reading = _Reading(feed.mapping.fields, Refusals(feed), fetched_at, alone=envelope.shape == "object")
        for raw in messages:
            _take(raw, points, found, reading)
            budget.items(len(messages) + found.readings, body)
    except Unreadable:
        raise
    except Poison as error:
        raise Unreadable(error.detail, body) from error
    return found


@dataclass(frozen=True)
class _Reading:
    """How the messages of one file are read. ``alone``: one is the whole file."""

    names: FieldNames
    refusals: Refusals
    fetched_at: int
    alone: bool


def _take(raw: bytes, points: Container[str], found: Dropped, how: _Reading) -> None:
    """Adds one message."""
    named = _point_of(raw, how.names.metering_point)
    try:
        message = _known(read_message(raw, how.names, named, alone=how.alone), named, points)
    except Poison as error:
        if error.reason == Reason.UNREADABLE_RESPONSE:
            raise
        found.letters.append(how.refusals.letter(named, surrogates.unmask(raw), error, how.fetched_at))
    else:
        found.messages.setdefault(named, []).append(message)
        found.readings += len(message.readings)


def _known(message: Message, named: str, points: Container[str]) -> Message:
    if named not in points:
        raise Poison(Reason.WRONG_POINT, "it names a metering point that is not in the source's points file")
    return message


def _point_of(raw: bytes, name: str) -> str:
    """The point that a message names; empty, where it names none that could be one."""
    try:
        return texts.required(bytes(_fields.decode(raw).get(name, b"")), name)
    except (Poison, msgspec.DecodeError, RecursionError):
        return ""
