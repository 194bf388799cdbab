"""Which texts are equal after NFC: the databases that know no such thing are told."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any
from unicodedata import normalize

from schemas import instants
from sinks.batch import Identity, Row
from sinks.columns import CONTENT_TEXTS, KEY, NAMES
from sinks.mariadb.connection import Talking
from sinks.mariadb.statements import FORMS, stored_texts, text_of

AT_ONCE = 500
"""Rows that one statement asks for."""
_KEY = [NAMES.index(name) for name in KEY]
_TEXTS = [NAMES.index(name) for name in CONTENT_TEXTS]


def same_texts(connection: Talking, table: str, rows: Sequence[Row]) -> set[Identity]:
    """The identities of those rows that stand in the table with equal texts; they are locked until the commit."""
    same: set[Identity] = set()
    for start in range(0, len(rows), AT_ONCE):
        some = {_of(row, _KEY): row for row in rows[start : start + AT_ONCE]}
        with connection.cursor() as cursor:
            cursor.execute(stored_texts(table, some))  # type: ignore[call-overload]  # bytes go as they are
            for found in cursor.fetchall():
                row = some[_literals(*found[: len(KEY)])]
                if [*map(_normal, found[len(KEY) :])] == [_normal(text_of(text)) for text in _of(row, _TEXTS)]:
                    same.add(row.identity)
    return same


def _of(row: Row, places: Sequence[int]) -> tuple[bytes, ...]:
    return tuple(row.columns[place] for place in places)


def _literals(source: str, metering_point: str, delivery_category: str, reading_at: Any) -> tuple[bytes, ...]:
    """A key as it is among the columns of a row."""
    at = instants.from_datetime(reading_at.replace(tzinfo=UTC))
    return (*map(FORMS.text, (source, metering_point, delivery_category)), FORMS.instant(at))


def _normal(text: str | None) -> str | None:
    return None if text is None else normalize("NFC", text)
