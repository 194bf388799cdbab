"""Which guard each row of a batch is written under."""

from collections.abc import Iterator, Sequence

from sinks.batch import Row
from sinks.mariadb.connection import Talking
from sinks.mariadb.statements import LATER, LATER_AND_OTHER, Upsert, upsert
from sinks.mariadb.texts import same_texts


def guarded(
    connection: Talking, table: str, rows: Sequence[Row], rewrite: bool
) -> Iterator[tuple[Upsert, Sequence[Row]]]:
    """The rows by what they must fulfil to replace others, each with its statement."""
    outside = [row for row in rows if row.outside]
    yield upsert(table, rewrite), [row for row in rows if not row.outside] if outside else rows
    if outside:
        same = same_texts(connection, table, outside)
        for guard in (LATER, LATER_AND_OTHER):
            chosen = [row for row in outside if (row.identity in same) == (guard == LATER_AND_OTHER)]
            yield upsert(table, rewrite, guard), chosen
