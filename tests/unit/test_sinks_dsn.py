"""A receiver's DSN: a database elsewhere is verified, or the operator says that it is not."""

import logging
from pathlib import Path

import pytest

from runtime.errors import ConfigError
from sinks.postgresql.database import Address, PostgreSQL
from sinks.postgresql.dsn import read_dsn, unverified
from tests.certificates import Authority

WHERE = "receivers.vitec.dsn"
PASSWORD = "hunter2"


@pytest.fixture(autouse=True)
def no_defaults_of_this_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """What libpq would take from the environment."""
    for name in ("PGSSLMODE", "PGHOST", "PGHOSTADDR", "PGSERVICE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY"):
        monkeypatch.delenv(name, raising=False)


def problems(dsn: str) -> list[str]:
    try:
        read_dsn(WHERE, dsn)
    except ConfigError as error:
        assert PASSWORD not in str(error)
        return [problem.removeprefix(f"{WHERE}: ") for problem in error.problems]
    return []


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u:hunter2@127.0.0.1:5432/r",
        "postgresql://u:hunter2@[::1]/r",
        "host=localhost dbname=r",
        "host=/run/postgresql dbname=r",
        "dbname=r",
        "host=db.example hostaddr=127.0.0.9",
        "postgresql://u:hunter2@db.example/r?sslmode=verify-full",
        "postgresql://u:hunter2@db.example/r?sslmode=verify-ca&sslrootcert=system",
        "postgresql://u:hunter2@a.example,b.example/r?sslmode=verify-full",
    ],
)
def test_here_or_verified_nothing_is_said(dsn: str) -> None:
    assert problems(dsn) == []
    assert unverified(read_dsn(WHERE, dsn)) is None


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u:hunter2@db.example/r",
        "postgresql://u:hunter2@10.0.0.1/r?sslmode=prefer",
        "host=db.example sslmode=allow password=hunter2",
        "host=localhost,db.example password=hunter2",
        "host=localhost hostaddr=10.0.0.1",
        "service=receivers",
    ],
)
def test_another_machine_is_not_left_to_chance(dsn: str) -> None:
    (problem,) = problems(dsn)
    assert "does not verify which one answers: add sslmode=verify-full and sslrootcert=FILE" in problem


@pytest.mark.parametrize("mode", ["require", "disable"])
def test_who_asks_for_it_gets_a_database_that_nothing_verifies_and_a_warning(
    mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    dsn = f"postgresql://u:{PASSWORD}@db.example/r?sslmode={mode}"
    with caplog.at_level(logging.WARNING):
        PostgreSQL(Address("vitec", dsn, "meterstream", 5.0))
    assert [vars(record)["sslmode"] for record in caplog.records] == [mode]
    assert PASSWORD not in caplog.text


def test_the_environment_of_libpq_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert problems("postgresql://u:hunter2@db.example/r") == []
    monkeypatch.setenv("PGSSLMODE", "prefer")
    monkeypatch.setenv("PGHOST", "db.example")
    assert len(problems("dbname=r")) == 1


def test_the_files_are_looked_at_before_the_start(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    late, other, good = (authority.issue(name, days) for name, days in (("late", -1), ("other", 9), ("good", 9)))
    start = f"postgresql://u@db.example/r?sslmode=verify-full&sslrootcert={authority.file}"
    assert problems(f"{start}&sslcert={good.certificate}&sslkey={good.key}") == []
    (expired,) = problems(f"{start}&sslcert={late.certificate}&sslkey={late.key}")
    assert expired == f"sslcert: {late.certificate} expired on {late.valid_until:%Y-%m-%d}: renew it"
    (foreign,) = problems(f"{start}&sslcert={good.certificate}&sslkey={other.key}")
    assert foreign.startswith(f"sslkey: {other.key} is not the key of")
    (absent,) = problems(f"postgresql://u@db.example/r?sslmode=verify-full&sslrootcert={tmp_path}/no.pem")
    assert absent.startswith(f"sslrootcert: {tmp_path}/no.pem cannot be read")


def test_what_is_no_dsn_is_not_repeated() -> None:
    assert problems("postgresql://u:hunter2@[::1") == ["not a connection string of libpq"]
