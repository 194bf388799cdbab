"""The supervisor on real processes: who is started, ended, started again or held, while the settings change."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from prometheus_client import CollectorRegistry

from runtime import logs
from runtime.errors import ExitCode
from runtime.process import Process
from runtime.retry import Backoff
from runtime.settings.load import load_apart
from sinks.supervision import roster
from sinks.supervision.child import Child
from sinks.supervision.kept import Report
from sinks.supervision.roster import Place
from sinks.supervision.supervisor import Source, Supervisor, targets

WORKER = """
import os, sys, time
from pathlib import Path
code = Path(sys.argv[1])
if code.exists():
    sys.exit(int(code.read_text()))
os.write(int(sys.argv[3]), b"http://127.0.0.1:4711\\n")
time.sleep(120)
"""
"""Ends with the code that a file holds, where there is one; else it says where it serves, and works."""


class Machine:
    """A folder with settings, and a supervisor of workers that are scripts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "meterstream.toml"
        (folder / "points.csv").write_text("metering_point,category\n1,\n")
        self.registry = CollectorRegistry()
        self.supervisor: Supervisor | None = None

    def write(self, **receivers: str) -> None:
        """Settings with these receivers, each with more lines of its own."""
        self.file.write_text(
            "".join(
                f'[receivers.{name}]\ndatabase = "sqlite"\npath = "{name}.sqlite"\npoints = "points.csv"\n{more}\n'
                for name, more in receivers.items()
            )
        )

    def launch(self, place: Place) -> Child:
        return Child([sys.executable, "-S", "-c", WORKER, str(self.folder / f"{place.label}.code")], os.environ)

    def fails(self, label: str, code: int) -> None:
        (self.folder / f"{label}.code").write_text(str(code))

    def mended(self, label: str) -> None:
        (self.folder / f"{label}.code").unlink()

    def supervise(self) -> None:
        source = Source(
            read=lambda: roster.read(self.file, {}),
            problems=lambda found, place: roster.problems(found.settings, place, {}),
            look=lambda found, place: roster.look(found.settings, place, {}),
            launch=self.launch,
        )
        settings = load_apart(self.file, {}).settings
        self.process = Process(settings, {}, logs.Pseudonyms(settings.log, {}), registry=self.registry)
        self.supervisor = Supervisor(source, self.process, Backoff(initial=0.05, maximum=0.1, chance=Random(1)), 0.1)

    def look_again(self) -> None:
        assert self.supervisor is not None
        self.supervisor.look_again()
        self.supervisor.turn()

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + 30
        while not true():
            assert time.monotonic() < end, self.states()
            self.turn()
            time.sleep(0.02)

    def turn(self) -> None:
        assert self.supervisor is not None
        self.supervisor.turn()

    def reports(self) -> dict[str, dict[str, object]]:
        found = json.loads(self.process.pages["/receivers"]("machine"))
        return {Place(each["receiver"], each["stage"]).label: each for each in found}

    def states(self) -> dict[str, object]:
        return {label: each["state"] for label, each in self.reports().items()}

    def restarts(self, label: str) -> object:
        return self.reports().get(label, {}).get("restarts")

    def are(self, **states: str) -> None:
        self.until(lambda: self.states() == states)

    def pid(self, label: str) -> object:
        return self.reports()[label]["pid"]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    if machine.supervisor is not None:
        machine.supervisor.end()


def test_a_receiver_is_added_changed_and_removed_without_touching_the_others(machine: Machine) -> None:
    machine.write(a="", b="")
    machine.supervise()
    machine.are(a="running", b="running")
    a, b = machine.pid("a"), machine.pid("b")
    machine.write(a="", b="timeout = 7", c="")
    machine.look_again()
    machine.until(lambda: machine.states() == dict.fromkeys("abc", "running") and machine.pid("b") != b)
    assert machine.pid("a") == a
    machine.write(a="", c="")
    machine.look_again()
    machine.are(a="running", c="running")
    assert machine.pid("a") == a
    assert machine.process.health.waiting_for is None


def test_a_stage_has_a_worker_of_its_own_and_a_change_in_it_is_its_own(machine: Machine) -> None:
    test = '[receivers.a.test]\ndatabase = "sqlite"\npath = "a-test.sqlite"\n'
    machine.write(a=test)
    machine.supervise()
    machine.until(lambda: machine.states() == {"a": "running", "a.test": "running"})
    production, stage = machine.pid("a"), machine.pid("a.test")
    machine.write(a=test + "timeout = 7")
    machine.look_again()
    machine.until(lambda: machine.states().get("a.test") == "running" and machine.pid("a.test") != stage)
    assert machine.pid("a") == production


def test_what_is_wrong_with_receivers_is_said_together_and_the_good_ones_run(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.write(
        good="", form='colour = "red"', layout='layouts = ["nobodys"]', twin_a='path = "t"', twin_b='path = "t"'
    )
    machine.file.write_text(machine.file.read_text().replace('path = "twin_a.sqlite"\n', ""))
    machine.file.write_text(machine.file.read_text().replace('path = "twin_b.sqlite"\n', ""))
    machine.supervise()
    machine.are(good="running")
    records = [record for record in caplog.records if record.name.startswith("sinks.supervision")]
    said = [record.getMessage() for record in records if record.levelname == "ERROR"]
    assert [line.split(":")[1].strip() for line in said] == [
        "receivers.form.colour",
        "receivers.layout.layouts",
        "receivers.twin_a",
        "receivers.twin_b",
    ]
    assert machine.process.health.waiting_for == "not running: form, layout, twin_a, twin_b; its log says why"
    machine.look_again()
    assert [record for record in caplog.records if record.levelname == "ERROR"][4:] == []  # it is said once
    machine.write(good="", form="", layout="", twin_a="", twin_b="")
    machine.look_again()
    machine.are(form="running", layout="running", good="running", twin_a="running", twin_b="running")


def test_a_receiver_that_has_become_wrong_goes_on_as_it_was_started(machine: Machine) -> None:
    machine.write(a="", b="")
    machine.supervise()
    machine.are(a="running", b="running")
    before = machine.pid("a")
    machine.write(a='colour = "red"', b="")
    machine.look_again()
    machine.write(a='points = "none.csv"', b="")
    machine.look_again()
    machine.file.write_text("this is not TOML")
    machine.look_again()
    assert machine.states() == {"a": "running", "b": "running"}
    assert machine.pid("a") == before


def test_a_crash_brings_another_worker_and_is_counted(machine: Machine) -> None:
    machine.write(a="", b="")
    machine.supervise()
    machine.are(a="running", b="running")
    before, other = machine.pid("a"), machine.pid("b")
    assert isinstance(before, int)
    os.kill(before, 9)
    machine.until(lambda: machine.restarts("a") == 1 and machine.states()["a"] == "running")
    assert machine.reports()["a"]["exit_code"] == -9
    assert machine.pid("b") == other
    labels = {"receiver": "a", "stage": "production"}
    assert machine.registry.get_sample_value("meterstream_receivers_restarts_total", labels) == 1
    assert machine.registry.get_sample_value("meterstream_receivers_running", labels) == 1


def test_a_worker_that_keeps_ending_with_70_is_tried_again_and_again(machine: Machine) -> None:
    machine.write(a="")
    machine.fails("a", ExitCode.DEFECT)
    machine.supervise()
    machine.until(lambda: machine.restarts("a") == 3)
    machine.mended("a")
    machine.are(a="running")


@pytest.mark.parametrize("code", [ExitCode.CONFIG, ExitCode.POSITION, ExitCode.SUPERSEDED, ExitCode.DONE])
def test_a_worker_that_a_person_must_look_at_is_held_until_its_points_change_or_somebody_asks(
    machine: Machine, code: ExitCode
) -> None:
    machine.write(a="")
    machine.fails("a", code)
    machine.supervise()
    machine.are(a="held")
    for _ in range(5):
        machine.turn()
    assert machine.restarts("a") == 0
    machine.mended("a")
    machine.look_again()
    machine.are(a="running")


def test_a_held_worker_is_tried_again_when_its_points_are_others(machine: Machine) -> None:
    machine.write(a="")
    machine.fails("a", ExitCode.POSITION)
    machine.supervise()
    machine.are(a="held")
    machine.mended("a")
    (machine.folder / "points.csv").write_text("metering_point,category\n1,\n2,\n")
    machine.are(a="running")


def test_prometheus_is_told_where_the_workers_serve(machine: Machine) -> None:
    machine.write(a="", b="")
    machine.fails("b", ExitCode.POSITION)
    machine.supervise()
    machine.are(a="running", b="held")
    assert json.loads(machine.process.pages["/targets"]("machine")) == [
        {"targets": ["127.0.0.1:4711"], "labels": {"receiver": "a", "stage": "production"}}
    ]


def test_workers_that_serve_at_every_address_are_found_where_the_supervisor_was_asked() -> None:
    served = Report("a", "production", "running", 1, "http://0.0.0.0:4711", 0, None)
    assert targets([served], "sinks.example")[0]["targets"] == ["sinks.example:4711"]


def test_a_change_of_what_concerns_all_starts_all_again(machine: Machine) -> None:
    machine.write(a="", b="")
    machine.supervise()
    machine.are(a="running", b="running")
    before = machine.pid("a"), machine.pid("b")
    machine.file.write_text('epoch = "2"\n' + machine.file.read_text())
    machine.look_again()
    machine.until(
        lambda: (
            machine.states() == {"a": "running", "b": "running"}
            and not {machine.pid("a"), machine.pid("b")} & set(before)
        )
    )
