"""What must be said of a layout whose rows go into a table of the customer's own, and what its table must be like."""

from typing import Any

import pytest

from runtime.errors import ConfigError
from sinks.layouts.layout import Layout, LayoutFile
from sinks.layouts.matching import match_problems
from sinks.layouts.zone import zone_of
from sinks.projections.customers_table import Field, affinity
from sinks.projections.fitness import problems_of, too_narrow
from sinks.projections.projection import Projection, projected
from tests.projected import COLUMNS, MATCH, layout_of


def with_columns(*others: dict[str, Any], match: tuple[str, ...] = (), zone: str = "+01:00", **changed: Any) -> Layout:
    """A layout that shows the receiver key, the consumption, and these columns."""
    columns = [{"name": "item", "from": "receiver_key"}, {"name": "energy", "from": "consumption"}, *others]
    file = LayoutFile.model_validate({"view": "ours", "columns": columns, "match": match} | changed)
    return Layout("ours", file, file.policy, zone_of(zone), "t")


def start(format_: str = "timestamp", name: str = "begins", **more: str) -> dict[str, Any]:
    return {"name": name, "from": "period_start", "format": format_} | more


def test_a_layout_whose_rows_are_told_apart_has_no_problem() -> None:
    assert match_problems(layout_of()) == []
    assert match_problems(with_columns(start("YYYY-MM"), match=("item", "begins"), granularities=["month"])) == []
    assert match_problems(with_columns(start("date"), match=("item", "begins"), granularities=["day"])) == []
    ends = {"name": "ends", "from": "period_end"}
    assert match_problems(with_columns(start(), ends, match=("item", "begins", "ends"))) == []


@pytest.mark.parametrize(
    ("layout", "problem"),
    [
        (with_columns(start(), match=()), "say by which columns: match = [ … ]"),
        (with_columns(start(), match=("begins",), granularities=["month"]), "a column from receiver_key"),
        (with_columns(start(), match=("item", "begins")), "a column from granularity must be among them"),
        (with_columns(start("date"), match=("item", "begins"), granularities=["hour"]), "tells all periods of hour"),
        (with_columns(match=("item",), granularities=["month"]), "a time of the period"),
        (
            with_columns(start(), match=("item", "begins"), granularities=["hour"], zone="Europe/Stockholm"),
            "without change-over",
        ),
        (
            with_columns(start(), match=("item", "begins", "energy"), granularities=["hour"]),
            "energy may change while the row stays the same",
        ),
        (
            with_columns(
                {"name": "step", "from": "granularity", "texts": {"hour": "x", "day": "x"}},
                start(),
                match=("item", "begins", "step"),
            ),
            "step: texts make one of several",
        ),
        (with_columns(start(), match=("item", "begins"), key="series", granularities=["hour"]), "a column from source"),
    ],
)
def test_rows_that_could_not_be_told_apart_are_refused_before_anything_starts(layout: Layout, problem: str) -> None:
    assert any(problem in line for line in match_problems(layout)), match_problems(layout)


def test_a_match_column_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="match: nothing is no column of this layout"):
        layout_of(match=("item", "nothing"))


def test_every_problem_of_the_settings_is_said_at_once() -> None:
    file = LayoutFile.model_validate({"view": "theirs", "columns": COLUMNS})
    theirs = Layout("theirs", file, file.policy, zone_of("UTC"))
    with pytest.raises(ConfigError) as caught:
        projected([layout_of(into=None), theirs], {"ours": "t", "theirs": "t", "other": "u"}, "receivers.vitec.into")
    assert [line.removeprefix("receivers.vitec.into: ") for line in caught.value.problems] == [
        "layout theirs: its rows go into a table of your own; say by which columns: match = [ … ]",
        "other is the view of no layout; there are: ours, theirs",
        "two layouts go into table t; give each its own",
    ]


def field(name: str, kind: str, **more: Any) -> Field:
    common = {"length": None, "scale": None, "fraction": None, "required": False, "made": False}
    return Field(name, kind, **(common | more))


GOOD = [
    field("item", "character varying", length=80),
    field("granularity", "text"),
    field("period_start", "timestamp without time zone", fraction=0),
    field("Energy", "numeric", scale=3),
    field("rest", "numeric"),
    field("status", "text", required=True),
    field("theirs", "json"),
]


def test_a_table_that_takes_all_has_no_problem() -> None:
    projection = Projection(layout_of(), "t")
    assert list(problems_of("postgresql", projection, GOOD)) == []
    assert list(too_narrow(projection, GOOD, {"receiver_key": ["p" * 80, None]})) == []
    assert len(list(too_narrow(projection, GOOD, {"receiver_key": ["p" * 81]}))) == 1


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (field("Energy", "numeric", scale=2), "Energy has 2 decimals, the layout 3: numbers would be rounded"),
        (field("Energy", "double precision"), "Energy is double precision, the layout shows a number"),
        (field("rest", "integer", scale=0), "rest has 0 decimals, the layout 12"),
        (field("item", "character", length=80), "item is character, the layout shows a text"),
        (field("period_start", "timestamp with time zone", fraction=6), "period_start is timestamp with time zone"),
        (field("status", "text", made=True), "status is filled by the database itself"),
        (field("theirs", "text", required=True), "theirs must not be NULL, and the layout does not fill it"),
    ],
)
def test_a_table_that_would_cut_round_or_shift_is_refused(changed: Field, problem: str) -> None:
    fields = [changed if one.name == changed.name else one for one in GOOD]
    (found,) = problems_of("postgresql", Projection(layout_of(), "t"), fields)
    assert found[0].startswith(problem)


def test_a_column_that_is_missing_or_too_narrow_for_what_the_layout_says_is_found() -> None:
    narrow = [
        {"name": "step", "from": "granularity", "texts": {"hour": "timme"}},
        start("YYYY-MM-DD hh:mm"),
        {"name": "read", "from": "reading_at"},
    ]
    projection = Projection(with_columns(*narrow, match=(MATCH[0], "step", "begins")), "t")
    fields = [
        field("item", "text"),
        field("step", "character varying", length=4),
        field("begins", "character varying", length=15),
        field("read", "timestamp without time zone", fraction=3),
    ]
    assert [line.split(" (")[0] for line, _ in problems_of("postgresql", projection, fields)] == [
        "it has no column energy",
        "step takes 4 characters, the layout says up to 5",
        "begins takes 15 characters, the layout says up to 16",
        "read keeps 3 digits of a second",
    ]


def test_instants_go_into_a_column_with_a_zone_where_they_are_shown_in_utc() -> None:
    projection = Projection(with_columns(start(zone="UTC"), match=("item", "begins")), "t")
    fields = [field("item", "text"), field("energy", "numeric"), field("begins", "timestamp with time zone")]
    assert list(problems_of("postgresql", projection, fields)) == []


@pytest.mark.parametrize(
    ("declared", "kind"),
    [("INTEGER", "integer"), ("varchar(80)", "text"), ("", "blob"), ("DOUBLE", "real"), ("DECIMAL(18,3)", "numeric")],
)
def test_sqlite_s_types_are_told_by_their_affinity(declared: str, kind: str) -> None:
    assert affinity(declared) == kind
