"""The producer against the simulated utility: its faults, its pages and lists, its tokens – and its ledger."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local.expected import read_ledger
from schemas import exact
from schemas.events import Reading
from tests.producer_system import ProducerSystem, eventually, stopped

pytestmark = pytest.mark.services

COMMON = ("too_many", "error_500", "cut", "nan", "html", "truncated", "charset")
RARE = ("wrong_point", "empty_point")

Identity = tuple[str, str, str]
"""Metering point, category, reading date."""


class Utility:
    """A running simulated utility of one feed, ``hours``."""

    def __init__(self, url: str, ledger: Path) -> None:
        self.url = url
        self._ledger = ledger

    def quiet(self) -> None:
        """Nothing changes any more, and every answer is good; broken readings remain."""
        body = json.dumps({"quiet": True}).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/_control", body), timeout=10):
            pass

    @property
    def pending(self) -> int | None:
        """Points that have not been told everything since."""
        with urllib.request.urlopen(f"{self.url}/_status", timeout=10) as answer:
            pending: int | None = json.load(answer)["pending"]
            return pending

    def truth(self) -> dict[Identity, int | None]:
        """What it said last of each reading that can be used."""
        lines = [line for line in read_ledger(self._ledger) if line["kind"] == "reading" and not line["superseded"]]
        return {
            (str(line["point"]), str(line["category"]), str(line["reading_date"])): None
            if line["consumption"] is None
            else exact.parse(str(line["consumption"]))
            for line in lines
        }

    def refused(self) -> set[tuple[str, str]]:
        """Points and reasons of everything that it said and nobody can use."""
        lines = [line for line in read_ledger(self._ledger) if line["kind"] != "reading"]
        return {(str(line["point"]), str(line["dead_letter"])) for line in lines}


@contextmanager
def utility(folder: Path, style: str) -> Iterator[Utility]:
    """Runs ``python -m local.utility`` with much more trouble than usual."""
    ledger = folder / "ledger"
    faults = [
        f"--fault={name}=0.03" for name in ("too_many", "error_500", "cut", "nan", "html", "truncated", "charset")
    ]
    options = ["--points", "10", "--tick", "0.2", "--feed", f"hours=hour:{style}", "--token-seconds", "1"]
    command = [
        sys.executable,
        "-m",
        "local.utility",
        *options,
        *faults,
        "--ledger",
        str(ledger),
        "--points-dir",
        str(folder),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Utility(process.stdout.readline().split()[-1], ledger)
        finally:
            process.kill()


def newest(readings: list[Reading]) -> dict[Identity, int | None]:
    """The content of the newest version of each identity."""
    found: dict[Identity, Reading] = {}
    for reading in readings:
        key = (reading.metering_point, reading.delivery_category, reading.reading_date)
        if key not in found or found[key].fetched_at <= reading.fetched_at:
            found[key] = reading
    return {key: reading.consumption for key, reading in found.items()}


def settings_for(system: ProducerSystem, folder: Path, style: str) -> None:
    """Writes a mapping of the style, and OAuth 2, into the settings."""
    mapping = folder / "styled.toml"
    envelope = {"object": "object", "list": "list", "paged": "page"}[style]
    mapping.write_text(
        '[request]\npath = "/v1/hours/points/{metering_point}/consumption"\n'
        f'[envelope]\nshape = "{envelope}"\n[categories]\nEL-REG = {{ kind = "register" }}\n',
        encoding="utf-8",
    )
    text = system.config.read_text("utf-8").replace('mapping = "oresundskraft"', f'mapping = "{mapping}"')
    text += f'auth = {{ type = "oauth2", token_url = "{system.url}/oauth/token", client_id = "simulated-client", '
    text += 'client_secret = "simulated-secret" }\n'
    system.config.write_text(text.replace('"points.csv"', '"points-hours.csv"'), encoding="utf-8")


@pytest.mark.parametrize("style", ["object", "list", "paged"])
def test_what_the_ledger_says_was_published_and_what_nobody_can_use_is_a_dead_letter(
    tmp_path: Path, kafka: Any, unique: str, style: str
) -> None:
    with utility(tmp_path, style) as simulated:
        system = ProducerSystem(tmp_path, kafka.bootstrap_servers, unique, simulated.url, ["unused"])
        settings_for(system, tmp_path, style)
        system.create_topics()
        with system.producer() as process:
            eventually(lambda: len(system.readings()) > 3_000)
            simulated.quiet()
            eventually(lambda: simulated.pending == 0, within=60)
            eventually(lambda: newest(system.readings()) == simulated.truth())
            assert stopped(process) == 0
        truth, refused = simulated.truth(), simulated.refused()
    assert newest(system.readings()) == truth
    assert len(truth) > 3_000
    letters = {((letter.original_key or b"").decode(), letter.reason) for letter in system.letters()}
    if style == "paged":
        assert letters <= refused, "when a later page fails, the whole answer has failed, and is asked for again"
    else:
        assert letters == refused
    assert "7731" not in system.log.replace(str(tmp_path), "")
