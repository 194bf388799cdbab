"""How changes are noted: statements that have SQLite itself note them, in the transaction that makes them."""

from collections.abc import Iterator, Sequence

from sinks import columns
from sinks.columns import VIEW

_KEY = ", ".join(columns.KEY)
_SERIES = ("metering_point", "source", "delivery_category")


def noting_rows(table: str) -> list[str]:
    """Notes the changed rows of a table, and of it alone; first all of it, where it is another than before.

    The canary is in no drop: it is not noted.
    """
    shown = f"WHEN NEW.{columns.NO_CANARY}"
    other = f"NOT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}')"  # noqa: S608 - our own names, no input
    return [
        f"DELETE FROM changes WHERE {other}",  # noqa: S608
        f"DELETE FROM series WHERE {other}",  # noqa: S608
        f"INSERT INTO changes SELECT {_KEY} FROM {table} WHERE {columns.NO_CANARY} AND {other}",  # noqa: S608
        f"INSERT INTO series SELECT DISTINCT {', '.join(_SERIES)} FROM {table} WHERE {columns.NO_CANARY} AND {other}",  # noqa: S608
        *_trigger(
            "note_insert", f"AFTER INSERT ON {table} {shown}", _noted("changes", columns.KEY), _noted("series", _SERIES)
        ),
        *_trigger("note_update", f"AFTER UPDATE ON {table} {shown}", _noted("changes", columns.KEY)),
    ]


def noting_points() -> list[str]:
    """Notes the rows that belong to a line of the points that comes or goes: what layouts show of them is another."""
    return [
        *_trigger("note_point", "AFTER INSERT ON points", _rows_of("NEW")),
        *_trigger("note_no_point", "AFTER DELETE ON points", _rows_of("OLD")),
    ]


def not_noting_points() -> list[str]:
    """Undoes it."""
    return ["DROP TRIGGER IF EXISTS note_point", "DROP TRIGGER IF EXISTS note_no_point"]


def note_all() -> str:
    """Notes every row."""
    return f"INSERT INTO changes SELECT {_KEY} FROM {VIEW} AS row WHERE {_unknown('changes', columns.KEY, 'row')}"  # noqa: S608 - our own names


def _trigger(name: str, when: str, *actions: str) -> Iterator[str]:
    yield f"DROP TRIGGER IF EXISTS {name}"
    yield f"CREATE TRIGGER {name} {when} BEGIN {' '.join(f'{action};' for action in actions)} END"


def _noted(table: str, names: Sequence[str]) -> str:
    # Not INSERT OR IGNORE: in a trigger the conflict clause of the statement outside would hold.
    new = ", ".join(f"NEW.{name}" for name in names)
    return f"INSERT INTO {table} SELECT {new} WHERE {_unknown(table, names, 'NEW')}"


def _unknown(table: str, names: Sequence[str], row: str) -> str:
    same = " AND ".join(f"{table}.{name} = {row}.{name}" for name in names)
    return f"NOT EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - our own names


def _rows_of(point: str) -> str:
    key = ", ".join(f"row.{name}" for name in columns.KEY)
    same = " AND ".join(f"row.{name} = series.{name}" for name in _SERIES)
    return (
        f"INSERT INTO changes SELECT {key} FROM series CROSS JOIN {VIEW} AS row ON {same} "  # noqa: S608 - our own names
        f"WHERE series.metering_point = {point}.metering_point "
        f"AND {point}.delivery_category IN ('', series.delivery_category) "
        f"AND {point}.granularity IN ('', row.granularity) "
        f"AND {point}.valid_from <= row.period_start AND row.period_end <= {point}.valid_to "
        f"AND {_unknown('changes', columns.KEY, 'row')}"
    )
