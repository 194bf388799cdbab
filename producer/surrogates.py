r"""Lone surrogates: JSON allows ``"\ud800"``, Unicode has no such text, and the decoder refuses the whole answer.

They are written as ``\u0000`` and their digits while an answer is read, so that only the text that holds one is
refused (unencodable_text, as every NUL), and put back in what is kept of it.
"""

import re

_ESCAPE = re.compile(rb"\\(?:u([0-9A-Fa-f]{4})|.)", re.DOTALL)
_MASKED = re.compile(rb"\\u0000\((d[0-9a-f]{3})\)", re.IGNORECASE)


def mask(text: bytes) -> bytes:
    """JSON that the decoder reads; the same bytes where no surrogate is alone."""
    if b"\\ud" not in text and b"\\uD" not in text:
        return text
    pieces, done = [], 0
    escapes = list(_ESCAPE.finditer(text))
    place = 0
    while place < len(escapes):
        escape = escapes[place]
        following = escapes[place + 1] if place + 1 < len(escapes) else None
        paired = _high(escape) and following is not None and following.start() == escape.end() and _low(following)
        if not paired and (_high(escape) or _low(escape)):
            pieces += [text[done : escape.start()], b"\\u0000(", escape.group(1), b")"]
            done = escape.end()
        place += 2 if paired else 1
    return b"".join([*pieces, text[done:]])


def unmask(text: bytes) -> bytes:
    """What :func:`mask` was given."""
    return _MASKED.sub(rb"\\u\1", text) if b"\\u0000(" in text else text


def _high(escape: re.Match[bytes]) -> bool:
    digits = escape.group(1)
    return digits is not None and 0xD800 <= int(digits, 16) <= 0xDBFF


def _low(escape: re.Match[bytes]) -> bool:
    digits = escape.group(1)
    return digits is not None and 0xDC00 <= int(digits, 16) <= 0xDFFF
