"""Rows as literals of MariaDB's and MySQL's SQL, and the statements over them.

A literal needs no escaping, so it means the same under every sql_mode: a text that holds a quote or a backslash is
written in hexadecimal digits.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from schemas import exact, instants
from schemas.column_reader import Forms, Kind
from sinks.batch import RowsRefused
from sinks.columns import COLUMNS, CONTENT, CONTENT_TEXTS, KEY, NAMES, VIEW, shown

TYPES: dict[Kind, str] = {
    "text": "varchar(255)",
    "integer": "bigint",
    "instant": "datetime(6)",
    "number": "decimal(38,12)",
}
"""Three texts of 255 characters and an instant are what a primary key of InnoDB holds. A longer one is refused."""
_HEX = b"_utf8mb4 X'"
PIECE = 1 << 19
"""Bytes of a statement; the pace is the same with more, and worse with few."""


def text(value: str) -> bytes:
    """A text as a literal."""
    data = value.encode()
    if b"'" in data or b"\\" in data:
        return _HEX + data.hex().encode() + b"'"
    return b"'" + data + b"'"


def text_of(literal: bytes) -> str | None:
    """The inverse of :func:`text`, and of NULL."""
    if literal == FORMS.null:
        return None
    if literal.startswith(_HEX):
        return bytes.fromhex(literal[len(_HEX) : -1].decode()).decode()
    return literal[1:-1].decode()


@lru_cache(maxsize=1 << 16)
def instant(value: int) -> bytes:
    """An instant as a literal, in UTC."""
    return f"'{instants.to_datetime(value).replace(tzinfo=None).isoformat(' ', 'microseconds')}'".encode()


def _integer(value: int) -> bytes:
    return b"%d" % value


def _number(value: int) -> bytes:
    return exact.to_text(value).encode()


FORMS = Forms(text=text, integer=_integer, instant=instant, number=_number, null=b"NULL")


def quoted(names: Sequence[str], table: str = "") -> str:
    """Names of columns: ``change`` is a word of the language. Quoted as the session's ANSI_QUOTES has it."""
    before = f"{table}." if table else ""
    return ", ".join(f'{before}"{name}"' for name in names)


def create_table(table: str, collation: str) -> str:
    """The rows table of one epoch. It may be there, empty: CREATE commits by itself, and then the worker died."""
    columns = [f'"{c.name}" {TYPES[c.kind]}{"" if c.nullable else " NOT NULL"}' for c in COLUMNS]
    return (
        f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(columns)}, PRIMARY KEY ({', '.join(KEY)})) "
        f"ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation}"
    )


def show(table: str) -> list[str]:
    """OR REPLACE: in one step, and the rights that others have on the view stay."""
    return [f"CREATE OR REPLACE VIEW {VIEW} AS {shown(table)}"]


LATER = " AND VALUES(fetched_at) > stored.fetched_at"
"""What a value from outside the history must be besides, to replace one with other texts …"""
LATER_AND_OTHER = f"{LATER} AND ({' OR '.join(f'NOT (VALUES({name}) <=> stored.{name})' for name in CONTENT)})"
"""… and one with equal texts. Whether they are, after NFC, is found out beforehand: the database knows no NFC."""
Upsert = tuple[bytes, bytes]
"""What stands before the rows of a statement, and after them."""


@lru_cache
def upsert(table: str, rewrite: bool, guard: str = "") -> Upsert:
    """The guarded upsert: rows are replaced by a larger sequence only.

    Assignments are made from left to right and see what was assigned: so the guard is evaluated once, over the row as
    it was, and remembered in the sign of ``sequence`` until all the others are done. A row that collides with another
    one's unique key, of an index of the receiver's owner, would be written over that one: it is refused (NOT NULL).

    Args:
        table: the rows table.
        rewrite: a row of the same sequence is replaced, too.
        guard: what must hold besides.
    """
    same = " AND ".join(f"VALUES({name}) = stored.{name}" for name in KEY)
    newer = f"VALUES(sequence) {'>=' if rewrite else '>'} stored.sequence{guard}"
    others = [name for name in NAMES if name not in (*KEY, "sequence")]
    assignments = [
        f"sequence = IF({same}, IF({newer}, -1 - VALUES(sequence), stored.sequence), NULL)",
        *(f'"{name}" = IF(stored.sequence < 0, VALUES("{name}"), stored."{name}")' for name in others),
        "sequence = IF(stored.sequence < 0, VALUES(sequence), stored.sequence)",
    ]
    after = " ON DUPLICATE KEY UPDATE " + ", ".join(assignments)
    return (
        f"INSERT INTO {table} ({quoted(NAMES)}) VALUES ".encode(),  # noqa: S608 - our own names, no input
        after.replace("stored.", f"{table}.").encode(),
    )


def stored_texts(table: str, keys: Iterable[tuple[bytes, ...]]) -> bytes:
    """The statement that reads, and keeps from changing, the texts of the rows of these keys; first their keys."""
    wanted = b" OR ".join(
        b"("
        + b" AND ".join(b"%s = %s" % (name.encode(), literal) for name, literal in zip(KEY, key, strict=True))
        + b")"
        for key in keys
    )
    select = f"SELECT {quoted((*KEY, *CONTENT_TEXTS))} FROM {table} WHERE "  # noqa: S608 - our own names, no input
    return select.encode() + wanted + b" FOR UPDATE"


def tuples(rows: Iterable[tuple[bytes, ...]], most: int) -> Iterator[tuple[int, bytes]]:
    """Rows in pieces of one statement each: how many rows, and their text.

    Args:
        rows: literals, in the order of the columns.
        most: bytes that the server takes.

    Raises:
        RowsRefused: a row is longer than that.
    """
    piece: list[bytes] = []
    size = 0
    for columns in rows:
        row = b"(" + b",".join(columns) + b")"
        if len(row) > most:
            raise RowsRefused(f"longer than the {most} bytes that a statement may have (max_allowed_packet)")
        if piece and size + len(row) > PIECE:
            yield len(piece), b",".join(piece)
            piece, size = [], 0
        piece.append(row)
        size += len(row) + 1
    if piece:
        yield len(piece), b",".join(piece)
