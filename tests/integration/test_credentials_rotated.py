"""A password is changed on a real PostgreSQL while a worker delivers: nothing lost, no restart, nothing shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from local.cluster import Cluster
from local.postgres import PostgresServer
from tests.receiver_databases import PostgreSQLReceiver
from tests.sink_rows import value
from tests.sink_system import SinkSystem, until

pytestmark = pytest.mark.services

OLD, NEW, THIRD = "old-word-5a1f", "new-word-77c3", "third-word-0b9e"


@dataclass(frozen=True)
class Rotated(PostgreSQLReceiver):
    """Its worker logs in by a role of its own, whose DSN stands in two files."""

    def settings(self) -> tuple[str, ...]:
        return (
            'database = "postgresql"',
            'dsn = [{ file = "new.dsn" }, { file = "old.dsn" }]',
            f'database_schema = "{self.schema}"',
        )


class Role:
    """A role on the server, and the files from which its worker reads how to log in."""

    def __init__(self, server: PostgresServer, name: str, folder: Path) -> None:
        self._server, self._name, self._folder = server, name, folder
        self.run(f"CREATE ROLE {name} LOGIN PASSWORD '{OLD}'", f"CREATE SCHEMA {name} AUTHORIZATION {name}")

    def run(self, *statements: str) -> None:
        with psycopg.connect(self._server.dsn(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def write(self, file: str, password: str) -> None:
        dsn = f"host=127.0.0.1 port={self._server.port} dbname=postgres user={self._name} password={password}"
        (self._folder / file).write_text(dsn)

    def change(self, password: str) -> None:
        """Another password, and every session of the old one ended, as a careful administrator does."""
        self.run(
            f"ALTER ROLE {self._name} PASSWORD '{password}'",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{self._name}'",
        )

    def drop(self) -> None:
        self.change(OLD)
        self.run(f"DROP OWNED BY {self._name} CASCADE", f"DROP ROLE {self._name}")


@pytest.fixture
def role(postgres: PostgresServer, unique: str, tmp_path: Path) -> Role:
    return Role(postgres, unique, tmp_path)


@pytest.fixture
def system(role: Role, postgres: PostgresServer, kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[SinkSystem]:
    role.write("old.dsn", OLD)
    role.write("new.dsn", OLD)
    system = SinkSystem(kafka.bootstrap_servers, unique, tmp_path, Rotated(postgres.dsn(), unique))
    yield system
    system.close()
    role.drop()


def test_the_password_is_changed_twice_while_values_flow(system: SinkSystem, role: Role) -> None:
    worker = system.start()
    sent: list[int] = []

    def flow(first: int) -> None:
        numbers = list(range(first, first + 200))
        system.publish([value(each, metering_point=f"p{each % 20}", reading_at=each) for each in numbers])
        sent.extend(numbers)

    flow(0)
    until(lambda: system.delivered(sent))
    role.write("new.dsn", NEW)  # the window: the new one is in place before the server knows of it
    flow(1_000)
    role.change(OLD)  # only the sessions end: the old one is still the right one
    flow(2_000)
    until(lambda: system.delivered(sent))
    role.change(NEW)
    flow(3_000)
    until(lambda: system.delivered(sent))
    role.change(THIRD)  # without a window: the worker waits, says so, and goes on once its file holds the new one
    flow(4_000)
    until(lambda: "password authentication failed" in worker.ask("readyz")[1])
    said = worker.ask("readyz")[1] + worker.ask("metrics")[1]
    role.write("old.dsn", THIRD)
    until(lambda: system.delivered(sent))
    assert worker.running
    log = worker.log
    assert f"the database refuses the credentials of file {system.folder / 'new.dsn'}" in log
    assert log.count(f"the database accepts the credentials of file {system.folder / 'new.dsn'}") == 2
    assert log.count(f"the database accepts the credentials of file {system.folder / 'old.dsn'}") == 2
    for word in (OLD, NEW, THIRD):
        assert word not in log + said
