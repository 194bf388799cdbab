"""A MariaDB receiver's DSN: a database elsewhere is verified, or the operator says that it is not."""

import logging
import ssl
from pathlib import Path

import pytest

from runtime.errors import ConfigError
from sinks.mariadb.database import MariaDB
from sinks.mariadb.dsn import read_dsn
from tests.certificates import Authority

WHERE = "receivers.vitec.dsn"
PASSWORD = "hunter2"


def problems(dsn: str) -> list[str]:
    try:
        read_dsn(WHERE, dsn)
    except ConfigError as error:
        assert PASSWORD not in str(error)
        return [problem.removeprefix(f"{WHERE}: ") for problem in error.problems]
    return []


def test_everything_of_an_address_is_read() -> None:
    place = read_dsn(WHERE, "mariadb://meter%40s:a%2Fb%C3%A5@db.example:3307/r%20x?ssl_verify=off")
    assert (place.host, place.port, place.user, place.password) == ("db.example", 3307, "meter@s", "a/bå")
    assert place.database == "r x"
    assert "a/bå" not in repr(place)


@pytest.mark.parametrize("host", ["127.0.0.1:3306", "[::1]", "localhost"])
@pytest.mark.parametrize("scheme", ["mariadb", "mysql"])
def test_on_this_machine_nothing_needs_to_be_said(scheme: str, host: str) -> None:
    place = read_dsn(WHERE, f"{scheme}://u:hunter2@{host}/r")
    assert (place.tls, place.unverified, place.port) == (None, None, 3306)


@pytest.mark.parametrize("host", ["db.example", "10.0.0.1", "[fd00::1]"])
def test_another_machine_is_not_left_to_chance(host: str) -> None:
    (problem,) = problems(f"mariadb://u:hunter2@{host}/r")
    assert "add ssl_verify=full and ssl_ca=FILE" in problem


@pytest.mark.parametrize(
    ("options", "verify", "check_hostname"),
    [
        ("ssl_verify=full", ssl.CERT_REQUIRED, True),
        ("ssl_verify=ca", ssl.CERT_REQUIRED, False),
        ("ssl_verify=none", ssl.CERT_NONE, False),
        ("ssl_ca={ca}", ssl.CERT_REQUIRED, True),
    ],
)
def test_it_is_verified_as_it_is_asked_for(
    tmp_path: Path, options: str, verify: ssl.VerifyMode, check_hostname: bool
) -> None:
    """Whoever names an authority wants to be sure of the server."""
    ca = Authority(tmp_path, "authority").file
    place = read_dsn(WHERE, f"mariadb://u:hunter2@db.example/r?{options.format(ca=ca)}")
    assert place.tls is not None
    assert (place.tls.verify_mode, place.tls.check_hostname) == (verify, check_hostname)
    assert place.unverified == ("none" if verify == ssl.CERT_NONE else None)


@pytest.mark.parametrize("mode", ["none", "off"])
def test_who_asks_for_it_gets_a_database_that_nothing_verifies_and_a_warning(
    mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        MariaDB("vitec", f"mariadb://u:{PASSWORD}@db.example/r?ssl_verify={mode}", 5.0)
    assert [vars(record)["ssl_verify"] for record in caplog.records] == [mode]
    assert PASSWORD not in caplog.text


def test_the_files_are_looked_at_before_the_start(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    late, other, good = (authority.issue(name, days) for name, days in (("late", -1), ("other", 9), ("good", 9)))
    start = f"mariadb://u@db.example/r?ssl_ca={authority.file}"
    assert problems(f"{start}&ssl_cert={good.certificate}&ssl_key={good.key}") == []
    (expired,) = problems(f"{start}&ssl_cert={late.certificate}&ssl_key={late.key}")
    assert expired == f"ssl_cert: {late.certificate} expired on {late.valid_until:%Y-%m-%d}: renew it"
    (foreign,) = problems(f"{start}&ssl_cert={good.certificate}&ssl_key={other.key}")
    assert foreign.startswith(f"ssl_key: {other.key} is not the key of")
    (absent,) = problems(f"mariadb://u@db.example/r?ssl_ca={tmp_path}/no.pem")
    assert absent.startswith(f"ssl_ca: {tmp_path}/no.pem cannot be read")
    (alone,) = problems(f"{start}&ssl_cert={good.certificate}")
    assert alone == "ssl_cert and ssl_key go together: set both or neither"


@pytest.mark.parametrize(
    ("dsn", "problem"),
    [
        ("postgresql://u:hunter2@127.0.0.1/r", "not a URL like mariadb://"),
        ("host=127.0.0.1 password=hunter2", "not a URL like mariadb://"),
        ("mariadb://u:hunter2@[::1", "not a URL like mariadb://"),
        ("mariadb://u:hunter2@127.0.0.1:port/r", "not a URL like mariadb://"),
        ("mariadb://u:hunter2@127.0.0.1", "user, host or database is missing"),
        ("mariadb://127.0.0.1/r", "user, host or database is missing"),
        ("mariadb://u:hunter2@127.0.0.1/r?sslmode=require", "unknown parameter sslmode"),
        ("mariadb://u:hunter2@db.example/r?ssl_verify=perhaps", "ssl_verify is one of full, ca, none, off"),
    ],
)
def test_what_is_no_such_address_is_not_repeated(dsn: str, problem: str) -> None:
    (found,) = problems(dsn)
    assert found.startswith(problem)


def test_every_problem_is_told_at_once() -> None:
    assert len(problems("mariadb://u:hunter2@db.example/?what=ever")) == 3
