"""The simulated utility as a process: it says where it listens, survives kill -9, and ends with 0."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from local.expected import FeedFacts, expected_rows, read_ledger, read_settings

KEY = {"X-Api-Key": "simulated-key"}
FEEDS = {
    "months": FeedFacts("u-months", "month", "last-day"),
    "days": FeedFacts("u-days", "day", "last-day"),
    "hours": FeedFacts("u-hours", "hour", "end"),
}


class Utility:
    """A running process and a way to ask it."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.process = process
        self._where = urlsplit(url)

    def ask(self, path: str, order: dict[str, object] | None = None) -> str:
        connection = HTTPConnection(self._where.hostname or "", self._where.port, timeout=10)
        try:
            body = None if order is None else json.dumps(order)
            connection.request("POST" if order else "GET", path, body, KEY)
            response = connection.getresponse()
            assert response.status == 200
            return response.read().decode()
        finally:
            connection.close()


@contextmanager
def running(directory: Path, *more: str) -> Iterator[Utility]:
    """A utility whose files lie in a directory; killed at the end if it still runs."""
    command = [sys.executable, "-m", "local.utility", "--points", "30", "--tick", "0", "--no-faults", "--seed", "3"]
    files = ["--ledger", directory / "ledger", "--state", directory / "state", "--points-dir", directory / "points"]
    process = subprocess.Popen([*command, *map(str, files), *more], stdout=subprocess.PIPE, text=True)
    with ExitStack() as stack:
        stack.enter_context(process)
        stack.callback(process.kill)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("utility: listening on http://127.0.0.1:")
        yield Utility(process, line.split()[-1])


def points(directory: Path) -> list[str]:
    rows = read_settings(directory / "points" / "points-hours.csv")
    return list(dict.fromkeys(row["metering_point"] for row in rows))


def poll_all(utility: Utility, directory: Path) -> str:
    """All bodies of all feeds and points."""
    return "".join(
        utility.ask(f"/v1/{feed}/points/{point}/consumption?from=2000-01-01&to=2100-01-01")
        for feed in FEEDS
        for point in points(directory)
    )


def test_a_killed_utility_goes_on_with_its_world(tmp_path: Path) -> None:
    with running(tmp_path) as utility:
        poll_all(utility, tmp_path)
        utility.ask("/_control", {"ticks": 20})
        before = poll_all(utility, tmp_path)
        utility.process.kill()
    written = (tmp_path / "ledger").read_bytes()
    with running(tmp_path) as utility:
        assert json.loads(utility.ask("/_status"))["tick"] == 20
        assert poll_all(utility, tmp_path) == before
        assert (tmp_path / "ledger").read_bytes() == written
        utility.process.send_signal(signal.SIGTERM)
        assert utility.process.wait(timeout=10) == 0


def test_another_worlds_state_ends_with_2(tmp_path: Path) -> None:
    with running(tmp_path):
        pass
    command = [sys.executable, "-m", "local.utility", "--points", "31", "--state", str(tmp_path / "state")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert "other settings" in ended.stderr


def test_the_fold_of_a_run_holds_what_the_registers_stories_ask_for(tmp_path: Path) -> None:
    with running(tmp_path) as utility:
        for _ in range(8):
            utility.ask("/_control", {"ticks": 5})
            poll_all(utility, tmp_path)
    settings = {feed: read_settings(tmp_path / "points" / f"points-{feed}.csv") for feed in FEEDS}
    lines = read_ledger(tmp_path / "ledger")
    rows = expected_rows(lines, settings, FEEDS)
    held = {row.held for row in rows}
    assert held == {None, "negative_delta", "register_recovered", "implausible", "not_representable"}
    assert all(row.consumption is None for row in rows if row.held)
    identities = {
        (line["feed"], line["point"], line["category"], line["reading_date"])
        for line in lines
        if line["kind"] == "reading"
    }
    assert len(rows) == len(identities)
    rolled = [row for row in rows if row.held is None and row.delivery_category == "EL-REG" and (row.delta or 0) < 0]
    assert rolled
    assert all(row.consumption is not None and row.consumption > 0 for row in rolled)
