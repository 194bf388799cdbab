"""promtool and amtool find nothing wrong; every rule fires when it must, and only then."""

import re
import subprocess
from pathlib import Path

import pytest

from local.process import ServiceError
from local.prometheus_programs import program
from tests.alert_rules import PROMETHEUS, TESTS

pytestmark = pytest.mark.services


def tool(name: str) -> Path:
    """A program, or a skipped test that says how to get it."""
    try:
        return program(name)
    except ServiceError as error:
        pytest.skip(str(error))


def said(*command: str | Path) -> str:
    """What a program says where it refuses; nothing where it does not."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_configuration_and_its_rules_are_valid() -> None:
    assert not said(tool("promtool"), "check", "config", "--lint=all", "--lint-fatal", PROMETHEUS / "prometheus.yml")


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_rules_fire_when_they_must_and_only_then(file: Path) -> None:
    assert not said(tool("promtool"), "test", "rules", file)


def test_alertmanager_takes_its_configuration(tmp_path: Path) -> None:
    """Debian's is older than addresses in files of their own (0.26): it is shown addresses in their places."""
    shown = tmp_path / "alertmanager.yml"
    text = (PROMETHEUS / "alertmanager.yml").read_text("utf-8")
    shown.write_text(re.sub(r"url_file: .*", "url: http://localhost", text), "utf-8")
    amtool = tool("amtool")
    assert not said(amtool, "check-config", shown)
    for alert, receiver in {
        ("ReceiverUnreachable", "page"): "page",
        ("DeadLettersOld", "ticket"): "ticket",
        ("PointsSilent", "info"): "info",
        ("Watchdog", "info"): "watchdog",
    }.items():
        asked = [f"alertname={alert[0]}", f"severity={alert[1]}", f"--verify.receivers={receiver}"]
        assert not said(amtool, "config", "routes", "test", f"--config.file={shown}", *asked)
