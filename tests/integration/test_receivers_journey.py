"""From the test stage to live, and what an operator does to a receiver then, with real commands, workers and Kafka."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from local.cluster import Cluster
from operations.command import main
from operations.proof.configuration import configuration
from operations.receivers.signed_off import SIGNED_OFF
from operations.receivers.stages import Chosen
from runtime.settings.load import load
from sinks.upkeep import entry
from tests.receiver_databases import SQLiteReceiver
from tests.sink_rows import value
from tests.sink_system import SinkSystem, until

pytestmark = pytest.mark.services

Run = Callable[..., Result]


class Journey(SinkSystem):
    """A receiver with a test stage beside production: two files."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path) -> None:
        super().__init__(bootstrap, prefix, folder, SQLiteReceiver(folder / "production.sqlite"))
        self.test = SQLiteReceiver(folder / "test.sqlite")
        stage = "\n".join(self.test.settings())
        self.config.write_text(f"{self.config.read_text()}[receivers.vitec.test]\n{stage}\n")

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(main, ["--config", str(self.config), "receivers", *words])

    def sign_off(self) -> None:
        """As the command does once a person has confirmed."""
        chosen = Chosen(load(self.config, {}), "vitec", "test")
        chosen.upkeep().note(entry(SIGNED_OFF, "Anna", sha256="abc", verdict="equal", **configuration(chosen).parts))


@pytest.fixture
def system(kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[Journey]:
    journey = Journey(kafka.bootstrap_servers, unique, tmp_path)
    yield journey
    journey.close()


def test_production_waits_for_a_sign_off_of_the_test_stage_and_goes_live_within_seconds(system: Journey) -> None:
    system.publish([value(n, metering_point=f"p{n}") for n in range(20)])
    production, test = system.start(), system.start("--stage", "test")
    until(lambda: len(system.test.run("SELECT 1 FROM sqlite_master WHERE name = 'meter_values'")) == 1)
    until(lambda: system.test.run("SELECT count(*) FROM meter_values") == [(20,)])
    until(lambda: "vitec waits for: meterstream receivers go-live" in production.ask("readyz")[1])
    assert test.ready()
    assert not system.rows("sequence")
    refused = system.run("go-live", "vitec")
    assert (refused.exit_code, "nobody has signed off its test stage" in refused.stderr) == (2, True)
    system.sign_off()
    system.give(*(f"p{n}" for n in range(19)))
    changed = system.run("go-live", "vitec")
    assert (changed.exit_code, "points changed since Anna signed off its test stage" in changed.stderr) == (2, True)
    system.sign_off()
    done = system.run("go-live", "vitec", "--who", "Bo")
    assert done.exit_code == 0, done.stderr
    assert "production starts (signed off by Anna)" in done.stdout
    assert "vitec is live: 20 records of the feed read in " in done.stdout
    assert system.delivered(range(19)), "p19 was taken away"
    assert system.run("go-live", "vitec").stdout.startswith("vitec: was live already")
    assert system.there.run("SELECT who, action FROM journal ORDER BY entry")[0] == ("Bo", "go_live")


def test_going_live_without_sign_off_is_said_and_kept(system: Journey) -> None:
    """Also where the test stage was never begun, and before the worker's first start."""
    never = system.run("go-live", "vitec")
    assert (never.exit_code, "there are no tables of a receiver" in never.stderr) == (2, True)
    alone = system.run("go-live", "vitec", "--without-sign-off", "trial", "--within", "1")
    assert alone.exit_code == 0, "there is nothing to catch up with"
    assert system.there.run("SELECT action, detail FROM journal") == [("go_live", '{"without":"trial"}')]
    system.publish([value(1)])
    late = system.run("go-live", "vitec", "--without-sign-off", "trial", "--within", "1")
    assert (late.exit_code, "not within 1 s: 1 to go" in late.stderr) == (70, True)


def test_pause_resume_rewind_and_retire_reach_a_running_worker(system: Journey) -> None:
    worker = system.start("--stage", "test")
    system.publish([value(n, metering_point=f"p{n}") for n in range(10)])
    until(lambda: worker.metric("rows_written_total") == 10)
    assert system.run("pause", "vitec", "--stage", "test").exit_code == 0
    until(lambda: "vitec.test is paused" in worker.ask("readyz")[1])
    system.publish([value(n, metering_point=f"p{n}") for n in range(10, 20)])
    again = system.run("pause", "vitec", "--stage", "test")
    assert (again.exit_code, "vitec.test is paused: there is nothing to pause" in again.stderr) == (2, True)
    assert worker.metric("rows_written_total") == 10
    assert "goes on where it stopped" in system.run("resume", "vitec", "--stage", "test").stdout
    until(lambda: worker.metric("rows_written_total") == 20)
    system.test.run("DELETE FROM meter_values_e1 WHERE sequence < 5")
    done = system.run("rewind", "vitec", "--stage", "test", "--to", "2020-01-01", "--yes")
    assert (done.exit_code, "20 records are read again" in done.stdout) == (0, True), done.stderr
    assert system.test.run("SELECT count(*) FROM meter_values") == [(20,)]
    late = system.run("rewind", "vitec", "--stage", "test", "--to", "2190-01-01", "--yes")
    assert (late.exit_code, "0 records are read again" in late.stdout) == (0, True)
    retired = system.run("retire", "vitec", "--stage", "test", "--yes")
    assert (retired.exit_code, "sink.vitec.test: deleted" in retired.stdout) == (0, True), retired.output
    until(lambda: "vitec.test is retired" in worker.ask("readyz")[1])
    actions = [action for (action,) in system.test.run("SELECT action FROM journal ORDER BY entry")]
    assert actions == ["pause", "resume", "rewind", "rewind", "retire"]
