"""The rows of one drop: those that are noted as changed, in the order of their key, up to a number."""

from collections.abc import Iterator, Sequence
from typing import Any

from sinks import columns
from sinks.database import Database

PAGE = 2_000
"""Rows that are held in memory at once."""

_KEY = ", ".join(columns.KEY)
_THEIRS = ", ".join(f"changes.{name}" for name in columns.KEY)
_PLACE = ", ".join("?" for _ in columns.KEY)
_SAME = " AND ".join(f"shown.{name} = changes.{name}" for name in columns.KEY)
# CROSS JOIN: SQLite goes along the changes, which are few.
_PIECE = f"({_THEIRS}) > ({_PLACE}) AND ({_THEIRS}) <= ({_PLACE})"
_ROWS = (
    f"SELECT {', '.join(f'shown.{name}' for name in columns.NAMES)} FROM changes "  # noqa: S608 - our own names, no input
    f"CROSS JOIN {columns.VIEW} AS shown ON {_SAME} "
    f"WHERE {_PIECE} ORDER BY {_THEIRS} LIMIT {PAGE}"
)


def waiting(state: Database, most: int) -> int:
    """How many rows are noted; counted up to ``most``."""
    ((count,),) = state.execute("SELECT count(*) FROM (SELECT 1 FROM changes LIMIT ?)", [most])
    return int(count)


class Changed:
    """The first so many of the rows that are noted. Every call is within a transaction in which none changes."""

    def __init__(self, state: Database, count: int) -> None:
        """``count``: at least 1, and noted there."""
        self.state = state
        self.last: Sequence[Any]
        """The key of the last of them."""
        (self.last,) = state.execute(
            f"SELECT {_KEY} FROM changes ORDER BY {_KEY} LIMIT 1 OFFSET ?",  # noqa: S608 - our own names
            [count - 1],
        )

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Each with the columns of ``meter_values``, as SQLite has them."""
        after: Sequence[Any] = [""] * len(columns.KEY)
        while page := self.state.execute(_ROWS, [*after, *self.last]):
            yield from page
            after = page[-1][: len(columns.KEY)]

    def pieces(self) -> Iterator[tuple[str, Sequence[Any]]]:
        """A condition and its parameters for each so many of them, for a statement over ``changes``."""
        after: Sequence[Any] = [""] * len(columns.KEY)
        while after != self.last:
            found = self.state.execute(
                f"SELECT {_KEY} FROM changes WHERE {_PIECE} ORDER BY {_KEY} LIMIT 1 OFFSET ?",  # noqa: S608 - our own names
                [*after, *self.last, PAGE - 1],
            )
            end: Sequence[Any] = found[0] if found else self.last
            yield _PIECE, [*after, *end]
            after = end

    def forget(self) -> None:
        """They are in a drop that is whole."""
        self.state.execute(f"DELETE FROM changes WHERE ({_KEY}) <= ({_PLACE})", self.last)  # noqa: S608 - our own names
