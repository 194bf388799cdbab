"""The units for systemd start processes that there are, and end them as these want to be ended."""

import configparser
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.errors import ExitCode

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
BIN = "/opt/meterstream/bin/"
DRAIN = 20.0


def service(unit: Path) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their capitals
    parser.read(unit, "utf-8")
    return parser["Service"]


def port(unit: Path) -> str:
    (found,) = re.findall(r"METERSTREAM__METRICS__PORT=(\S+)", service(unit)["Environment"])
    return str(found)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_what_there_is(unit: Path) -> None:
    program, *arguments = service(unit)["ExecStart"].removeprefix(BIN).split()
    called = [sys.executable] if program == "python" else [str(Path(sys.executable).with_name(program))]
    shown = subprocess.run(
        [*called, *(word for word in arguments if word != "--all"), "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=FOLDER.parents[1],
    )
    assert "--all" not in arguments or "--all" in shown.stdout


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_leaves_to_a_person_what_another_start_does_not_mend(unit: Path) -> None:
    found = service(unit)
    kept = {int(code) for code in found["RestartPreventExitStatus"].split()}
    assert kept == {ExitCode.CONFIG, ExitCode.POSITION, ExitCode.SUPERSEDED}
    assert found["Restart"] == "on-failure"
    assert float(found["TimeoutStopSec"]) > DRAIN
    assert found["User"] == "meterstream"


def test_the_list_of_targets_names_every_unit_and_no_port_is_taken_twice() -> None:
    groups = json.loads((FOLDER / "targets.json").read_text("utf-8"))
    listed = [target.removeprefix("127.0.0.1:") for group in groups for target in group["targets"]]
    assert len(set(listed)) == len(listed)
    ports = {unit.name: port(unit).replace("%i", "[1-9]") for unit in UNITS}
    for name, pattern in ports.items():
        assert any(re.fullmatch(pattern, each) for each in listed), name
    for each in listed:
        assert sum(bool(re.fullmatch(pattern, each)) for pattern in ports.values()) == 1, each
