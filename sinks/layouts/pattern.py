"""Patterns of times: ``YYYY-MM-DD hh:mm``."""

import re
from datetime import datetime

FIELDS = {"YYYY": (1, 4), "MM": (6, 2), "DD": (9, 2), "hh": (12, 2), "mm": (15, 2), "ss": (18, 2)}
"""Where each field stands in ``2026-01-31 23:59:59``: first character, length."""
PATTERN_HELP = "a format is timestamp, date, or a pattern of YYYY MM DD hh mm ss, such as YYYY-MM-DD hh:mm"
_PARTS = re.compile("|".join(FIELDS) + "|[A-Za-z]|[^A-Za-z]+")


def pieces(pattern: str) -> list[tuple[str, str]]:
    """A pattern's parts: (field, "") or ("", text as it stands). ``T`` and ``Z`` are the only letters beside fields.

    Raises:
        ValueError: it holds other letters.
    """
    found = [(part, "") if part in FIELDS else ("", part) for part in _PARTS.findall(pattern)]
    if any(text.isalpha() and text not in ("T", "Z") for _, text in found):
        raise ValueError(PATTERN_HELP)
    return found


def written(moment: datetime, pattern: str) -> str:
    """A moment in a pattern; what is smaller than a second is not written."""
    whole = moment.isoformat(sep=" ", timespec="seconds")
    parts = []
    for field, text in pieces(pattern):
        first, length = FIELDS.get(field, (1, 0))
        parts.append(whole[first - 1 : first - 1 + length] + text)
    return "".join(parts)
