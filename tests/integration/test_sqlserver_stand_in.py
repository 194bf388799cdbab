"""What becomes of a SQL Server that refuses, waits, is silent or goes; on the stand-in."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import psycopg
import pytest

from local.postgres import PostgresServer
from runtime.errors import Transient
from runtime.settings.receiver import StageSettings
from runtime.settings.secret import Secret, Secrets
from schemas.events import MeterValue
from sinks import sample
from sinks.batch import Batch, Refused
from sinks.build import database_of
from sinks.database import CredentialsRefused
from sinks.probe import Address as ProbesAddress
from sinks.probes import probe_of
from sinks.sql_writer import SqlWriter
from sinks.sqlserver.database import Address, SQLServer
from sinks.writer import Receiver, Written
from tests.receiver_databases import SQLServerReceiver
from tests.sink_rows import AT, row, value
from tests.sink_writing import START, TOPIC, positions, shown, write
from tests.tds_stand_in import TdsStandIn

pytestmark = pytest.mark.services
TIMEOUT = 5.0


@pytest.fixture
def there(sqlserver_stand_in: TdsStandIn, unique: str) -> SQLServerReceiver:
    return SQLServerReceiver(sqlserver_stand_in.dsn, unique)


@pytest.fixture
def writer(there: SQLServerReceiver) -> Iterator[SqlWriter]:
    database = SQLServer(Address("vitec", there.dsn, there.schema, TIMEOUT))
    writer = SqlWriter(database, Receiver("vitec", "1"), now=lambda: AT)
    writer.open(TOPIC, [0, 1])
    yield writer
    writer.close()


def test_a_wrong_password_is_waited_for_and_not_shown(there: SQLServerReceiver) -> None:
    wrong = replace(there, dsn=there.dsn.replace("sa:", "sa:hunter2"))
    with pytest.raises(
        CredentialsRefused, match=r"Login failed for user 'u'\. \(18456\); see receivers\.vitec\.dsn"
    ) as caught:
        wrong.database().connect()
    assert "hunter2" not in str(caught.value)


def test_a_lock_of_somebody_else_is_waited_for_and_then_said(
    there: SQLServerReceiver, writer: SqlWriter, postgres: PostgresServer
) -> None:
    with psycopg.connect(postgres.dsn()) as other:
        other.execute(f"LOCK TABLE {there.schema}.meter_values_e1".encode())
        with pytest.raises(Transient, match=r"Lock request time out period exceeded\. \(1222\)"):
            write(writer, value(1))
    assert writer.open(TOPIC, [0, 1]).positions == START
    assert write(writer, value(1)) == Written(1, 0)


def test_of_two_that_change_tables_the_second_says_that_it_waits(there: SQLServerReceiver, writer: SqlWriter) -> None:
    first, second = there.database(), SQLServer(Address("vitec", there.dsn, there.schema, TIMEOUT))
    first.connect()
    second.connect()
    with first.transaction():
        first.lock_tables()
        with pytest.raises(Transient, match="another worker changes the tables"), second.transaction():
            second.lock_tables()
    with second.transaction():
        second.lock_tables()
    first.close()
    second.close()


def test_a_server_that_says_nothing_is_given_up_and_nothing_is_lost_or_doubled(
    there: SQLServerReceiver, writer: SqlWriter, sqlserver_stand_in: TdsStandIn
) -> None:
    sqlserver_stand_in.answering.clear()
    waking = threading.Timer(60, sqlserver_stand_in.answering.set)
    waking.start()
    with pytest.raises(Transient, match="no answer in time"):
        write(writer, value(1))
    sqlserver_stand_in.answering.set()
    waking.cancel()
    assert writer.open(TOPIC, [0, 1]).positions == START
    write(writer, value(1))
    assert (shown(there, "sequence"), positions(there)) == ([(1,)], {0: 1, 1: 0})


@pytest.mark.parametrize("column", ["metering_point", "unit"])
def test_a_text_longer_than_its_column_is_refused_and_never_cut(
    there: SQLServerReceiver, writer: SqlWriter, column: str
) -> None:
    values = [value(n, reading_at=AT + n) for n in range(4)]
    values[2] = value(2, reading_at=AT + 2, **{column: "x" * 300})
    assert reasons(writer, values) == [f"longer than its column {column}"]
    assert shown(there, "sequence") == [(0,), (1,), (3,)]


def reasons(writer: SqlWriter, values: list[MeterValue]) -> list[str]:
    """Why rows are refused."""
    said: list[str] = []

    def refuse(refused: Sequence[Refused]) -> list[str]:
        said.extend(bad.reason for bad in refused)
        return [f"letter-{number}" for number, _ in enumerate(refused)]

    writer.write(Batch([row(each, forms=writer.forms) for each in values], START, {0: len(values), 1: 0}), refuse)
    return said


def test_a_constraint_of_the_owner_refuses_a_row_and_is_named(there: SQLServerReceiver, writer: SqlWriter) -> None:
    there.run("ALTER TABLE meter_values_e1 ADD CONSTRAINT strict CHECK (source <> 'odd')")
    assert reasons(writer, [value(1), value(2, source="odd")]) == ["error 547 constraint strict"]


def test_a_receiver_is_checked_and_nothing_is_left(there: SQLServerReceiver) -> None:
    """The sample holds keys that differ in case, accents and blanks at their ends alone."""
    stage = StageSettings(database="sqlserver", dsn=Secrets((Secret(text=there.dsn),)), database_schema=there.schema)
    probe = probe_of(ProbesAddress("vitec", stage, {}), "1")
    asked = list(probe.ask())
    with probe.untouched():
        sampled = list(sample.findings(database_of("vitec", stage, {}), Receiver("vitec", "1"), None))
    found = {finding.what: finding.verdict for finding in (*asked, *sampled)}
    assert found == {
        "credentials": "ok",
        "version": "ok",
        "encryption": "ok",
        "snapshots": "warning",
        "rights": "ok",
        "sample": "ok",
        "texts": "ok",
        "numbers": "ok",
        "instants": "ok",
    }
    assert not has_schema(there)
    with pytest.raises(Transient), probe.untouched():
        there.database().connect()
        assert has_schema(there)
        raise Transient("in the middle of it")
    assert not has_schema(there)


def has_schema(there: SQLServerReceiver) -> bool:
    return bool(there.run(f"SELECT 1 FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME = '{there.schema}'"))


def test_ten_thousand_rows_go_in_together(there: SQLServerReceiver, writer: SqlWriter) -> None:
    values = [value(n, reading_at=AT + n, value=n) for n in range(10_000)]
    assert write(writer, *values) == Written(10_000, 0)
    assert write(writer, *values[:100], before=10_000) == Written(0, 0)
    ((count, last),) = there.run("SELECT count(*), max(value) FROM meter_values")
    assert (count, str(last)) == (10_000, "9.999E-9")
