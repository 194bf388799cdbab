"""`meterstream receivers points` beside a feed on a real cluster."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from local.cluster import Cluster
from operations.command import main
from tests.receiver_databases import SQLiteReceiver
from tests.sink_rows import AT, canary_value, value
from tests.sink_system import SinkSystem

pytestmark = pytest.mark.services

Run = Callable[..., Result]


@pytest.fixture
def system(kafka: Cluster, unique: str, tmp_path: Path) -> SinkSystem:
    """Three points in the feed, of which vitec has p0; and the canary, which nobody is told of."""
    system = SinkSystem(kafka.bootstrap_servers, unique, tmp_path, SQLiteReceiver(tmp_path / "vitec.sqlite"))
    system.give("p0")
    system.publish([value(number, metering_point=f"p{number % 3}", reading_at=AT + number) for number in range(1, 10)])
    system.publish([canary_value(10, 1)])
    return system


@pytest.fixture
def run(system: SinkSystem) -> Run:
    def command(*words: str) -> Result:
        return CliRunner().invoke(main, ["--config", str(system.config), "receivers", "points", *words])

    return command


def test_what_the_feed_carries_becomes_a_list_and_the_list_a_points_file(
    run: Run, system: SinkSystem, tmp_path: Path
) -> None:
    found = json.loads(run("discover", "--json").stdout)
    assert [(each["metering_point"], each["values"], each["receivers"]) for each in found] == [
        ("p0", "3", "vitec"),
        ("p1", "3", ""),
        ("p2", "3", ""),
    ]
    assert run("discover", "--source", "none").stdout.endswith("0 series, no values; 0 that no receiver has\n")
    done = run("discover", "--csv", str(tmp_path / "list.csv"))
    assert done.stdout == f"3 series, 9 values; 2 that no receiver has; written to {tmp_path / 'list.csv'}\n"

    imported = run("import", "vitec", str(tmp_path / "list.csv"), "--write", "--json")
    assert imported.exit_code == 0, imported.output
    said = json.loads(imported.stdout)
    assert {(each["severity"], each["about"]) for each in said["findings"]} == {("warning", "ended")}  # in 2023
    assert said["feed"] == "3 metering points of epoch 1"
    after = json.loads(run("discover", "--json").stdout)
    assert {each["receivers"] for each in after} == {"vitec"}


def test_a_list_is_held_against_the_feed(run: Run, tmp_path: Path) -> None:
    lines = ["metering_point,category,granularity,kind", "p1,EL-EXT,,", "p2,,hour,", "p9,,,", "p0,,,register"]
    (tmp_path / "list.csv").write_text("\n".join(lines), "utf-8")
    done = run("import", "vitec", str(tmp_path / "list.csv"), "--json", "--quiet-days", "100000")
    assert done.exit_code == 2
    assert [(each["severity"], each["about"], each["line"]) for each in json.loads(done.stdout)["findings"]] == [
        ("problem", "no such series", 3),
        ("warning", "unknown", 4),
        ("problem", "no position", 5),
        ("warning", "unmapped", None),
    ]


def test_a_feed_that_nothing_has_been_written_to_is_empty(kafka: Cluster, unique: str, tmp_path: Path) -> None:
    system = SinkSystem(kafka.bootstrap_servers, unique, tmp_path, SQLiteReceiver(tmp_path / "vitec.sqlite"))
    done = CliRunner().invoke(main, ["--config", str(system.config), "receivers", "points", "discover"])
    assert done.exit_code == 0, done.output
    assert done.stdout.endswith("0 series, no values; 0 that no receiver has\n")
