"""The rights in MariaDB as docs/security.md grants them: enough, each needed, nothing beyond; and their check."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pymysql
import pytest

from local.mariadb import MariaDBServer
from runtime.errors import Transient
from runtime.settings.receiver import StageSettings
from runtime.settings.secret import Secret
from sinks import sample
from sinks.batch import Batch, Refused
from sinks.mariadb.database import MariaDB
from sinks.mariadb.probe import MariaDBProbe
from sinks.points.points import Point, Points
from sinks.probe import Address, Finding
from sinks.put_back import PutBackRecord
from sinks.sql_writer import SqlWriter
from sinks.upkeep import Upkeep
from sinks.writer import Receiver
from tests.sink_rows import AT, row, value
from tests.sink_writing import TOPIC

pytestmark = pytest.mark.services

DOCS = Path(__file__).resolve().parents[2] / "docs" / "security.md"
SECTION = DOCS.read_text("utf-8").split("### Rights in MariaDB")[1].split("\n## ")[0]
OWNER, READER, WRITER = (
    [line for line in block.splitlines() if line] for block in re.findall(r"```sql\n(.*?)```", SECTION, flags=re.DOTALL)
)
PASSWORD = "a long one"
"""As the documented statements have it."""


class Receivers:
    """A database in which the documented statements were run; a constraint of the receiver's refuses one unit."""

    def __init__(self, server: MariaDBServer) -> None:
        self.server = server
        self.run(*OWNER)
        with closing(self.writer("vitec")) as owner:
            owner.open(TOPIC, [0, 1])
        self.run("ALTER TABLE receiver.meter_values_e1 ADD CONSTRAINT no_gallons CHECK (unit <> 'gallon')")
        self.run(*READER, *WRITER)

    def run(self, *statements: str, user: str | None = None) -> list[tuple[object, ...]]:
        """Statements in order; the rows of the last. ``user`` None: the superuser."""
        connection = self.server.connect()
        if user:
            connection.close()
            connection = pymysql.connect(
                host="127.0.0.1", port=self.server.port, user=user, password=PASSWORD, database="receiver"
            )
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def dsn(self, user: str) -> str:
        return f"mariadb://{user}:{PASSWORD}@127.0.0.1:{self.server.port}/receiver"

    def writer(self, user: str) -> SqlWriter:
        return SqlWriter(MariaDB("vitec", self.dsn(user), 5.0), Receiver("vitec", "1"))

    def ask_back(self) -> None:
        """The operator, as the owner, has a record put back."""
        record = PutBackRecord("letter", TOPIC.name, 0, 0, b"k", b"v")
        Upkeep(MariaDB("vitec", self.dsn("vitec"), 5.0), "vitec", "1").put_back([record])

    def findings(self, dsn: str) -> list[Finding]:
        """What a check says, its sample with it."""
        stage = StageSettings(database="mariadb", dsn=Secret(text=dsn))
        probe = MariaDBProbe(Address("vitec", stage, {}), "1")
        found = list(probe.ask())
        if all(finding.verdict != "problem" for finding in found):
            with probe.untouched():
                found += sample.findings(MariaDB("vitec", dsn, 5.0), Receiver("vitec", "1"), TOPIC.id)
        return found


@pytest.fixture(scope="module")
def receivers(mariadb: MariaDBServer) -> Iterator[Receivers]:
    found = Receivers(mariadb)
    yield found
    found.run("DROP DATABASE receiver", *(f"DROP USER {name}" for name in ("vitec", "energy", "vitec_writer")))


def refuse(refused: Sequence[Refused]) -> list[str]:
    return ["letter" for _ in refused]


def work(writer: SqlWriter) -> None:
    """All that a worker does: takes its points, writes new and refused rows, looks, puts back, reads again."""
    opened = writer.open(TOPIC, [0, 1])
    before = opened.positions
    at = before[0]
    writer.take_points(Points([Point(f"p{at}", "", "", 0, AT, None, None, None)]))
    rows = [row(value(at + n, unit=unit), at + n, writer.forms) for n, unit in enumerate(("kWh", "gallon"))]
    after = {0: at + 2, 1: before[1]}
    writer.write(Batch(rows, before, after), refuse)
    writer.look()
    writer.put_back(lambda records: rows[:1], refuse)
    for begin in range(writer.standing().again.passes.get(0, None) is not None):
        writer.write_again(Batch(rows[:1], {0: begin}, {0: begin + 1}), False, refuse)
    assert opened.live


def test_the_owner_and_the_writer_can_do_all_of_a_worker_s_work(receivers: Receivers) -> None:
    for user in ("vitec", "vitec_writer"):
        receivers.ask_back()
        with closing(receivers.writer(user)) as writer:
            work(writer)
        assert receivers.run("SELECT count(*) FROM receiver.put_backs") == [(0,)]


def test_a_reader_reads_the_view_and_nothing_else(receivers: Receivers) -> None:
    ((count,),) = receivers.run("SELECT count(*) FROM meter_values", user="energy")
    assert count
    for statement in ("SELECT * FROM meter_values_e1", "SELECT * FROM positions", "DELETE FROM meter_values"):
        with pytest.raises(pymysql.MySQLError, match="denied"):
            receivers.run(statement, user="energy")


RIGHTS = [
    (right, where)
    for rights, where in re.findall(r"GRANT (.+) ON (.+) TO vitec_writer;", "\n".join(WRITER))
    for right in rights.split(", ")
]


def test_a_right_that_is_missing_is_a_wait_that_names_it_or_a_check_that_does(receivers: Receivers) -> None:
    assert len(RIGHTS) > 20
    for right, where in RIGHTS:
        receivers.run(f"REVOKE {right} ON {where} FROM vitec_writer")
        try:
            (finding,) = [each for each in receivers.findings(receivers.dsn("vitec_writer")) if each.what == "rights"]
            assert finding.todo == f"GRANT {right} ON {where} TO vitec_writer@%;"
        finally:
            receivers.run(f"GRANT {right} ON {where} TO vitec_writer")
    receivers.run("REVOKE INSERT ON receiver.meter_values_e1 FROM vitec_writer")
    try:
        with closing(receivers.writer("vitec_writer")) as writer, pytest.raises(Transient) as caught:
            work(writer)
    finally:
        receivers.run("GRANT INSERT ON receiver.meter_values_e1 TO vitec_writer")
    assert "meter_values_e1" in str(caught.value)
    assert str(caught.value).endswith("; grant what docs/security.md says (Rights in MariaDB)")


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE meter_values_e1",
        "DELETE FROM meter_values_e1",
        "ALTER TABLE meter_values_e1 ADD COLUMN more text",
        "DELETE FROM positions",
        "DROP VIEW meter_values",
        "CREATE TABLE another (name text)",
        "CREATE USER another",
    ],
)
def test_the_writer_is_denied_what_goes_beyond(receivers: Receivers, statement: str) -> None:
    with pytest.raises(pymysql.MySQLError, match=r"denied|1227"):
        receivers.run(statement, user="vitec_writer")


def test_a_check_of_either_finds_nothing_and_leaves_nothing(receivers: Receivers) -> None:
    tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'receiver' ORDER BY 1"
    before = receivers.run(tables), receivers.run("SELECT * FROM receiver.meter_values_e1")
    for user in ("vitec", "vitec_writer"):
        found = receivers.findings(receivers.dsn(user))
        assert [finding.verdict for finding in found if finding.verdict != "ok"] == []
        assert [finding.what for finding in found].count("numbers") == 1
    assert (receivers.run(tables), receivers.run("SELECT * FROM receiver.meter_values_e1")) == before


def test_a_check_of_an_empty_database_leaves_it_empty(receivers: Receivers, unique: str) -> None:
    """And warns of a user who may do more."""
    receivers.server.create_database(unique)
    found = receivers.findings(receivers.server.dsn(unique))
    assert [finding.what for finding in found if finding.verdict != "ok"] == ["rights"]
    assert receivers.run(f"SELECT * FROM information_schema.tables WHERE table_schema = '{unique}'") == []


def test_a_check_tells_why_it_is_not_let_in(receivers: Receivers) -> None:
    (finding,) = receivers.findings(receivers.dsn("energy").replace(PASSWORD, "wrong-one"))
    assert (finding.what, finding.verdict) == ("credentials", "problem")
    assert "Access denied for user" in finding.seen
    assert "wrong-one" not in finding.seen
