"""The bytes of an answer as UTF-8, whatever Unicode or Latin charset they came in."""

import codecs

from runtime.errors import Poison
from schemas.reasons import Reason

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_READ = ("utf-8", "utf-16", "utf-32", "ascii", "iso8859", "cp125", "cp437", "cp85", "mac-roman")
"""How the names of the charsets begin that are read. Of the others that Python knows some take hours (punycode)."""
_LONGEST_NAME = 40


def to_utf8(body: bytes, charset: str | None) -> bytes:
    """The body as UTF-8 without a byte order mark.

    Args:
        body: as received, decompressed.
        charset: the declared one; None: UTF-8. A byte order mark wins over it.

    Raises:
        Poison: unreadable_response.
    """
    declared = next((name for bom, name in _BOMS if body.startswith(bom)), charset or "utf-8")
    try:
        if not _read(declared):
            raise Poison(Reason.UNREADABLE_RESPONSE, "in a charset that is not read: use UTF-8")
        text = body.decode(declared)
        if codecs.lookup(declared).name == "utf-8" and not text.startswith("\ufeff"):
            return body  # encoding it again takes as long as all that is read of it
        return text.removeprefix("\ufeff").encode()
    except (LookupError, ValueError) as error:
        raise Poison(Reason.UNREADABLE_RESPONSE, "not in the charset that is declared") from error


def _read(name: str) -> bool:
    return len(name) <= _LONGEST_NAME and codecs.lookup(name).name.startswith(_READ)
