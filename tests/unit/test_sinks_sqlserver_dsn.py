"""A receiver's DSN on SQL Server: a database elsewhere is verified, or the operator says that it is not."""

import logging
from pathlib import Path

import pytest

from runtime.errors import ConfigError
from sinks.sqlserver.database import Address, SQLServer
from sinks.sqlserver.dsn import Server, read_dsn, unverified
from tests.certificates import Authority

WHERE = "receivers.vitec.dsn"


def problems(dsn: str) -> list[str]:
    try:
        read_dsn(WHERE, dsn)
    except ConfigError as error:
        assert "hunter2" not in str(error)
        return [problem.removeprefix(f"{WHERE}: ") for problem in error.problems]
    return []


def test_every_part_is_read_and_the_password_is_never_shown(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca").file
    server = read_dsn(
        WHERE, f"sqlserver://me%40here:hunter2%2F%3A%25@db.example:14330/r%20x?encrypt=yes&cafile={authority}"
    )
    assert server == Server("db.example", 14330, "r x", "me@here", "hunter2/:%", "yes", authority)
    assert "hunter2" not in repr(server)


@pytest.mark.parametrize(
    ("dsn", "encrypt", "believed"),
    [
        ("sqlserver://u:p@127.0.0.1/r", "no", None),
        ("sqlserver://u:p@[::1]/r", "no", None),
        ("sqlserver://u:p@localhost/r?encrypt=yes", "yes", None),
        ("sqlserver://u:p@db.example/r", "yes", None),
        ("sqlserver://u:p@db.example/r?encrypt=trust", "trust", "trust"),
        ("sqlserver://u:p@db.example/r?encrypt=no", "no", "no"),
    ],
)
def test_another_machine_is_verified_unless_it_is_said(dsn: str, encrypt: str, believed: str | None) -> None:
    server = read_dsn(WHERE, dsn)
    assert (server.encrypt, unverified(server), server.port) == (encrypt, believed, 1433)


@pytest.mark.parametrize(
    ("dsn", "problem"),
    [
        ("Server=db.example;Password=hunter2", "not an address like"),
        ("postgresql://u:hunter2@h/r", "not an address like"),
        ("sqlserver://u:hunter2@h:port/r", "not an address like"),
        ("sqlserver://u@h/r", "it has no password"),
        ("sqlserver://u:hunter2@h", "it has no database"),
        ("sqlserver://h", "it has no user, password, database"),
        ("sqlserver://u:hunter2@h/r?TrustServerCertificate=yes", "it knows encrypt and cafile, not TrustServerCert"),
        ("sqlserver://u:hunter2@h/r?encrypt=maybe", "encrypt is yes, trust or no"),
        ("sqlserver://u:hunter2@h/r?encrypt=trust&cafile=/nowhere", "nothing is verified with encrypt=trust"),
        ("sqlserver://u:hunter2@h/r?cafile=/nowhere", "cafile: /nowhere cannot be read"),
    ],
)
def test_what_is_wrong_is_said(dsn: str, problem: str) -> None:
    assert any(found.startswith(problem) for found in problems(dsn)), problems(dsn)


def test_a_database_that_is_believed_unseen_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        SQLServer(Address("vitec", "sqlserver://u:hunter2@db.example/r?encrypt=trust", "meterstream", 5))
    assert "nothing verifies that the database is the right one" in caplog.text
    assert "hunter2" not in caplog.text
