"""Whatever comes, and whatever is changed: a customer's table holds what the layout says of the receiver's values."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import MeterValue
from sinks.columns import VIEW, select
from sinks.files.concerned import _delivered
from sinks.layouts import Layout
from sinks.layouts.layout import LayoutFile, Policy
from sinks.layouts.reading import rows
from sinks.points.points import Points
from tests.layout_databases import _cell, in_any_order
from tests.layout_worlds import FIXED, layouts, points_of_a_receiver, values
from tests.projected import TABLE, Projected
from tests.receiver_databases import SQLiteReceiver

EXAMPLES = 15
FOREIGN = "a row of the customer's own"


@dataclass(frozen=True)
class Step:
    """Values that come in one batch, or other points, or a restart with another policy."""

    values: tuple[MeterValue, ...] = ()
    points: Points | None = None
    policy: Policy | None = None


_policies = st.builds(
    Policy,
    estimated=st.sampled_from(["deliver", "wait"]),
    missing=st.sampled_from(["null", "skip"]),
    held=st.sampled_from(["null", "skip"]),
    gap=st.sampled_from(["deliver", "null", "skip"]),
)
_steps = st.lists(
    st.one_of(
        st.builds(Step, values=values.map(lambda some: tuple(one.value for one in some))),
        st.builds(Step, values=values.map(lambda some: tuple(one.value for one in some))),
        st.builds(Step, points=points_of_a_receiver()),
        st.builds(Step, policy=_policies),
    ),
    min_size=1,
    max_size=6,
)


@st.composite
def _projected(draw: st.DrawFn) -> Layout:
    """Any layout, with columns that tell its rows apart."""
    layout = draw(layouts(FIXED))
    file = layout.file.model_dump(by_alias=True)
    file["columns"] = [
        *file["columns"],
        {"name": "begins", "from": "period_start"},
        {"name": "ends", "from": "period_end"},
    ]
    key = ["text_receiver_key"] if layout.keyed else ["text_source", "text_metering_point", "text_category"]
    return replace(
        layout,
        file=LayoutFile.model_validate(file | {"match": [*key, "begins", "ends", "text_granularity"]}),
        into=TABLE,
    )


@settings(max_examples=EXAMPLES, deadline=None)
@given(_projected(), points_of_a_receiver(), _steps)
def test_the_table_holds_what_the_layout_says(layout: Layout, points: Points, steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        there = SQLiteReceiver(Path(folder) / "receiver.sqlite")
        columns = ", ".join(f'"{name}" TEXT' for name in layout.columns)
        there.run(f"CREATE TABLE {TABLE} ({columns}, theirs TEXT)")
        there.run(f"INSERT INTO {TABLE} (theirs) VALUES ('{FOREIGN.replace(chr(39), '')}')")
        ours = Projected(there, layout)
        ours.take(points)
        sequence = 0
        for step in steps:
            if step.values:
                batch = [
                    msgspec.structs.replace(one, sequence=sequence + n, held=_inside(one))
                    for n, one in enumerate(step.values)
                ]
                sequence += len(batch)
                ours.write(*batch)
                assert not ours.letters
            if step.points is not None:
                points = step.points
                ours.take(points)
            if step.policy is not None:
                ours.close()
                layout = replace(layout, policy=step.policy)
                ours = Projected(there, layout)
                ours.settle()
            agree(there, layout, points)
        ours.close()


def _inside(value: MeterValue) -> str | None:
    """Values from outside the history replace others by rules of their own."""
    return None if value.held == "outside_history" else value.held


def agree(there: SQLiteReceiver, layout: Layout, points: Points) -> None:
    held = [_delivered(row) for row in there.run(select(VIEW))]
    names = ", ".join(f'"{name}"' for name in layout.columns)
    found = there.run(f"SELECT {names} FROM {TABLE} WHERE theirs IS NULL")
    assert in_any_order(tuple(map(_cell, layout.kinds, row)) for row in found) == in_any_order(
        row.cells for row in rows(layout, held, points).shown
    )
    assert there.run(f"SELECT count(*) FROM {TABLE} WHERE theirs IS NOT NULL") == [(1,)]
