"""Records of benchmarks, and what is made from them: two pages, and the unit costs of `meterstream plan`."""

import json
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from benchmarks import capacity_page, page, records, results, results_page, unit_costs
from benchmarks.goals import GOALS
from benchmarks.records import Record
from operations.unit_costs import UnitCost, UnitCosts, shipped, table

MACHINE = {"cores": 2, "memory_gib": 8, "python": "3.11.7", "libraries": {"aiokafka": "0.14.0"}}
PLACES = "<!-- paces -->\n<!-- amounts -->\n<!-- curves -->\n<!-- machines -->\n"
FACTOR = 2.0
"""The model is held to this."""


def pace(what: str, per_second: float, limit: float | None = None, **cpu: float) -> Record:
    return Record(what, "2026-11-23", MACHINE, cpu, {"worker": 120}, per_second, limit, 1_000)


def figure(what: str, value: float, unit: str, goal: float | None = None, **cpu: float) -> Record:
    return Record(what, "2026-11-24", MACHINE, cpu, value=value, unit=unit, goal=goal)


def by_what(*some: Record) -> dict[str, Record]:
    return dict(records.newest(some))


def test_a_record_is_read_as_results_write_it(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks.jsonl"
    assert records.read(file) == []
    line = {"what": "w", "per_second": 5, "raw_limit": None, "cpu_per_million": {"worker": 1.5}, "count": 9}
    file.write_text(json.dumps(line | {"peak_mib": {"worker": 7}, "at": "2026-11-23", "machine": MACHINE}) + "\n")
    (found,) = records.read(file)
    assert (found.per_second, found.ratio, found.cpu_per_million) == (5, None, {"worker": 1.5})


def test_the_newest_record_of_each_thing_is_told() -> None:
    text = results_page.page(by_what(pace("thing", 10), pace("other", 20), pace("thing", 30)), PLACES)
    assert "| thing | 30 |" in text
    assert "| thing | 10 |" not in text
    assert "| other | 20 |" in text


@pytest.mark.parametrize(
    ("per_second", "limit", "reached"),
    [(25_000, 62_000, "yes"), (24_999, 40_000, "**no**"), (25_000, 63_000, "**no**")],
)
def test_a_goal_is_reached_where_pace_and_ratio_are(per_second: float, limit: float, reached: str) -> None:
    text = results_page.page(by_what(pace("streams: new readings", per_second, limit, worker=35.5)), PLACES)
    (line,) = [each for each in text.splitlines() if each.startswith("| streams: new readings |")]
    assert f"| ≥ 0.4 of the limit, ≥ 25,000 | {reached} | worker 35.5 | worker 120 | 2026-11-23 |" in line


@pytest.mark.parametrize(("seconds", "reached"), [(15.0, "yes"), (15.1, "**no**")])
def test_a_figure_brings_its_goal_along(seconds: float, reached: str) -> None:
    text = results_page.page(by_what(figure("recovery", seconds, "s", 15)), PLACES)
    assert f"| recovery | {seconds:g} s | ≤ 15 s | {reached} |" in text


def test_the_points_of_a_curve_stand_in_their_order_and_in_no_other_table() -> None:
    points = (pace(f"streams: new readings, {number:,} points", 4e7 / number) for number in (100_000, 1_000, 20_000))
    text = results_page.page(by_what(*points, pace("streams: new readings, 1 worker", 9)), PLACES)
    start = text.index("**streams: new readings** over points")
    assert text.index("| 1,000 | 40,000 | 1.00 |") > start
    assert text.index("| 1,000 |") < text.index("| 20,000 | 2,000 | 0.05 |") < text.index("| 100,000 | 400 | 0.01 |")
    assert "**streams: new readings** over workers" in text
    assert "| streams: new readings, " not in text


def test_the_machine_is_told_once() -> None:
    text = results_page.page(by_what(pace("a", 1), pace("b", 1), figure("size: a row", 300, "bytes")), PLACES)
    assert text.count("- 2 cores, 8 GiB, Python 3.11.7, aiokafka 0.14.0\n") == 1


def test_a_place_without_a_table_and_a_table_without_a_place_are_told() -> None:
    with pytest.raises(ValueError, match="no line <!-- paces -->"):
        results_page.filled("", {"paces": ""})
    with pytest.raises(ValueError, match="a place is left"):
        results_page.filled("<!-- other -->\n", {})


def test_a_unit_cost_is_the_newest_record_s_and_else_stays_as_it_is() -> None:
    before = table()
    after = unit_costs.derived(by_what(pace("streams: new readings", 1, worker=30.04, Kafka=8.6)), before)
    assert after["streams_new"].value == 30
    assert after["streams_new"].found == "streams: new readings (2026-11-23)"
    assert after["streams_new_kafka"].value == 8.6
    assert after["sinks_row"] == before["sinks_row"]


def test_a_call_and_what_each_of_its_readings_adds_follow_from_answers_of_two_sizes() -> None:
    days, hours = unit_costs.SEEN
    known = by_what(pace(days, 1, worker=200.0 + 14 * 0.5), pace(hours, 1, worker=200.0 + 336 * 0.5))
    after = unit_costs.derived(known, table())
    assert after["producer_call"].value == 200
    assert after["producer_unchanged"].value == 0.5
    days, hours = unit_costs.LOADS
    known = by_what(pace(days, 1, worker=800 / 14 + 9, Kafka=2), pace(hours, 1, worker=800 / 336 + 9, Kafka=2))
    after = unit_costs.derived(known, table())
    assert (after["producer_changed"].value, after["producer_reading"].value) == (800, 9)
    assert (after["producer_changed_kafka"].value, after["producer_reading_kafka"].value) == (0, 2)
    half = unit_costs.derived(by_what(pace(unit_costs.SEEN[0], 1, worker=300.0)), table())
    assert half["producer_call"] == table()["producer_call"]


def test_unit_costs_are_read_as_they_were_written() -> None:
    costs = {"a": UnitCost(1.5, "µs", 'says "this"', "åäö \\ there"), "b": UnitCost(1.1e8, "bytes", "m", "f")}
    read = {name: UnitCost(**cost) for name, cost in tomllib.loads(unit_costs.written(costs)).items()}
    assert read == costs


def test_every_unit_cost_of_the_model_has_an_origin_and_none_is_less_than_nothing() -> None:
    assert (
        [origin.name for origin in unit_costs.ORIGINS] == [field.name for field in fields(UnitCosts)] == list(table())
    )
    assert all(value >= 0 for value in vars(shipped()).values())


COSTS = UnitCosts(**dict.fromkeys(vars(shipped()), 10.0) | {"producer_changed": 500.0, "producer_changed_kafka": 0.0})
LARGE = "end to end: 200,000 readings of 400 points from HTTP to rows in PostgreSQL"
SMALL = LARGE.replace("200,000", "100,000").replace("400", "200")


def test_a_run_from_end_to_end_is_held_against_the_model() -> None:
    measured = {"producer": 14.4, "streams-1": 4.0, "streams-2": 5.0, "sink": 10.0, "PostgreSQL": 8.0, "Kafka": 60.0}
    found = list(capacity_page.checks(by_what(figure(LARGE, 9, "s", None, **measured)), COSTS))
    assert {check.what for check in found} == {LARGE}
    assert {check.process: pytest.approx(check.ratio) for check in found} == {
        "producer": 1.2,
        "streams": 0.9,
        "sink": 1.0,
        "PostgreSQL": 0.8,
        "Kafka": 2.0,
    }


def test_what_a_process_costs_to_begin_is_in_no_reading_beyond() -> None:
    """Two CPU seconds for the broker, whatever it is given then: 20 of a million in the small run, 10 in the large."""
    rest = {"producer": 12.0, "streams": 10.0, "sink": 10.0, "PostgreSQL": 10.0}
    small, large = (figure(what, 9, "s", None, **rest, Kafka=each) for what, each in ((SMALL, 50.0), (LARGE, 40.0)))
    *_, kafka = capacity_page.checks(by_what(small, large), COSTS)
    assert (kafka.what, kafka.process) == ("end to end: 200,000 readings beside 100,000, each one more", "Kafka")
    assert kafka.measured == pytest.approx(30.0)
    assert kafka.ratio == pytest.approx(1.0)


def test_the_memory_of_a_restored_worker_is_held_against_the_model() -> None:
    costs = UnitCosts(**dict.fromkeys(vars(shipped()), 1.048576))
    restored = figure("state, restored, per 1,000,000 readings", 1.5, "MiB", 143)
    (check,) = capacity_page.checks(by_what(restored), costs)
    assert check.predicted == pytest.approx(1.0)
    assert check.ratio == pytest.approx(1.5)


def test_the_model_agrees_with_what_was_recorded() -> None:
    for check in capacity_page.checks(records.newest(records.read(results.FILE)), shipped()):
        assert 1 / FACTOR <= check.ratio <= FACTOR, check


def test_a_goal_of_which_nothing_was_recorded_is_told() -> None:
    text = results_page.page(by_what(pace("streams: duplicates", 70_000)), PLACES)
    assert text.count("| not recorded |") == len(GOALS) - 1
    assert "| sinks: known rows again |  |  |  | ≥ 80,000 | not recorded |  |  |  |\n" in text


def test_what_is_made_from_the_records_is_current() -> None:
    """If this fails: python -m benchmarks.page."""
    for file, text in page.texts().items():
        assert file.read_text("utf-8") == text, file.name
