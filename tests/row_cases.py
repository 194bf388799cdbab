"""How a case is written: readings in, rows out."""

from typing import Any

from schemas.events import Reading
from tests.metering import Number, at, number, rows_of

Row = tuple[int | None, Number, Number, str | None]
"""Hour of the previous reading, delta, consumption, held."""

Case = tuple[str, list[Reading], list[Row]]

NOTHING: Row = (None, None, None, None)


def check(readings: list[Reading], expected: list[Row]) -> None:
    """Feeds the readings in one chunk and compares the final rows, by reading_at."""
    rows = [(value.previous_reading_at, value.delta, value.consumption, value.held) for value in rows_of(readings)]
    assert rows == [
        (None if hour is None else at(hour), number(delta), number(consumption), held)
        for hour, delta, consumption, held in expected
    ]


def case_id(parameter: Any) -> str | None:
    """The name of a case, for pytest's report."""
    return parameter if isinstance(parameter, str) else ""
