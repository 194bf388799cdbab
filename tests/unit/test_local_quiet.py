"""The search for what a run must not say: each kind of leak is found, and what may be said is not."""

import socket
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from local.quiet import judge_quiet, keep_served
from runtime.health import Health, HealthServer
from runtime.metrics import ProducerMetrics
from runtime.settings.system import MetricsSettings

POINT, KEY, PASSWORD = "0099000000000007", "ac62929383b884864048bd4a635f461d", "d7a715/fbdf"
HARMLESS = (
    "2026-11-23T08:44:57.731Z INFO    streams.worker going on after 7731 failed tries offset=17731 port=27731",
    '{"time": "2026-11-23T17:31:07.731Z", "message": "stopping", "point": "mp-7731aa000077"}',
    "2026-11-23 07:28:30.731 UTC [77310] LOG:  checkpoint complete: write=0.090 s, distance=47080 kB",
    "meterstream_sink_freshness_seconds_sum 17.731428571428572",
    'process_resident_memory_bytes{x="y"} 1.07731e+08',
    "process_start_time_seconds 1.795423447731e+09",
    'connection to server at "127.0.0.1", port 7731 failed: password authentication failed for user "meterstream"',
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The directory of a run that said nothing but harmless things."""
    for folder in ("logs", "secrets", "postgres", "utility", "kafka/log/values-0"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "points-hours.csv").write_text(f"metering_point,category\n{POINT},\n")
    (tmp_path / "receiver-vitec.csv").write_text("metering_point,category\nabc-å,EL\n")
    (tmp_path / "secrets" / "utility.key").write_text(KEY)
    (tmp_path / "secrets" / "vitec.dsn").write_text("postgresql://meterstream:d7a715%2Ffbdf@127.0.0.1:28099/receiver")
    (tmp_path / "postgres" / "password").write_text("0123456789abcdef")
    (tmp_path / "logs" / "producer.log").write_text("\n".join(HARMLESS) + "\n")
    (tmp_path / "utility" / "utility.log").write_text(f"{POINT} 3.994000007731\n")
    (tmp_path / "kafka" / "log" / "values-0" / "000.log").write_text(f"{POINT} 3.994000007731\n")
    return tmp_path


def test_a_run_that_says_only_harmless_things_is_quiet(run: Path) -> None:
    found = judge_quiet(run)
    assert found.leaks == ()
    assert found.quiet
    assert found.lines == len(HARMLESS)


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("value=3.994000007731", "a value"),
        ("value 26633.994000007731000 kWh", "a value"),
        ("Reading(consumption=3994000007731)", "a value"),
        ("row 3994.000007731", "a value"),
        ("heat 17.731", "a value"),
        ("17731000000000", "a value"),
        ("[17731.000]", "a value"),
        ("delta=-1234000000000", "a value"),
        ("delta -1.234000000000", "a value"),
        ("number 773177317731773177317731773177", "a value"),
        ("'41,7731'", "a value"),
        ('"CustomerNumber":"7731000013"', "a customer number"),
        (f"GET /v1/points/{POINT}/consumption", "a metering point"),
        ("point abc-å", "a metering point"),
        (f"X-Api-Key: {KEY}", "a secret of utility.key"),
        (f"psql: {PASSWORD} is wrong", "a secret of vitec.dsn"),
        ("dsn ...:d7a715%2Ffbdf@...", "a secret of vitec.dsn"),
        ("PGPASSWORD=0123456789abcdef", "a secret of password"),
    ],
)
@pytest.mark.parametrize("file", ["logs/streams-1.log", "served/producer.served", "postgres/postgres.log", "x.log"])
def test_a_leak_is_found_wherever_it_is_said_and_not_repeated(run: Path, said: str, what: str, file: str) -> None:
    (run / file).parent.mkdir(exist_ok=True)
    (run / file).write_text(f"first line\nbefore {said} after\n", encoding="utf-8")
    found = judge_quiet(run)
    assert not found.quiet
    assert f"{file}:2 holds {what}" in str(found)
    assert said not in str(found)


def test_nothing_to_search_is_not_quiet(tmp_path: Path) -> None:
    """A search of the wrong directory must not pass."""
    assert not judge_quiet(tmp_path).quiet


def test_many_leaks_are_counted_beyond_the_first(run: Path) -> None:
    (run / "logs" / "x.log").write_text(f"{POINT}\n" * 15)
    assert str(judge_quiet(run)).endswith("and 5 more")


def test_what_processes_serve_is_kept_and_searched(run: Path) -> None:
    """Also why one is not ready, which comes with status 503; a process that does not answer is left out."""
    registry, health = CollectorRegistry(), Health()
    health.waiting(f"waiting for {POINT}")
    ProducerMetrics(registry).refused.labels("hours", "3.994000007731").inc()
    server = HealthServer(MetricsSettings(), registry, health)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gone = taken.getsockname()[1]
    keep_served({"producer": server.port, "gone": gone}, run)
    keep_served({"producer": server.port}, run)
    server.close()
    whats = [leak.what for leak in judge_quiet(run).leaks if leak.file.name == "producer.served"]
    # Both times: the counter and its moment of creation, and the reason of /readyz.
    assert whats == ["a value", "a value", "a metering point"] * 2
    assert (run / "served" / "gone.served").read_text() == ""
