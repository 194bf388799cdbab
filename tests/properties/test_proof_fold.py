"""The fold of the feed leaves the very rows that the guard of a receiver's table leaves."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from operations.proof.feed import Passed, left_by_guard
from operations.proof.held_rows import read_rows
from operations.proof.rows import NAMES, Version
from operations.proof.sorted_rows import SortedRows, sorting
from schemas.events import MeterValue
from schemas.instants import HOUR
from sinks.sql_writer import SqlWriter
from sinks.sqlite.database import SQLite
from sinks.writer import Receiver
from tests.sink_rows import AT, outside, row, value
from tests.sink_writing import TOPIC, write


@st.composite
def streams(draw: st.DrawFn) -> list[MeterValue]:
    """Values of few identities, in the order of a log: sequences rise, some come twice."""
    made = []
    for sequence in range(1, draw(st.integers(1, 12))):
        kind = draw(st.sampled_from((value, outside)))
        made.append(
            kind(
                sequence,
                metering_point=draw(st.sampled_from("ab")),
                reading_at=AT + draw(st.integers(0, 1)),
                value=draw(st.sampled_from((None, 0, 1))),
                unit=draw(st.sampled_from(("kWh", "e\u0301", "\u00e9"))),
                fetched_at=AT + draw(st.integers(0, 4)),
            )
        )
    return made + made[draw(st.integers(0, len(made))) :]


def feed(values: list[MeterValue]) -> list[tuple[Any, ...]]:
    return [row(each).columns[: len(NAMES)] for each in values]


def held(values: list[MeterValue], folder: str, into: SortedRows) -> list[Version]:
    """What a receiver's table holds after these, one batch each."""
    file = Path(folder, "receiver.sqlite")
    writer = SqlWriter(SQLite("vitec", file, 5.0), Receiver("vitec", "1"), now=lambda: AT)
    writer.open(TOPIC, [0, 1])
    for number, each in enumerate(values):
        write(writer, each, before=number)
    writer.close()
    read_rows(SQLite("vitec", file, 5.0), "vitec", into)
    return list(into)


@settings(deadline=None, max_examples=60)  # each makes a database
@example([value(1, unit="\u00e9"), outside(2, unit="e\u0301", fetched_at=AT + 9 * HOUR)])
@given(streams())
def test_the_fold_leaves_what_the_guard_leaves(values: list[MeterValue]) -> None:
    with tempfile.TemporaryDirectory() as folder, sorting() as (expected, found):
        expected.add(feed(values))
        assert list(left_by_guard(expected, Passed())) == held(values, folder, found)
