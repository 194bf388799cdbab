"""`meterstream receivers check` on a real PostgreSQL and Kafka: rights, encoding, credentials; nothing is left."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from local.cluster import Cluster
from local.postgres import PostgresServer
from operations.command import main
from runtime.settings.load import load
from runtime.topic_admin import create
from sinks.postgresql.database import Address, PostgreSQL
from sinks.sql_writer import SqlWriter
from sinks.writer import Receiver
from tests.sink_writing import TOPIC

pytestmark = pytest.mark.services

PASSWORD = "a-word-not-shown-91"


class Place:
    """A database and a role, as docs/security.md has them, and the check of a receiver that stands there."""

    def __init__(self, server: PostgresServer, kafka: Cluster, name: str, folder: Path) -> None:
        self.server, self.name, self.folder = server, name, folder
        server.create_database(name)
        self.run(
            f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'",
            f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
            f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {name}",
        )
        (folder / "points.csv").write_text("metering_point,category\n1,\n", "utf-8")
        (folder / "meterstream.toml").write_text(
            f'[kafka]\nbootstrap_servers = "{kafka.bootstrap_servers}"\n'
            f'[topics]\nprefix = "{name}"\npartitions = 2\nreplication_factor = 1\nmin_insync_replicas = 1\n'
            '[receivers.vitec]\ndatabase = "postgresql"\npoints = "points.csv"\n'
            'dsn = [{ file = "new.dsn" }, { file = "old.dsn" }]\n',
            "utf-8",
        )
        self.log_in()

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """Statements of the superuser; the rows of the last."""
        with psycopg.connect(self.server.dsn(self.name), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def dsn(self, user: str, password: str = PASSWORD) -> str:
        return f"host=127.0.0.1 port={self.server.port} dbname={self.name} user={user} password={password}"

    def log_in(self, *dsns: str) -> None:
        for file, dsn in zip(("new.dsn", "old.dsn"), dsns or (self.dsn(self.name),), strict=False):
            (self.folder / file).write_text(dsn, "utf-8")

    def give_schema(self) -> None:
        self.run(f"CREATE SCHEMA meterstream AUTHORIZATION {self.name}")

    def check(self) -> Result:
        config = self.folder / "meterstream.toml"
        done = CliRunner().invoke(main, ["--config", str(config), "receivers", "check", "vitec"])
        assert PASSWORD not in done.output
        return done

    def there(self) -> list[tuple[object, ...]]:
        """Every schema and relation of the database, and how many rows each table holds."""
        self.run("ANALYZE")
        return self.run(
            "SELECT nspname, relname, reltuples FROM pg_namespace "
            "LEFT JOIN pg_class ON relnamespace = pg_namespace.oid "
            "WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' ORDER BY 1, 2"
        )

    def drop(self) -> None:
        with psycopg.connect(self.server.dsn(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {self.name} WITH (FORCE)".encode())
            connection.execute(f"DROP ROLE {self.name}".encode())


@pytest.fixture
def place(postgres: PostgresServer, kafka: Cluster, unique: str, tmp_path: Path) -> Iterator[Place]:
    place = Place(postgres, kafka, unique, tmp_path)
    yield place
    place.drop()


def line(of: Result, what: str) -> list[str]:
    (found, *_) = [row for row in of.output.splitlines() if row.startswith(f"│ {what} ")]
    return [cell.strip() for cell in found.strip("│").split("│")]


def test_a_place_as_the_handbook_has_it_can_take_it(place: Place) -> None:
    place.give_schema()
    create(load(place.folder / "meterstream.toml", {}))
    before = place.there()
    done = place.check()
    assert (done.exit_code, "warning" in done.output, "problem" in done.output) == (0, False, False), done.output
    assert place.there() == before


def test_topics_that_are_missing_are_a_problem_with_the_command_that_makes_them(place: Place) -> None:
    place.give_schema()
    done = place.check()
    assert done.exit_code == 2
    assert line(done, "Kafka")[2:] == ["problem", "meterstream topics create"]


def test_the_superuser_is_warned_of_and_the_schema_that_it_made_is_gone(place: Place) -> None:
    place.log_in(place.server.dsn(place.name))
    before = place.there()
    done = place.check()
    assert line(done, "rights")[2] == "warning"
    assert line(done, "sample")[2] == "ok"
    assert place.there() == before


def test_a_right_that_is_missing_is_named_as_the_statement_that_gives_it(place: Place) -> None:
    name = place.name
    done = place.check()
    assert line(done, "rights")[2:] == ["problem", f"CREATE SCHEMA meterstream AUTHORIZATION {name};"]
    place.run("CREATE SCHEMA meterstream", f"REVOKE TEMPORARY ON DATABASE {name} FROM {name}")
    done = place.check()
    assert f"GRANT TEMPORARY ON DATABASE {name} TO {name};" in done.output
    assert f"GRANT USAGE ON SCHEMA meterstream TO {name};" in done.output
    place.run(f"GRANT TEMPORARY ON DATABASE {name} TO {name}", f"GRANT USAGE ON SCHEMA meterstream TO {name}")
    writer = SqlWriter(PostgreSQL(Address("vitec", place.server.dsn(name), "meterstream", 5.0)), Receiver("vitec", "1"))
    writer.open(TOPIC, [0, 1])
    writer.close()
    before = place.there()
    done = place.check()
    assert f"GRANT SELECT, UPDATE ON meterstream.positions TO {name};" in done.output
    given = [cell.strip() for row in done.output.splitlines() for cell in row.split("│") if "GRANT " in cell]
    assert any("meter_values_e1" in grant for grant in given)
    place.run(*given)
    done = place.check()
    assert line(done, "rights")[2] == "ok", done.output
    assert line(done, "numbers")[2] == "ok", done.output
    assert place.there() == before


def test_a_database_in_another_encoding_is_a_problem(place: Place) -> None:
    place.drop()
    with psycopg.connect(place.server.dsn(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {place.name} ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'".encode())
        connection.execute(f"CREATE ROLE {place.name} LOGIN PASSWORD '{PASSWORD}'".encode())
    done = place.check()
    assert line(done, "encoding")[1:3] == ["SQL_ASCII", "problem"]


def test_the_old_password_is_a_warning_where_the_new_one_is_refused(place: Place) -> None:
    place.give_schema()
    place.log_in(place.dsn(place.name, "not-yet-" + PASSWORD[::-1]), place.dsn(place.name))
    done = place.check()
    assert line(done, "credentials")[2] == "warning"
    assert f"those of file {place.folder / 'old.dsn'} are accepted" in done.output
    assert line(done, "sample")[2] == "ok"
    place.log_in(place.dsn(place.name, "wrong"), place.dsn(place.name, "wrong too"))
    done = place.check()
    assert line(done, "credentials")[2] == "problem"
    assert line(done, "sample")[1] == "not tried: see above"
