"""Texts and numbers as they stand in an answer: raw JSON to the texts of an event.

Each reader takes the raw JSON of one field, empty where the field is absent, and the field's name for the detail.
"""

import re
from functools import lru_cache

import msgspec

from producer.points import MAX_TEXT
from runtime.errors import Poison
from schemas import exact
from schemas.reasons import Reason

_NULL = b"null"
_QUOTE = 0x22
_NUMBER_STARTS = frozenset(b"-0123456789")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def required(raw: bytes, name: str, *, empty: Reason = Reason.MISSING_FIELD) -> str:
    """A text that must be there. An empty one is refused as ``empty``.

    Raises:
        Poison: missing_field (absent, null), wrong_type (no string), too_long, unencodable_text.
    """
    if not raw or raw == _NULL:
        raise Poison(Reason.MISSING_FIELD, f"{name} is {'null' if raw else 'absent'}")
    if raw[0] != _QUOTE:
        raise Poison(Reason.WRONG_TYPE, f"{name} is not a string")
    text = string(raw, name)
    if not text:
        raise Poison(empty, f"{name} is empty")
    return text


def optional(raw: bytes, name: str) -> str | None:
    """A text that may be absent or null, or a number, which stands for its digits.

    Raises:
        Poison: wrong_type, too_long, unencodable_text.
    """
    if not raw or raw == _NULL:
        return None
    if raw[0] == _QUOTE:
        return string(raw, name)
    if raw[0] not in _NUMBER_STARTS:
        raise Poison(Reason.WRONG_TYPE, f"{name} is neither a string nor a number")
    if len(raw) > MAX_TEXT:
        raise _too_long(name)
    return raw.decode("ascii")


@lru_cache(maxsize=8_192)
def string(raw: bytes, name: str) -> str:
    """The text of a JSON string: at most 1,000 characters, no NUL.

    Raises:
        Poison: too_long, unencodable_text.
    """
    text: str = msgspec.json.decode(raw, type=str)
    if "\0" in text:
        raise Poison(Reason.UNENCODABLE_TEXT, f"{name} holds a character that no text may hold")
    if len(text) > MAX_TEXT:
        raise _too_long(name)
    return text


def value(raw: bytes, name: str) -> int | None:
    """A number in units of 10^-12, exactly; None: an explicit null, the value is missing.

    Raises:
        Poison: missing_field (absent), out_of_range, wrong_type, bad_value (a string that is no JSON number).
    """
    number = exact.plain(raw)
    if number is not None:
        return number
    if not raw:
        raise Poison(Reason.MISSING_FIELD, f"{name} is absent")
    if raw == _NULL:
        return None
    try:
        if raw[0] in _NUMBER_STARTS:
            return exact.parse(raw.decode("ascii"))
        if raw[0] == _QUOTE:
            return _quoted(msgspec.json.decode(raw, type=str))
    except exact.OutOfRange as error:
        raise Poison(Reason.OUT_OF_RANGE, f"{name}: {error}") from None
    except exact.NotANumber:
        raise Poison(Reason.BAD_VALUE, f"{name} is a string that is not exactly a JSON number") from None
    raise Poison(Reason.WRONG_TYPE, f"{name} is neither a number nor a string")


def _quoted(text: str) -> int:
    try:
        return exact.parse(text)
    except exact.OutOfRange:
        if _NUMBER.fullmatch(text) is None:
            raise exact.NotANumber("long, and no number either") from None
        raise


def _too_long(name: str) -> Poison:
    return Poison(Reason.TOO_LONG, f"{name} has more than {MAX_TEXT} characters")
