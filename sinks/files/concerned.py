"""What changes concern: of each changed row all values of its key and period, since a layout may put them together."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from schemas import exact, instants
from schemas.events import MeterValue
from sinks import columns
from sinks.columns import VIEW
from sinks.files.changed import Changed
from sinks.layouts.expressions import of_point, same
from sinks.layouts.reading import Delivered
from sinks.sqlite.database import TYPES

_TABLE = "temp.concerned"
_PERIOD = ("granularity", "period_start", "period_end")
_INTO = f"INSERT OR IGNORE INTO {_TABLE} SELECT {', '.join(f'row.{name}' for name in columns.NAMES)} FROM changes"  # noqa: S608 - our own names, no input


# A reading lies within its period, the ends included, whatever its date names. CROSS JOIN: SQLite keeps to the order.
_IN_PERIOD = f"row.reading_at BETWEEN one.period_start AND one.period_end AND {same('row', 'one', _PERIOD)}"
_CHANGED = f"CROSS JOIN {VIEW} AS one ON {same('one', 'changes', columns.KEY)}"
OF_THE_SERIES = f"{_INTO} {_CHANGED} CROSS JOIN {VIEW} AS row ON {same('row', 'one', columns.SERIES)} AND {_IN_PERIOD}"
OF_THE_KEY = (
    f"{_INTO} {_CHANGED} CROSS JOIN points AS point ON {of_point('one', 'point')} "
    "CROSS JOIN points AS other ON other.receiver_key = point.receiver_key "
    "CROSS JOIN series ON series.metering_point = other.metering_point "
    "AND other.delivery_category IN ('', series.delivery_category) "
    f"CROSS JOIN {VIEW} AS row ON {same('row', 'series', columns.SERIES)} AND {_IN_PERIOD} "
    f"AND {of_point('row', 'other')}"
)


def concerned(changed: Changed, statements: Sequence[str]) -> Iterator[list[Delivered]]:
    """The values, piece by piece; one may come in several pieces. A piece holds all of each key and period.

    Args:
        changed: the rows of a drop.
        statements: :data:`OF_THE_SERIES`; and :data:`OF_THE_KEY`, where several series may have one key.
    """
    state = changed.state
    # What fails before it is dropped ends the transaction, and the table with it.
    state.execute(columns.create_table(_TABLE, TYPES, "WITHOUT ROWID"))
    for where, bounds in changed.pieces():
        for statement in statements:
            state.execute(f"{statement} WHERE {where}", bounds)
        yield [_delivered(row) for row in state.execute(columns.select(_TABLE))]
        state.execute(f"DELETE FROM {_TABLE}")  # noqa: S608 - our own name
    state.execute(f"DROP TABLE {_TABLE}")


_KINDS = tuple(column.kind for column in columns.COLUMNS)


def _delivered(row: Sequence[Any]) -> Delivered:
    fields: list[Any]
    *fields, delivered_at = (
        cell if cell is None or kind in ("text", "integer") else _read(kind, cell)
        for kind, cell in zip(_KINDS, row, strict=True)
    )
    return Delivered(MeterValue(*fields), delivered_at)


@lru_cache(maxsize=1 << 16)
def _read(kind: str, text: str) -> int:
    """An instant or a number as SQLite has it."""
    return instants.from_datetime(datetime.fromisoformat(text)) if kind == "instant" else exact.parse(text)
