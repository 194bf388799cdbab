"""The PostgreSQL from packages: what it is set to, and that its data survives stop and crash."""

import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer

import psycopg
import pytest

from local.postgres import PostgresServer
from local.process import ServiceError
from tests.freezing import freeze

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server of this module's own: its tests stop and kill it."""
    temporary = TemporaryDirectory(prefix="meterstream-postgres-")
    with temporary as directory, PostgresServer(Path(directory)) as running:
        yield running


@pytest.fixture
def server(own_server: PostgresServer) -> PostgresServer:
    """The module's server, running whatever the test before did to it."""
    own_server.start()
    return own_server


def setting(server: PostgresServer, name: str) -> str:
    with psycopg.connect(server.dsn()) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def fill(server: PostgresServer, database: str) -> None:
    server.create_database(database)
    with psycopg.connect(server.dsn(database)) as connection:
        connection.execute("CREATE TABLE kept (value numeric)")
        connection.execute("INSERT INTO kept VALUES (26633.000000000001)")


def kept(server: PostgresServer, database: str) -> list[str]:
    with psycopg.connect(server.dsn(database)) as connection:
        return [str(value) for (value,) in connection.execute("SELECT value FROM kept")]


def test_a_created_database_can_be_used_whatever_its_name(postgres: PostgresServer, unique: str) -> None:
    name = f'{unique} Å/"x"?'
    fill(postgres, name)
    assert kept(postgres, name) == ["26633.000000000001"]


def test_creating_a_database_twice_is_an_error(postgres: PostgresServer, unique: str) -> None:
    postgres.create_database(unique)
    with pytest.raises(psycopg.errors.DuplicateDatabase):
        postgres.create_database(unique)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("server_encoding", "UTF8"),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("password_encryption", "scram-sha-256"),
    ],
)
def test_it_is_durable_and_on_loopback_only(postgres: PostgresServer, name: str, value: str) -> None:
    assert setting(postgres, name) == value


def test_a_wrong_password_is_refused(postgres: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.dsn(password=False), password="wrong")
    assert postgres.password not in postgres.dsn(password=False)


def test_the_password_can_be_read_by_its_owner_only(postgres: PostgresServer) -> None:
    assert stat.S_IMODE((postgres.data_dir / "password").stat().st_mode) == 0o600


def test_it_does_not_run_as_root(postgres: PostgresServer) -> None:
    assert setting(postgres, "is_superuser") == "on"
    with psycopg.connect(postgres.dsn()) as connection:
        row = connection.execute("SELECT pg_read_file('/proc/self/status')").fetchone()
    assert row is not None
    status = dict(line.split(":", 1) for line in row[0].splitlines() if ":" in line)
    assert "0" not in status["Uid"].split() + status["Gid"].split() + status["Groups"].split()


def test_rows_survive_a_stop_with_a_client_connected(server: PostgresServer, unique: str) -> None:
    fill(server, unique)
    before, begun = server.pid, time.monotonic()
    with psycopg.connect(server.dsn(unique)):
        server.stop()
    assert time.monotonic() - begun < 10, "it was not killed after the time for a stop in order"
    assert not server.alive
    server.start()
    assert server.pid != before
    assert kept(server, unique) == ["26633.000000000001"]


def test_rows_survive_a_crash_with_clients_at_work(server: PostgresServer, unique: str) -> None:
    """The killed server's children may still be leaving when the next one starts."""
    fill(server, unique)
    clients = [psycopg.connect(server.dsn(unique)) for _ in range(8)]
    for client in clients:
        client.execute("INSERT INTO kept VALUES (1)")
    server.kill()
    server.start()
    for client in clients:
        client.close()
    assert kept(server, unique) == ["26633.000000000001"]


def test_a_start_after_a_crash_waits_for_the_killed_servers_children(server: PostgresServer) -> None:
    """Here one of them is held back for half a second, with the shared memory that a new server must not find."""
    with psycopg.connect(server.dsn()) as client:
        backend = client.info.backend_pid
        freeze(backend)
        server.kill()
        release = Timer(0.5, os.kill, (backend, signal.SIGCONT))
        release.start()
        server.start()
        release.join()
    assert setting(server, "fsync") == "on"


def test_another_object_carries_on_the_same_cluster(server: PostgresServer, unique: str) -> None:
    fill(server, unique)
    server.stop()
    with PostgresServer(server.data_dir, settings={"application_name": "second"}) as successor:
        assert kept(successor, unique) == ["26633.000000000001"]


def test_a_server_that_cannot_start_shows_its_log(server: PostgresServer) -> None:
    server.stop()
    with pytest.raises(ServiceError, match=r"(?s)PostgreSQL ended with code.*postgres\.log.*no_such_setting"):
        PostgresServer(server.data_dir, settings={"no_such_setting": "1"}).start()


def test_a_taken_port_is_named(postgres: PostgresServer, server: PostgresServer) -> None:
    server.stop()
    with pytest.raises(ServiceError, match=f"port {postgres.port} "):
        PostgresServer(server.data_dir, port=postgres.port).start()


def test_an_interrupted_first_start_is_begun_anew() -> None:
    with TemporaryDirectory(prefix="meterstream-postgres-") as directory:
        (Path(directory) / "unfinished").mkdir()
        (Path(directory) / "unfinished" / "PG_VERSION").write_text("18\n", encoding="ascii")
        (Path(directory) / "password").write_text("of another time", encoding="ascii")
        with PostgresServer(Path(directory)) as server:
            assert setting(server, "fsync") == "on"


def test_it_has_a_session_of_its_own(server: PostgresServer) -> None:
    """Ctrl-C in a terminal reaches the supervisor, not the server."""
    assert os.getsid(server.pid) == server.pid
