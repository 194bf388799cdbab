"""The benchmarks at sizes that take seconds: what they measure is not of interest here, that they go through is."""

import click
import pytest
from click.testing import CliRunner

from benchmarks import bench_e2e, bench_freshness, bench_receiver, bench_recovery

pytestmark = pytest.mark.services


def run(command: click.Command, *arguments: str) -> str:
    shortest = {"METERSTREAM__KAFKA__SESSION_TIMEOUT": "6"}  # that a broker allows
    done = CliRunner().invoke(command, [*arguments], env=shortest, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_benchmark_of_the_whole_road_finds_the_rows_equal_to_what_was_served() -> None:
    said = run(bench_e2e.main, "--points", "20", "--hours", "60", "--workers", "2")
    assert "1,200 rows in PostgreSQL, equal to what was served" in said


def test_the_benchmark_of_freshness_sees_new_readings_arrive() -> None:
    said = run(
        bench_freshness.main,
        "--rate",
        "20",
        "--every",
        "2",
        "--hours",
        "3",
        "--settle",
        "0",
        "--seconds",
        "2",
        "--workers",
        "1",
    )
    assert "p50" in said
    assert "p99" in said


def test_the_benchmark_of_a_new_receiver_sees_every_row_in_both_databases() -> None:
    said = run(bench_receiver.main, "--points", "20", "--months", "3", "--runs", "1")
    assert "60 rows into PostgreSQL" in said
    assert "60 rows into SQLite" in said


def test_the_benchmark_of_recovery_finds_the_state_again() -> None:
    said = run(bench_recovery.main, "--readings", "1000", "--points", "10")
    assert "from start to" in said
