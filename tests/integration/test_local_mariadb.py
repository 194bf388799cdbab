"""The MariaDB of this system: on loopback, with one user, not as root; its rows survive a stop and a crash."""

import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pymysql
import pytest

from local.mariadb import MariaDBServer, program
from local.process import ServiceError
from tests.listening import beyond_loopback, listening

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def own_server() -> Iterator[MariaDBServer]:
    """A server of this module's own, durable as it is in a local system: its tests stop and kill it."""
    try:
        program()
    except ServiceError as error:
        pytest.skip(str(error))
    with TemporaryDirectory(prefix="meterstream-mariadb-") as directory:
        unfinished = Path(directory) / "unfinished"
        unfinished.mkdir()
        (unfinished / "of-an-interrupted-start").write_text("", "ascii")
        with MariaDBServer(Path(directory)) as running:
            yield running


@pytest.fixture
def server(own_server: MariaDBServer) -> MariaDBServer:
    """The module's server, running whatever the test before did to it."""
    own_server.start()
    return own_server


def run(server: MariaDBServer, statement: str) -> list[tuple[object, ...]]:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def test_it_knows_one_user_and_its_own(server: MariaDBServer) -> None:
    assert sorted(run(server, "SELECT user, host FROM mysql.global_priv")) == [
        ("mariadb.sys", "localhost"),
        ("meterstream", "127.0.0.1"),
    ]
    with pytest.raises(pymysql.OperationalError, match="Access denied"):
        pymysql.connect(host="127.0.0.1", port=server.port, user="meterstream", password="wrong")
    assert stat.S_IMODE((server.data_dir / "password").stat().st_mode) == 0o600


def test_nobody_else_reaches_it_and_it_is_not_root(server: MariaDBServer) -> None:
    addresses = listening(server.pid)
    assert addresses
    assert beyond_loopback(addresses) == []
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{server.pid}/status").read_text().splitlines() if ":" in line
    )
    assert "0" not in status["Uid"].split() + status["Gid"].split() + status["Groups"].split()


@pytest.mark.parametrize("end", [MariaDBServer.stop, MariaDBServer.kill])
def test_rows_survive_its_end(server: MariaDBServer, unique: str, end: object) -> None:
    server.create_database(unique)
    run(server, f"CREATE TABLE {unique}.kept (value decimal(38,12))")
    run(server, f"INSERT INTO {unique}.kept VALUES (26633.000000000001)")
    assert callable(end)
    end(server)
    assert not server.alive
    server.start()
    assert [str(value) for (value,) in run(server, f"SELECT value FROM {unique}.kept")] == ["26633.000000000001"]


def test_another_object_carries_on_the_same_data(server: MariaDBServer, unique: str) -> None:
    server.create_database(unique)
    server.stop()
    with MariaDBServer(server.data_dir) as successor:
        assert (unique,) in run(successor, "SHOW DATABASES")
        with pytest.raises(pymysql.err.ProgrammingError):
            successor.create_database(unique)


def test_a_server_that_cannot_start_shows_its_log(server: MariaDBServer) -> None:
    server.stop()
    with pytest.raises(ServiceError, match=r"(?s)MariaDB ended with code.*mariadb\.log.*no-such-setting"):
        MariaDBServer(server.data_dir, settings={"no-such-setting": "1"}).start()
