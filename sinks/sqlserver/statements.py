"""The statements of this room in T-SQL: names within a schema, types, the session, and the guarded upsert.

Texts stand in a binary collation, so that they compare as they are but for one thing that no collation of SQL Server
knows: blanks at the end, which its comparisons leave out. So the key holds besides how many there are
(``key_blanks``), and the guard compares texts by a digest (``texts_digest``), which moreover makes NFC of them.

Instants are ``datetime2(6)`` in UTC, as everywhere in these receivers' own databases, and not ``datetimeoffset``: a
row would carry the offset zero for ever, and be compared with their local columns all the same through a view.
"""

import re
from collections.abc import Sequence

from schemas.reasons import Held
from sinks.columns import COLUMNS, CONTENT, KEY, NAMES, VIEW, Column, shown

INCOMING = "#incoming"
BLANKS = "key_blanks"
"""Of the texts of the key, how many blanks end each. A column of the table, not of the view."""
DIGEST = "texts_digest"
"""Of the CONTENT_TEXTS after NFC: T-SQL cannot normalise. A column of the table, not of the view."""
OWN = (BLANKS, DIGEST)
"""Columns behind those of a row; bigint."""
SAVEPOINT = "before_rows"
COLLATION = "Latin1_General_100_BIN2"
TEXT_UNITS = 200
"""UTF-16 units that a text may have; a longer one is refused. Memory is set aside for half of what is declared."""
KEY_UNITS = {"source": 64, "metering_point": 256, "delivery_category": 64}
"""For the texts of the key: a clustered one takes 900 bytes, two to a unit."""
_TYPES = {"integer": "bigint", "instant": "datetime2(6)", "number": "decimal(38,12)"}

_NAMED = re.compile(
    r"\b(FROM|JOIN|INTO|UPDATE|TABLE|VIEW|EXISTS|REFERENCES|INDEX\s+\w+\s+ON)(\s+)(?!(?:SET|IF)\b)([A-Za-z_]\w*)\b(?!\s*\.)"
)
_NAMED_HERE = re.compile(r"\b([A-Za-z_]\w*)\s+AS\s+\(")
"""A common table expression: a name within its statement."""


def units(column: Column) -> int:
    """How many UTF-16 units a text column takes."""
    return KEY_UNITS.get(column.name, TEXT_UNITS)


def within(schema: str, statement: str) -> str:
    """A statement whose tables and views stand in a schema: a session of SQL Server has no schema of its own choice."""
    here = set(_NAMED_HERE.findall(statement))

    def named(match: re.Match[str]) -> str:
        word, space, name = match.groups()
        return f"{word}{space}{name if name in here else f'[{schema}].{name}'}"

    return _NAMED.sub(named, statement)


def session(lock_timeout: float) -> Sequence[str]:
    """What a session sets. ``lock_timeout``: seconds to wait for a lock.

    XACT_ABORT is off, whatever the server's own default: a refused row must not end the transaction, in which the
    others are delivered. Every other trouble ends the connection, and with it the transaction.
    """
    return (
        "SET LANGUAGE us_english",
        "SET NOCOUNT ON",
        "SET XACT_ABORT OFF",
        "SET IMPLICIT_TRANSACTIONS OFF",
        "SET ANSI_NULLS ON",
        "SET ANSI_PADDING ON",
        "SET ANSI_WARNINGS ON",  # a text too long for its column is an error, and not cut
        "SET ARITHABORT ON",
        "SET CONCAT_NULL_YIELDS_NULL ON",
        "SET NUMERIC_ROUNDABORT OFF",
        "SET QUOTED_IDENTIFIER ON",
        f"SET LOCK_TIMEOUT {int(lock_timeout * 1000)}",
        _incoming(),
    )


def create_table(table: str) -> str:
    """The rows table of one epoch."""
    columns = [f"{c.name} {_type(c)}{'' if c.nullable else ' NOT NULL'}" for c in COLUMNS]
    columns += [f"{name} bigint NOT NULL" for name in OWN]
    return f"CREATE TABLE {table} ({', '.join(columns)}, PRIMARY KEY ({', '.join((*KEY, BLANKS))}))"


def show(table: str) -> str:
    """The view over a rows table; rights on it, and views that others have built on it, stay."""
    return f"CREATE OR ALTER VIEW {VIEW} AS {shown(table)}"


def merge(table: str, rewrite: bool = False) -> str:
    """The guarded upsert of what is incoming, as :func:`sinks.columns.upsert`; to be ended with a semicolon.

    HOLDLOCK: between looking for a row and inserting it nobody else inserts it.
    """
    key, names = (*KEY, BLANKS), (*NAMES, *OWN)
    same = " AND ".join(f"incoming.{name} = stored.{name}" for name in key)
    content = (*CONTENT, DIGEST)
    replaced = ", ".join(f"{name} = incoming.{name}" for name in names if name not in key)
    return (
        f"MERGE INTO {table} WITH (HOLDLOCK) AS stored USING {INCOMING} AS incoming ON {same} "  # noqa: S608 - our own names, no input
        f"WHEN MATCHED AND incoming.sequence {'>=' if rewrite else '>'} stored.sequence AND ("
        f"EXISTS (SELECT incoming.held EXCEPT SELECT N'{Held.OUTSIDE_HISTORY}') "
        f"OR incoming.fetched_at > stored.fetched_at AND EXISTS ({_of('incoming', content)} EXCEPT "
        f"{_of('stored', content)})) THEN UPDATE SET {replaced} "
        f"WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) "
        f"VALUES ({', '.join(f'incoming.{name}' for name in names)})"
    )


def counted(statement: str, times: int) -> str:
    """A statement so many times, and how many rows it touched in all; what triggers of others touch does not count."""
    each = f"{statement}; SET @touched += @@ROWCOUNT; "
    return f"DECLARE @touched bigint = 0; {each * times}SELECT @touched"


def lock(resource: str, patience: float) -> tuple[str, list[str]]:
    """Within a transaction: a lock of this name, until its end. The answer is negative where it was not got."""
    return (
        "DECLARE @got int; EXEC @got = sp_getapplock @Resource = ?, @LockMode = N'Exclusive', "
        f"@LockOwner = N'Transaction', @LockTimeout = {int(patience * 1000)}; SELECT @got",
        [resource],
    )


def _of(table: str, names: Sequence[str]) -> str:
    return f"SELECT {', '.join(f'{table}.{name}' for name in names)}"


def _incoming() -> str:
    columns = [f"{column.name} {_type(column)} NULL" for column in COLUMNS] + [f"{name} bigint NULL" for name in OWN]
    return f"CREATE TABLE {INCOMING} ({', '.join(columns)})"


def _type(column: Column) -> str:
    if column.kind == "text":
        return f"nvarchar({units(column)}) COLLATE {COLLATION}"
    return _TYPES[column.kind]
