"""An answer: its bytes to messages, and a message to its point and its readings. Nothing is ever guessed."""

import re
from dataclasses import dataclass

import msgspec

from producer import surrogates, texts
from producer.charset import to_utf8
from producer.mapping import Envelope, FieldNames
from producer.readings import RawFields
from runtime.errors import Poison
from schemas.reasons import Reason

_raws = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(RawFields)
_JSON_SPACE = b" \t\r\n"


class Unreadable(Poison):
    """A whole answer that cannot be read: a failed fetch, and a dead letter. ``body``: what there is of it."""

    def __init__(self, detail: str, body: bytes) -> None:
        """The detail says what is wrong, without its content."""
        super().__init__(Reason.UNREADABLE_RESPONSE, detail)
        self.body = body


@dataclass(frozen=True, slots=True)
class Page:
    """The messages of an answer or of one page of it; ``next``: what to ask for the next page, None: the last."""

    messages: list[bytes]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the point that was asked for: raw JSON of its head and of its readings.

    ``heading``: the head as it is hashed with each reading.
    """

    customer_number: str | None
    head: tuple[tuple[str, bytes], ...]
    heading: bytes
    readings: list[bytes]


def read_page(body: bytes, charset: str | None, envelope: Envelope, number: int = 1) -> Page:
    """Reads the envelope of an answer.

    Args:
        body: as received, decompressed.
        charset: the declared one, if any.
        envelope: the shape to expect.
        number: of the page asked for, counted from 1.

    Raises:
        Poison: unreadable_response; a failed fetch.
    """
    json = surrogates.mask(to_utf8(body, charset))
    try:
        if envelope.shape == "list":
            return Page([bytes(raw) for raw in _raws.decode(json)])
        if envelope.shape == "object":
            _object.decode(json)
            return Page([json.strip(_JSON_SPACE)])
        fields = _object.decode(json)
        items = fields.get(envelope.items)
        if items is None:
            raise _unreadable(f"the page has no {envelope.items}")
        return Page([bytes(raw) for raw in _raws.decode(items)], _next(fields, envelope, number))
    except msgspec.ValidationError as error:
        raise _unreadable(f"no readable envelope ({envelope.shape})") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise _unreadable("not JSON") from error


def read_message(raw: bytes, names: FieldNames, asked: str, *, alone: bool) -> Message:
    """Reads one message.

    Args:
        raw: its JSON.
        names: of its fields.
        asked: the metering point that was asked for.
        alone: whether it is the whole answer; then a message without point and readings is no readable envelope.

    Raises:
        Poison: unreadable_message, wrong_point, wrong_type, too_long, unencodable_text – a dead letter of this message;
            unreadable_response (only where it is alone) – a failed fetch.
    """
    broken = Reason.UNREADABLE_RESPONSE if alone else Reason.UNREADABLE_MESSAGE
    try:
        fields = _object.decode(raw)
        point, listed = fields.get(names.metering_point), fields.get(names.readings)
        if point is None or listed is None:
            raise Poison(broken, f"it has no {names.metering_point if point is None else names.readings}")
        readings = [bytes(reading) for reading in _raws.decode(listed)]
    except (msgspec.ValidationError, RecursionError):
        raise Poison(broken, f"it is not an object with a list of {names.readings}") from None
    _check_point(bytes(point), names, asked)
    head = tuple(
        (name, bytes(fields[name])) for name in (names.customer_number, names.metering_point) if name in fields
    )
    number = texts.optional(bytes(fields.get(names.customer_number, b"")), names.customer_number)
    return Message(number, head, repr(head).encode() + b"\n", readings)


def cut_down(message: Message, names: FieldNames, reading: bytes) -> bytes:
    """The message with one of its readings only: what is kept of a reading that cannot be used."""
    fields = [(name, surrogates.unmask(raw)) for name, raw in message.head]
    fields.append((names.readings, b"[%s]" % surrogates.unmask(reading)))
    return b"{%s}" % b",".join(b"%s:%s" % (msgspec.json.encode(name), raw) for name, raw in fields)


def _check_point(raw: bytes, names: FieldNames, asked: str) -> None:
    if raw in (b"null", b'""'):
        raise Poison(Reason.UNREADABLE_MESSAGE, f"its {names.metering_point} is empty")
    if texts.required(raw, names.metering_point) != asked:
        raise Poison(Reason.WRONG_POINT, "it names another metering point than the one asked for")


def _next(fields: RawFields, envelope: Envelope, number: int) -> str | None:
    if envelope.next is not None:
        token = fields.get(envelope.next)
        return None if token is None else texts.optional(bytes(token), envelope.next) or None
    if envelope.pages is None:
        return None
    pages = bytes(fields.get(envelope.pages, msgspec.Raw(b"")))
    if not re.fullmatch(rb"[0-9]{1,9}", pages):
        raise _unreadable(f"the page has no number of {envelope.pages}")
    return str(number + 1) if number < int(pages) else None


def _unreadable(detail: str) -> Poison:
    return Poison(Reason.UNREADABLE_RESPONSE, detail)
