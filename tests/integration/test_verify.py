"""`meterstream receivers verify` on real Kafka and real databases, filled by a real worker."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from local.cluster import Cluster
from operations.command import main
from schemas.events import MeterValue
from schemas.exact import ONE
from schemas.instants import HOUR
from tests.receiver_databases import PostgreSQLReceiver
from tests.sink_rows import AT, StoredRecord, canary_value, outside, record, value
from tests.sink_system import SinkProcess, SinkSystem, on_database, until
from tests.staged_receiver import StagedReceiver

pytestmark = pytest.mark.services


@pytest.fixture(params=["sqlite", "postgresql"])
def system(request: pytest.FixtureRequest, kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[SinkSystem]:
    yield from on_database(request, kafka, unique, tmp_path)


def verify(system: SinkSystem, *options: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(system.config), "receivers", "verify", "vitec", *options])


def found(system: SinkSystem) -> dict[str, Any]:
    done = verify(system, "--json")
    outcome: dict[str, Any] = json.loads(done.stdout)
    assert done.exit_code == (0 if outcome["verdict"] == "equal" else 2)
    return outcome


def delivered(system: SinkSystem, count: int) -> SinkProcess:
    """A worker, once it has committed so many values."""
    worker = system.start()
    until(lambda: worker.metric("rows_written_total") + worker.metric("rows_superseded_total") == count)
    return worker


def feed() -> list[MeterValue]:
    """Hours of three points, a missing one, a correction, and values from outside the history."""
    hours = [
        value(number, metering_point=f"p{number % 3}", reading_at=AT + number // 3 * HOUR, value=number * ONE + 1)
        for number in range(30)
    ]
    return [
        *hours,
        value(31, metering_point="p1", reading_at=AT + 20 * HOUR, value=None, consumption=None, quality="missing"),
        value(32, metering_point="p1", reading_at=AT, value=-7, cause="corrected", fetched_at=AT + 9 * HOUR),
        outside(33, metering_point="p1", reading_at=AT, value=5, fetched_at=AT + 10 * HOUR),
        outside(34, metering_point="p2", reading_at=AT, value=5, fetched_at=AT - HOUR),
    ]


WRONG = {
    "a row is missing": (
        "DELETE FROM meter_values_e1 WHERE sequence = 9",
        {"missing": 1, "extra": 0, "different": 0, "fields": {}},
    ),
    "a digit changed": (
        "UPDATE meter_values_e1 SET value = '9.000000000002' WHERE sequence = 9",
        {"missing": 0, "extra": 0, "different": 1, "fields": {"value": 1}},
    ),
    "a missing value became zero": (
        "UPDATE meter_values_e1 SET consumption = '0' WHERE sequence = 31",
        {"missing": 0, "extra": 0, "different": 1, "fields": {"consumption": 1}},
    ),
    "a period was shifted by an hour": (
        "UPDATE meter_values_e1 SET period_end = '2023-11-14T23:13:20.000000Z' WHERE sequence = 9",
        {"missing": 0, "extra": 0, "different": 1, "fields": {"period_end": 1}},
    ),
    "a reading was shifted by an hour": (
        "UPDATE meter_values_e1 SET reading_at = '2024-11-14T23:13:20.000000Z' WHERE sequence = 9",
        {"missing": 1, "extra": 1, "different": 0, "fields": {}},
    ),
    "a row too many": (
        "INSERT INTO meter_values_e1 SELECT source, metering_point, delivery_category, "
        "'2024-11-14T23:13:20.000000Z', series_kind, granularity, period_start, period_end, value, unit, "
        "previous_reading_at, delta, consumption, consumption_unit, change, quality, reading_method, reading_reason, "
        "cause, held, fetched_at, epoch, sequence, published_at, delivered_at FROM meter_values_e1 WHERE sequence = 9",
        {"missing": 0, "extra": 1, "different": 0, "fields": {}},
    ),
}
"""What somebody may do to a receiver's table, and what must be found of it."""


def test_what_a_worker_delivered_is_equal_and_every_wrong_row_is_found(system: SinkSystem) -> None:
    """And the canary, which is in the table, in its one row, is nowhere else."""
    system.publish([*feed(), canary_value(40, 1), canary_value(41, 2)])
    delivered(system, len(feed()))
    until(lambda: system.there.run("SELECT sequence FROM meter_values_e1 WHERE sequence >= 40") == [(41,)])
    done = verify(system)
    assert (done.exit_code, "vitec is equal to the feed." in done.stdout) == (0, True), done.output
    assert found(system)["equal"] == len(system.rows("sequence")) == 31
    system.there.run("CREATE TABLE kept AS SELECT * FROM meter_values_e1")
    for wrong, (statement, expected) in WRONG.items():
        system.there.run(statement)
        outcome = found(system)
        assert {name: outcome[name] for name in expected} == expected, wrong
        assert outcome["verdict"] == "different"
        system.there.run("DELETE FROM meter_values_e1")
        system.there.run("INSERT INTO meter_values_e1 SELECT * FROM kept")
    assert found(system)["verdict"] == "equal"


OURS = """\
view = "ours"
key = "series"
match = ["source", "point", "category", "begins"]
granularities = ["month"]
[[columns]]
name = "source"
from = "source"
[[columns]]
name = "point"
from = "metering_point"
[[columns]]
name = "category"
from = "category"
[[columns]]
name = "begins"
from = "period_start"
format = "YYYY-MM-DD hh:mm"
[[columns]]
name = "energy"
from = "consumption"
"""


def test_a_table_that_a_layout_goes_into_is_filled_by_the_worker_and_judged(system: SinkSystem) -> None:
    schema = system.there.schema if isinstance(system.there, PostgreSQLReceiver) else ""
    if schema:
        system.there.run(f"CREATE SCHEMA {schema}")
    number = "numeric(38,12)" if schema else "text"
    system.there.run(f"CREATE TABLE theirs (source text, point text, category text, begins text, energy {number})")
    (system.folder / "ours.toml").write_text(OURS, "utf-8")
    written = system.config.read_text("utf-8")
    into = f'layouts = ["{system.folder}/ours.toml"]\ninto = {{ ours = "{schema + "." if schema else ""}theirs" }}\n'
    system.config.write_text(written.replace("[receivers.vitec.batch]", f"{into}[receivers.vitec.batch]"), "utf-8")
    system.publish([*(value(n, metering_point=f"p{n}") for n in range(1, 6)), canary_value(40, 1)])
    worker = delivered(system, 5)
    assert [(one["equal"], one["missing"], one["extra"]) for one in found(system)["layouts"]] == [(5, 0, 0)] * 2
    system.publish([value(50, metering_point="p1", consumption=ONE)])
    until(lambda: system.there.run("SELECT count(*) FROM theirs WHERE point = 'p1' AND energy = '1'") == [(1,)])
    worker.close()
    system.there.run("DELETE FROM theirs WHERE point = 'p2'")
    outcome = found(system)
    assert (outcome["verdict"], outcome["missing"], outcome["layouts"][1]["missing"]) == ("different", 0, 1)


def test_a_worker_that_is_behind_is_judged_by_what_it_has_read(system: SinkSystem) -> None:
    system.publish(feed())
    delivered(system, len(feed())).close()
    system.publish([value(50, metering_point="p1", value=50 * ONE)])
    outcome = found(system)
    assert (outcome["verdict"], outcome["behind"]) == ("equal", 1)


def test_rows_of_points_that_are_no_longer_mapped_are_told_apart(system: SinkSystem) -> None:
    """And a points file that the worker has not taken yet is no reason for a verdict."""
    system.publish(feed())
    delivered(system, len(feed())).close()
    system.give("p1")
    done = verify(system)
    assert (done.exit_code, "has not taken the points file" in done.stderr) == (2, True)
    worker = system.start()
    until(worker.ready)
    outcome = found(system)
    assert (outcome["verdict"], outcome["extra"], outcome["unmapped"]) == ("equal", 0, 20)


def test_points_that_are_read_again_are_not_judged_before_that_is_done(staged: StagedReceiver) -> None:
    """The others are."""
    staged.give("p0", "p1")
    staged.publish(feed())
    staged.deliver("test")
    staged.give("p0", "p1", "p2")
    staged.take_points("test")
    outcome = judged(staged)
    assert (outcome["verdict"], outcome["equal"], outcome["missing"]) == ("equal", 21, 0)
    staged.there["test"].run("DELETE FROM meter_values_e1 WHERE sequence = 9")
    assert judged(staged)["missing"] == 1
    staged.there["test"].run("UPDATE passes SET next_offset = end_offset")
    assert judged(staged)["missing"] == 11


def test_a_topic_made_anew_or_another_epoch_is_no_reason_for_a_verdict(staged: StagedReceiver) -> None:
    staged.publish(feed()[:3])
    staged.deliver("test")
    staged.there["test"].run("UPDATE epochs SET topic_id = 'another'")
    done = staged.run("verify", "vitec", "--stage", "test")
    assert (done.exit_code, "was made anew" in done.stderr) == (71, True)
    staged.there["test"].run("UPDATE epochs SET epoch = '0'")
    done = staged.run("verify", "vitec", "--stage", "test")
    assert (done.exit_code, "it shows epoch 0, the settings are of epoch 1" in done.stderr) == (2, True)


def judged(staged: StagedReceiver) -> dict[str, Any]:
    outcome: dict[str, Any] = json.loads(staged.run("verify", "vitec", "--stage", "test", "--json").stdout)
    return outcome


def test_a_value_that_the_database_refuses_is_a_difference_until_a_newer_one_is_taken(system: SinkSystem) -> None:
    worker = system.start()
    until(worker.ready)
    _refuse_units(system)
    refused = record(value(1, metering_point="p1", unit="x"))
    system.publish_records([refused, *_more(2)])
    until(lambda: len(system.rows("sequence")) == 2)
    outcome = found(system)
    assert (outcome["verdict"], outcome["refused"], outcome["missing"]) == ("different", 1, 0)
    system.publish([value(9, metering_point="p1")])
    until(lambda: 9 in system.sequences())
    outcome = found(system)
    assert (outcome["verdict"], outcome["refused"]) == ("equal", 0)


def _more(count: int) -> list[StoredRecord]:
    return [record(value(5 + number, metering_point=f"p{5 + number}")) for number in range(count)]


def _refuse_units(system: SinkSystem) -> None:
    if isinstance(system.there, PostgreSQLReceiver):
        system.there.run("ALTER TABLE meter_values_e1 ADD CHECK (unit <> 'x')")
        return
    system.there.run(
        "CREATE TRIGGER no_x BEFORE INSERT ON meter_values_e1 WHEN NEW.unit = 'x' "
        "BEGIN SELECT RAISE(ABORT, 'no x'); END"
    )


def test_nothing_to_compare_is_an_error(system: SinkSystem) -> None:
    done = verify(system)
    assert done.exit_code == 2
    assert "start its worker" in done.stderr
