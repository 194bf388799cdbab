"""MariaDB as a receiver's database: nothing is cut or mixed up, nobody waits for ever, errors hold no rows."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from local.mariadb import MariaDBServer
from runtime.errors import Transient
from sinks.batch import Batch, Refused, RowsRefused
from sinks.database import CredentialsRefused
from sinks.mariadb.database import MariaDB
from sinks.sql_writer import SqlWriter
from sinks.writer import Receiver, Written
from tests.receiver_databases import MariaDBReceiver
from tests.sink_rows import AT, row, value
from tests.sink_writing import START, TOPIC, positions, shown, write

pytestmark = pytest.mark.services

PATIENCE = 30.0


@pytest.fixture
def there(mariadb: MariaDBServer, unique: str) -> MariaDBReceiver:
    return MariaDBReceiver.on(mariadb, unique)


@pytest.fixture
def impatient(there: MariaDBReceiver) -> Iterator[MariaDB]:
    """A statement may take two seconds, and wait for a lock for one."""
    database = MariaDB("vitec", there.server.dsn(there.name), 2.0)
    with closing(database):
        yield database


@pytest.fixture
def writer(impatient: MariaDB) -> SqlWriter:
    writer = SqlWriter(impatient, Receiver("vitec", "1"))
    writer.open(TOPIC, [0, 1])
    return writer


def refusing(refused: list[Refused]) -> Any:
    def refuse(found: list[Refused]) -> list[str]:
        refused.extend(found)
        return [f"letter-{bad.row.sequence}" for bad in found]

    return refuse


@contextmanager
def held(there: MariaDBReceiver, statement: str) -> Iterator[None]:
    """A statement of somebody else, whose transaction goes on."""
    with there.server.connect(there.name) as connection, connection.cursor() as cursor:
        connection.begin()
        cursor.execute(statement)
        yield


def test_texts_that_a_database_likes_to_mix_up_are_rows_of_their_own(there: MariaDBReceiver, writer: SqlWriter) -> None:
    """Case, accents, spaces at the end, composed and not."""
    points = ["a", "A", "á", "a\u0301", "a ", "a\t", "ß", "ss"]
    write(writer, *[value(n, metering_point=point) for n, point in enumerate(points)])
    assert sorted(point for (point,) in shown(there, "metering_point")) == sorted(points)


def test_what_is_too_long_is_refused_and_never_cut(there: MariaDBReceiver, writer: SqlWriter) -> None:
    values = [value(1, metering_point="p" * 255), value(2, metering_point="p" * 256), value(3, unit="u" * 256)]
    refused: list[Refused] = []
    rows = [row(each, forms=writer.forms) for each in values]
    assert writer.write(Batch(rows, START, {0: 3, 1: 0}), refusing(refused)) == Written(1, 2)
    assert shown(there, "metering_point") == [("p" * 255,)]
    assert sorted((bad.row.sequence, bad.reason) for bad in refused) == [
        (2, "Data too long for column 'metering_point' at row 1 (1406, 22001)"),
        (3, "Data too long for column 'unit' at row 1 (1406, 22001)"),
    ]


def test_of_rows_in_several_statements_all_are_written_or_none(
    there: MariaDBReceiver, writer: SqlWriter, impatient: MariaDB
) -> None:
    values = [value(n, reading_at=AT + n, unit="u" * (256 if n == 2_000 else 200)) for n in range(2_001)]
    rows = [row(each, forms=writer.forms) for each in values]
    with impatient.transaction():
        with pytest.raises(RowsRefused):
            impatient.put("meter_values_e1", rows, AT)
        assert impatient.execute("SELECT count(*) FROM meter_values_e1") == [(0,)]
        assert impatient.put("meter_values_e1", rows[:-1], AT) == 2_000
    assert there.run("SELECT count(*) FROM meter_values") == [(2_000,)]


def test_a_unique_key_of_the_owner_s_refuses_rows_and_overwrites_none(
    there: MariaDBReceiver, writer: SqlWriter
) -> None:
    """ON DUPLICATE KEY UPDATE would write a row over whatever other one it collides with."""
    write(writer, value(1, reading_at=AT))
    there.run("CREATE UNIQUE INDEX one_of_each ON meter_values_e1 (metering_point, delivery_category)")
    refused: list[Refused] = []
    rows = [row(value(n, reading_at=AT + n), forms=writer.forms) for n in (2, 0)]
    batch = Batch([row(value(5), forms=writer.forms), *rows], {0: 1, 1: 0}, {0: 6, 1: 0})
    assert writer.write(batch, refusing(refused)) == Written(1, 1)
    assert [bad.row.sequence for bad in refused] == [2]
    assert shown(there, "reading_at", "sequence") == [(there.database().moment(AT), 5)]


def test_a_trigger_of_the_owner_s_refuses_rows(there: MariaDBReceiver, writer: SqlWriter) -> None:
    there.run(
        "CREATE TRIGGER strict BEFORE INSERT ON meter_values_e1 FOR EACH ROW BEGIN "
        "IF NEW.source = 'odd' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '26633 is odd'; END IF; END"
    )
    refused: list[Refused] = []
    rows = [row(value(n, reading_at=AT + n, source="odd" if n == 1 else "even"), forms=writer.forms) for n in range(3)]
    assert writer.write(Batch(rows, START, {0: 3, 1: 0}), refusing(refused)) == Written(2, 1)
    assert [bad.reason for bad in refused] == ["OperationalError (1644, 45000)"]


def test_a_lock_of_somebody_else_is_waited_for_in_patience_and_told(there: MariaDBReceiver, writer: SqlWriter) -> None:
    with held(there, "SELECT * FROM positions FOR UPDATE"), pytest.raises(Transient, match="Lock wait timeout"):
        write(writer, value(1))
    with (
        held(there, "SELECT * FROM meter_values_e1"),
        closing(SqlWriter(there.database(), Receiver("vitec", "2"))) as new,
    ):
        new.open(TOPIC, [0, 1])  # a reader stands in nobody's way
    writer.open(TOPIC, [0, 1])
    write(writer, value(1))
    assert shown(there, "sequence") == [(1,)]


def test_a_table_that_is_being_changed_is_waited_for_in_patience(there: MariaDBReceiver, writer: SqlWriter) -> None:
    with held(there, "LOCK TABLES meter_values_e1 WRITE"), pytest.raises(Transient, match="Lock wait timeout"):
        write(writer, value(1))
    writer.open(TOPIC, [0, 1])
    write(writer, value(1))


def test_the_transaction_of_a_worker_that_stands_still_is_ended(
    there: MariaDBReceiver, writer: SqlWriter, impatient: MariaDB
) -> None:
    transaction = impatient.transaction()
    transaction.__enter__()
    impatient.change("UPDATE positions SET next_offset = ? WHERE topic_partition = ?", [[9, 0]])
    other = SqlWriter(MariaDB("vitec", there.server.dsn(there.name), 2.0), Receiver("vitec", "1"))
    with closing(other):
        end = time.monotonic() + PATIENCE
        while True:
            try:
                other.open(TOPIC, [0, 1])
                break
            except Transient as error:
                assert "Lock wait timeout" in str(error)
                assert time.monotonic() < end
        assert positions(there) == START
        with pytest.raises(Transient):
            transaction.__exit__(None, None, None)  # it wakes, and commits


def test_a_statement_that_takes_too_long_is_ended(writer: SqlWriter, impatient: MariaDB) -> None:
    with pytest.raises(Transient, match="max_statement_time exceeded"), impatient.transaction():
        many = ", ".join(f"information_schema.collations AS {name}" for name in "abcd")
        impatient.execute(f"SELECT max(concat(a.id, b.id, c.id, d.id)) FROM {many}")


def test_workers_take_turns_at_changing_tables(there: MariaDBReceiver, writer: SqlWriter, impatient: MariaDB) -> None:
    with closing(there.database()) as other:
        other.connect()
        with other.transaction():
            other.lock_tables()
            other.execute("CREATE TABLE meanwhile (a integer)")  # commits, and keeps the lock
            with pytest.raises(Transient, match="another worker has been changing tables"), impatient.transaction():
                impatient.lock_tables()
        impatient.connect()
        with impatient.transaction():
            impatient.lock_tables()


def test_a_snapshot_shows_one_moment_however_long_it_is_read(there: MariaDBReceiver, writer: SqlWriter) -> None:
    write(writer, *[value(n, reading_at=AT + n) for n in range(3)])
    with closing(there.database()) as reader:
        reader.connect()
        with reader.snapshot():
            rows = reader.rows("SELECT sequence FROM meter_values ORDER BY sequence")
            assert next(rows) == (0,)
            write(writer, value(9, reading_at=AT + 9), before=3)
            assert list(rows) == [(1,), (2,)]
            assert reader.execute("SELECT count(*) FROM meter_values") == [(3,)]
        with reader.snapshot():
            assert reader.execute("SELECT count(*) FROM meter_values") == [(4,)]


def test_a_server_that_is_silent_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        database = MariaDB("vitec", f"mariadb://u:hunter2@127.0.0.1:{silent.getsockname()[1]}/r", 0.1)
        with pytest.raises(Transient, match=r"timed out.*see receivers\.vitec\.dsn"):
            database.connect()


def test_another_service_at_the_port_is_told(mariadb: MariaDBServer) -> None:
    def greet() -> None:
        connection, _ = other.accept()
        with connection:
            connection.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")

    with socket.create_server(("127.0.0.1", 0)) as other:
        greeting = threading.Thread(target=greet)
        greeting.start()
        database = MariaDB("vitec", f"mariadb://u:hunter2@127.0.0.1:{other.getsockname()[1]}/r", 0.1)
        with pytest.raises(Transient) as caught:
            database.connect()
        greeting.join()
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_who_is_not_let_in_is_told_why_without_the_password(there: MariaDBReceiver) -> None:
    server, place = there.server, f"127.0.0.1:{there.server.port}"
    for dsn, kind, why in (
        (f"mariadb://meterstream:wrong-one@{place}/{there.name}", CredentialsRefused, "Access denied for user"),
        (f"mariadb://nobody-we-know:wrong-one@{place}/{there.name}", CredentialsRefused, "Access denied for user"),
        (f"mariadb://meterstream:{server.password}@{place}/nowhere", Transient, "Unknown database"),
        (f"{server.dsn(there.name)}?ssl_verify=full", Transient, "SSL is required"),
    ):
        with pytest.raises(kind, match=why) as caught:
            MariaDB("vitec", dsn, 5.0).connect()
        assert server.password not in str(caught.value)
        assert "wrong-one" not in str(caught.value)
