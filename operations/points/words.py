"""The words that people write in the headers and cells of a list, in English and Swedish."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from schemas.events import Granularity, SeriesKind

LAST_DAY = "last_day"
"""A column of its own: the last day that counts, where valid_to is the first that does not."""

DISCOVERED = ("source", "unit", "first_reading", "last_reading", "values", "quality", "receivers")
"""What `points discover` writes besides a list's columns; it is read over."""

_HEADERS = {
    "metering_point": "metering point, metering point id, metering, gsrn, mätpunkt, mätpunkts-id, mätpunktsnummer",
    "category": "category, delivery category, kategori, leveranskategori",
    "receiver_key": "receiver key, key, import key, item key, importnyckel, nyckel, mottagarnyckel",
    "valid_from": "valid from, from, giltig från, från, från och med, fr.o.m.",
    "valid_to": "valid to, to, giltig till, till",
    LAST_DAY: "last day, valid through, till och med, t.o.m., giltig t.o.m., sista dag",
    "granularity": "granularity, resolution, upplösning, tidsupplösning",
    "kind": "kind, series kind, typ, värdetyp, mätartyp",
    "facility_id": "facility id, facility, anläggning, fakturaanläggning",
}
_FACILITY_NUMBER = "anläggnings-id, anläggningsnummer, anl.id, ean"
"""In the trade also a word for the metering point itself: it is one where no other column names the point."""

_GRANULARITIES: Mapping[Granularity, str] = {
    "quarter": "quarter, kvart, 15 min, 15 minuter, kvartsvärden",
    "hour": "hour, hourly, timme, tim, h, timvärden",
    "day": "day, daily, dygn, dag, dygnsvärden",
    "month": "month, monthly, månad, mån, månadsvärden",
}
_KINDS: Mapping[SeriesKind, str] = {
    "register": "register, position, mätarställning, ställning",
    "volume": "volume, consumption, förbrukning, volym",
}


def plain(text: str) -> str:
    """A text as it is compared: without case, accents, spaces and marks."""
    letters = unicodedata.normalize("NFD", text.casefold())
    return re.sub(r"[^a-z0-9]", "", letters)


def _table(words: Mapping[str, str]) -> dict[str, str]:
    return {plain(word): name for name, all_words in words.items() for word in all_words.split(",")}


_NAMES = _table(_HEADERS)
_NUMBERS_OF_FACILITIES = frozenset(_table({"": _FACILITY_NUMBER}))
_GRANULARITY_OF = _table({str(name): words for name, words in _GRANULARITIES.items()})
_KIND_OF = _table({str(name): words for name, words in _KINDS.items()})
GRANULARITIES: Mapping[str, Granularity] = {name: name for name in _GRANULARITIES}
KINDS: Mapping[str, SeriesKind] = {name: name for name in _KINDS}


def columns(header: Iterable[str]) -> list[str | None]:
    """Which column each cell of a header means; None: none that is known."""
    found = [_NAMES.get(plain(cell)) for cell in header]
    free = "facility_id" if "metering_point" in found else "metering_point"
    return [free if plain(cell) in _NUMBERS_OF_FACILITIES else name for cell, name in zip(header, found, strict=True)]


def granularity(text: str) -> Granularity | None:
    """What a cell means; None: nothing that is known."""
    return GRANULARITIES.get(_GRANULARITY_OF.get(plain(text), ""))


def kind(text: str) -> SeriesKind | None:
    """What a cell means; None: nothing that is known."""
    return KINDS.get(_KIND_OF.get(plain(text), ""))
