r"""Lone surrogates: JSON allows ``"\ud800"``, Unicode has no such text, and the decoder refuses the whole answer.

They are written as ``\u0000`` and their digits while an answer is read, so that only the text that holds one is
refused (unencodable_text, as every NUL), and put back in what is kept of it.
"""

import re

# Only what looks like a surrogate is a match: an answer of millions of other escapes must not become as many objects.
_SURROGATE = re.compile(rb"\\u([dD][89a-fA-F][0-9a-fA-F]{2})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?")
_MASKED = re.compile(rb"\\u0000\((d[0-9a-f]{3})\)", re.IGNORECASE)
_BACKSLASH = 0x5C


def mask(text: bytes) -> bytes:
    """JSON that the decoder reads; the same bytes where no surrogate is alone."""
    if b"\\" not in text or (b"\\ud" not in text and b"\\uD" not in text):  # one byte is found in no time
        return text
    return _SURROGATE.sub(_masked, text)


def unmask(text: bytes) -> bytes:
    """What :func:`mask` was given."""
    return _MASKED.sub(rb"\\u\1", text) if b"\\u0000(" in text else text


def _masked(found: re.Match[bytes]) -> bytes:
    first, second = found.groups()
    real = not _escaped(found.string, found.start())
    if second is None:
        return _alone(first) if real else found[0]
    if real and first[1:2] in b"89abAB":
        return found[0]
    return (_alone(first) if real else b"\\u" + first) + _alone(second)


def _alone(digits: bytes) -> bytes:
    return b"\\u0000(%s)" % digits


def _escaped(text: bytes, place: int) -> bool:
    """Whether the backslash at a place is the second one of an escaped backslash."""
    start = place
    while start and text[start - 1] == _BACKSLASH:
        start -= 1
    return (place - start) % 2 == 1
