"""`python -m sinks --all` on a real Kafka: several receivers, one of them bad, one of them added while it runs."""

import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from local.cluster import Cluster
from tests.receiver_databases import SQLiteReceiver
from tests.sink_rows import value
from tests.sink_system import SinkProcess, SinkSystem, until

pytestmark = pytest.mark.services


@pytest.fixture
def system(kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[SinkSystem]:
    system = SinkSystem(kafka.bootstrap_servers, unique, tmp_path, SQLiteReceiver(tmp_path / "vitec.sqlite"))
    yield system
    system.close()


def receiver(name: str, more: str = "") -> str:
    return f'[receivers.{name}]\ndatabase = "sqlite"\npath = "{name}.sqlite"\npoints = "points.csv"\n{more}\n'


def rows(system: SinkSystem, name: str) -> int:
    try:
        with closing(sqlite3.connect(system.folder / f"{name}.sqlite")) as connection:
            return int(connection.execute("SELECT count(*) FROM meter_values").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def pids(supervisor: SinkProcess) -> dict[str, int]:
    status, text = supervisor.ask("receivers")
    return {each["receiver"]: each["pid"] for each in json.loads(text)} if status == 200 else {}


def test_one_is_bad_one_is_added_one_is_killed_and_all_that_are_good_deliver(system: SinkSystem) -> None:
    bad = 'database = "postgresql"\ndsn = { env = "NO_SUCH_VARIABLE" }\npoints = "points.csv"\n'
    begun = system.config.read_text() + "[receivers.bad]\n" + bad
    system.config.write_text(begun)
    system.publish([value(number, metering_point=f"p{number}") for number in range(10)])
    supervisor = SinkProcess(system.config, system.folder / "all.log", "--all")
    try:
        until(lambda: rows(system, "vitec") == 10)
        vitec = pids(supervisor)["vitec"]
        assert "receivers.bad.dsn: environment variable NO_SUCH_VARIABLE is not set" in supervisor.log
        until(lambda: supervisor.ask("readyz")[1].startswith("not running: bad;"))

        system.config.write_text(begun + receiver("added") + receiver("worse", "colour = 1"))
        supervisor.signal(signal.SIGHUP)
        until(lambda: rows(system, "added") == 10)
        assert pids(supervisor)["vitec"] == vitec

        os.kill(vitec, signal.SIGKILL)
        until(lambda: pids(supervisor).get("vitec") not in (vitec, None))
        system.publish([value(20, metering_point="p1", reading_at=7)])
        until(lambda: rows(system, "vitec") == rows(system, "added") == 11)

        (target, *_) = json.loads(supervisor.ask("targets")[1])
        assert target["labels"] == {"receiver": "added", "stage": "production"}
        assert (
            'meterstream_receivers_restarts_total{receiver="vitec",stage="production"} 1.0'
            in (supervisor.ask("metrics")[1])
        )
        last = pids(supervisor)
        supervisor.signal(signal.SIGTERM)
        assert supervisor.ended() == 0
        for pid in last.values():
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
    finally:
        supervisor.signal(signal.SIGTERM)
        supervisor.ended()
