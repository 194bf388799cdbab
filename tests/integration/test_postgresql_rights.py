"""The rights in a database as docs/security.md grants them: enough, each needed, and nothing beyond."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path

import psycopg
import pytest

from local.postgres import PostgresServer
from runtime.errors import Transient
from schemas.events import MeterValue
from schemas.keys import partition_of
from sinks.batch import Batch, Refused
from sinks.points.points import Point, Points
from sinks.postgresql.database import Address, PostgreSQL
from sinks.put_back import PutBackRecord
from sinks.sql_writer import SqlWriter
from sinks.upkeep import Upkeep
from sinks.writer import Receiver
from tests.sample_events import meter_value
from tests.sink_rows import row
from tests.sink_writing import TOPIC

pytestmark = pytest.mark.services

DOCS = Path(__file__).resolve().parents[2] / "docs" / "security.md"
SECTION = DOCS.read_text("utf-8").split("### Rights in a database")[1].split("\n## ")[0]
OWNER, READER, WRITER = (
    [line for line in block.splitlines() if line]
    for block in re.findall(r"```sql\n(.*?)```", SECTION, flags=re.DOTALL)[:3]
)
PASSWORD = "a long one"
SECONDS = 10.0
TABLE = "meterstream.meter_values_e1"


class Receivers:
    """A database in which the documented statements were run; a constraint of the receiver's refuses one unit."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        server.create_database("receiver")
        self.run(*OWNER)
        with closing(self.writer("vitec")) as owner:
            work(owner, offset=0)
        self.run(f"ALTER TABLE {TABLE} ADD CONSTRAINT no_gallons CHECK (unit <> 'gallon')", *READER, *WRITER)

    def run(self, *statements: str, user: str | None = None) -> list[tuple[object, ...]]:
        """Statements in order; the rows of the last. ``user`` None: the superuser."""
        with psycopg.connect(self.dsn(user) if user else self._server.dsn("receiver"), autocommit=True) as connection:
            cursor = None
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor is not None and cursor.description else []

    def dsn(self, user: str) -> str:
        return f"host=127.0.0.1 port={self._server.port} dbname=receiver user={user} password='{PASSWORD}'"

    def database(self, user: str) -> PostgreSQL:
        return PostgreSQL(Address("vitec", self.dsn(user), "meterstream", SECONDS))

    def writer(self, user: str) -> SqlWriter:
        return SqlWriter(self.database(user), Receiver("vitec", "1"))

    def ask_back(self) -> None:
        """The operator, as the owner, has a record put back."""
        record = PutBackRecord("letter", TOPIC.name, 0, 0, b"k", b"v")
        Upkeep(self.database("vitec"), "vitec", "1").put_back([record])


@pytest.fixture(scope="module")
def receivers(postgres: PostgresServer) -> Iterator[Receivers]:
    found = Receivers(postgres)
    yield found
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute("DROP DATABASE receiver WITH (FORCE)")
        for role in ("vitec", "energy", "vitec_writer"):
            connection.execute(f"DROP ROLE {role}".encode())


def refuse(refused: Sequence[Refused]) -> list[str]:
    return ["letter" for _ in refused]


MAPPED = count(step=100)
"""Each worker is given another point, whose values are read again."""


def work(writer: SqlWriter, offset: int | None = None) -> None:
    """All that a worker does: opens, takes points, writes new, corrected and refused rows, reads again, looks."""
    opened = writer.open(TOPIC, [0, 1])
    if offset is None:
        mapped = next(f"p{number}" for number in count(next(MAPPED)) if partition_of(f"p{number}", 2) == 0)
        again = writer.take_points(Points([Point(mapped)]))
        before = {number: one.next_offset for number, one in again.passes.items()}
        writer.write_again(Batch([], before, dict.fromkeys(before, 1)), False, refuse)
    at = opened.positions[0] if offset is None else offset
    values: list[MeterValue] = [meter_value(sequence=at), meter_value(sequence=at, delivery_category="OTHER")]
    if offset is None:
        values.append(meter_value(sequence=at, delivery_category="GAS", unit="gallon"))
    end = {0: at + len(values), 1: opened.positions[1]}
    written = writer.write(Batch([row(value, forms=writer.forms) for value in values], opened.positions, end), refuse)
    assert written.refused == (offset is None)
    writer.look()
    back = row(meter_value(sequence=at, delivery_category="BACK"), forms=writer.forms)
    writer.put_back(lambda records: [back for _ in records], refuse)
    if not opened.live or offset is not None:
        writer.turn_view()


def test_the_owner_and_the_writer_can_do_all_of_a_worker_s_work(receivers: Receivers) -> None:
    for user in ("vitec", "vitec_writer"):
        receivers.ask_back()
        with closing(receivers.writer(user)) as writer:
            work(writer)
        assert receivers.run("SELECT count(*) FROM meterstream.put_backs") == [(0,)]


def test_a_reader_reads_the_view_and_nothing_else(receivers: Receivers) -> None:
    assert receivers.run("SELECT count(*) > 0 FROM meterstream.meter_values", user="energy") == [(True,)]
    for statement in (
        f"SELECT * FROM {TABLE}",
        "SELECT * FROM meterstream.positions",
        "DELETE FROM meterstream.meter_values",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            receivers.run(statement, user="energy")


RIGHTS = [
    (f"{right} ON {where}", where)
    for rights, where in (
        re.fullmatch(r"GRANT (.+) ON (.+) TO vitec_writer;", line).groups()  # type: ignore[union-attr]  # they all match
        for line in WRITER
        if line.startswith("GRANT")
    )
    for right in rights.split(", ")
]


@pytest.mark.parametrize(("right", "where"), RIGHTS)
def test_a_right_that_is_missing_is_a_wait_that_names_it(receivers: Receivers, right: str, where: str) -> None:
    receivers.ask_back()
    receivers.run(f"REVOKE {right} FROM vitec_writer")
    try:
        with closing(receivers.writer("vitec_writer")) as writer, pytest.raises(Transient) as caught:
            work(writer)
    finally:
        receivers.run(f"GRANT {right} TO vitec_writer")
    why = str(caught.value)
    assert "\n" not in why
    assert where.split(".")[-1].split()[-1] in why
    if "CONNECT" not in right:  # that is told by libpq, while it connects
        assert why.endswith("(42501); grant what docs/security.md says (Rights in a database)")
    with closing(receivers.writer("vitec_writer")) as writer:
        work(writer)


@pytest.mark.parametrize(
    "statement",
    [
        f"DROP TABLE {TABLE}",
        f"DELETE FROM {TABLE}",
        f"TRUNCATE {TABLE}",
        f"ALTER TABLE {TABLE} ADD COLUMN more text",
        "DELETE FROM meterstream.positions",
        "UPDATE meterstream.epochs SET live = FALSE",
        "INSERT INTO meterstream.receiver VALUES ('another')",
        "INSERT INTO meterstream.put_backs SELECT * FROM meterstream.put_backs",
        "DROP VIEW meterstream.meter_values",
        "CREATE TABLE meterstream.another (name text)",
        "CREATE SCHEMA another",
        "CREATE ROLE another",
    ],
)
def test_the_writer_is_denied_what_goes_beyond(receivers: Receivers, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        receivers.run(statement, user="vitec_writer")


@pytest.mark.parametrize(
    "statement", ["CREATE SCHEMA another", "CREATE TABLE public.another (name text)", "CREATE ROLE another"]
)
def test_the_owner_of_one_schema_is_denied_everything_else(receivers: Receivers, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        receivers.run(statement, user="vitec")
