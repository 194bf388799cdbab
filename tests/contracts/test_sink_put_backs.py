"""What an operator puts back into a receiver: taken once, under the guard, or refused once more."""

from collections.abc import Sequence

import pytest

from runtime.errors import ConfigError, Superseded, Transient
from schemas.events import MeterValue
from sinks.batch import Batch, Refused, Row
from sinks.put_back import AT_ONCE, Judge, PutBackRecord
from sinks.sql_writer import SqlWriter
from sinks.upkeep import Upkeep
from sinks.writer import Written
from tests.receiver_databases import ReceiverDatabase, SQLiteReceiver
from tests.sink_rows import AT, StoredRecord, record, row_of, value
from tests.sink_writing import TOPIC, Writing, no_refusals, shown

VALUES = [value(n, reading_at=AT + n, source="odd" if n == 3 else "even") for n in range(1, 6)]


def on_first(content: MeterValue) -> StoredRecord:
    return record(content, content.sequence, partition=0)


def asked(*sequences: int, partition: int = 0) -> list[PutBackRecord]:
    """The records of these values, as their dead letters kept them."""
    chosen = [on_first(each) for each in VALUES if each.sequence in sequences]
    return [
        PutBackRecord(f"letter-{each.offset}", TOPIC.name, partition, each.offset, each.key, each.value, (("h", b"1"),))
        for each in chosen
    ]


def judging(writer: SqlWriter) -> Judge:
    return lambda records: [row_of(each, writer.forms) for each in records]


def refuse(refused: Sequence[Refused]) -> list[str]:
    return [f"letter-{bad.row.record.offset}" for bad in refused]


def strict(there: ReceiverDatabase, on: bool) -> None:
    """The receiver's owner refuses the source called odd, or no longer does."""
    if isinstance(there, SQLiteReceiver):
        there.run(
            "CREATE TRIGGER strict BEFORE INSERT ON meter_values_e1 WHEN NEW.source = 'odd' "
            "BEGIN SELECT RAISE(ABORT, 'refused'); END"
            if on
            else "DROP TRIGGER strict"
        )
    else:
        change = "ADD CONSTRAINT strict CHECK (source <> 'odd')" if on else "DROP CONSTRAINT strict"
        there.run(f"ALTER TABLE meter_values_e1 {change}")


@pytest.fixture
def writer(there: ReceiverDatabase, writing: Writing) -> SqlWriter:
    """A receiver that has refused the third of five values."""
    writer = writing()
    writer.open(TOPIC, [0, 1])
    strict(there, on=True)
    writer.write(Batch([row_of(on_first(each), writer.forms) for each in VALUES], {0: 0, 1: 0}, {0: 6, 1: 0}), refuse)
    return writer


def put_back(there: ReceiverDatabase, records: Sequence[PutBackRecord], epoch: str = "1", name: str = "vitec") -> None:
    """As the command does, over a connection of its own."""
    Upkeep(there.database(), name, epoch).put_back(records)


def requests(there: ReceiverDatabase) -> list[str]:
    return [letter for (letter,) in sorted(there.run("SELECT dead_letter_id FROM put_backs"))]


def sequences(there: ReceiverDatabase) -> list[int]:
    return [sequence for (sequence,) in shown(there, "sequence")]


def test_where_nothing_is_asked_nothing_is_done(writer: SqlWriter) -> None:
    assert writer.put_back(judging(writer), no_refusals) is None


def test_a_refused_row_is_taken_once_it_is_asked_for(there: ReceiverDatabase, writer: SqlWriter) -> None:
    """And is noted as refused no longer. Asked for twice it changes nothing."""
    strict(there, on=False)
    for written in (1, 0):
        put_back(there, asked(3))
        put_back(there, asked(3))
        assert requests(there) == ["letter-3"]
        assert writer.put_back(judging(writer), no_refusals) == Written(written, 0)
        assert sequences(there) == [1, 2, 3, 4, 5]
        assert requests(there) == []
        assert there.run("SELECT * FROM refused_rows") == []


def test_a_row_that_is_refused_again_is_a_dead_letter_again(there: ReceiverDatabase, writer: SqlWriter) -> None:
    put_back(there, asked(3))
    sighted: list[Refused] = []

    def sight(refused: Sequence[Refused]) -> list[str]:
        sighted.extend(refused)
        return refuse(refused)

    assert writer.put_back(judging(writer), sight) == Written(0, 1)
    assert [bad.row.sequence for bad in sighted] == [3]
    assert requests(there) == []
    assert there.run("SELECT dead_letter_id FROM refused_rows") == [("letter-3",)]


def test_a_newer_row_is_never_replaced(there: ReceiverDatabase, writer: SqlWriter) -> None:
    strict(there, on=False)
    newer = value(9, reading_at=AT + 3, source="odd")
    writer.write(Batch([row_of(on_first(newer), writer.forms)], {0: 6, 1: 0}, {0: 10, 1: 0}), no_refusals)
    put_back(there, asked(3))
    assert writer.put_back(judging(writer), no_refusals) == Written(0, 0)
    assert sequences(there) == [1, 2, 4, 5, 9]


def test_if_it_fails_in_the_middle_the_requests_stay(there: ReceiverDatabase, writer: SqlWriter) -> None:
    """The dead letter of a row that is refused again cannot be acknowledged: nothing of the transaction is there."""

    def away(refused: Sequence[Refused]) -> list[str]:
        raise Transient("Kafka is away")

    there.run("DELETE FROM meter_values_e1 WHERE sequence = 4")
    put_back(there, asked(3, 4))
    with pytest.raises(Transient):
        writer.put_back(judging(writer), away)
    assert requests(there) == ["letter-3", "letter-4"]
    assert sequences(there) == [1, 2, 5]


def test_a_worker_takes_what_lies_on_its_own_partitions(there: ReceiverDatabase, writer: SqlWriter) -> None:
    strict(there, on=False)
    put_back(there, asked(3, partition=7))
    assert writer.put_back(judging(writer), no_refusals) is None
    assert requests(there) == ["letter-3"]


def test_a_worker_that_was_superseded_takes_nothing(
    there: ReceiverDatabase, writer: SqlWriter, writing: Writing
) -> None:
    put_back(there, asked(3))
    writing().open(TOPIC, [0, 1])
    with pytest.raises(Superseded):
        writer.put_back(judging(writer), no_refusals)
    assert requests(there) == ["letter-3"]


def test_however_much_is_asked_for_one_transaction_stays_small(there: ReceiverDatabase, writer: SqlWriter) -> None:
    one = asked(1)[0]
    many = [
        PutBackRecord(f"{number:04}", one.topic, 0, number, one.key, one.value, ()) for number in range(AT_ONCE + 1)
    ]
    put_back(there, many)
    writer.put_back(judging(writer), no_refusals)
    assert requests(there) == [f"{AT_ONCE:04}"]


def test_what_is_taken_is_what_was_kept(there: ReceiverDatabase, writer: SqlWriter) -> None:
    kept = [
        PutBackRecord("a", TOPIC.name, 0, 1 << 40, None, None, ()),
        PutBackRecord("b", TOPIC.name, 1, 0, b"\x00\xff", b"", (("é", None), ("h", b"\xff"))),
    ]
    put_back(there, kept)
    seen: list[PutBackRecord] = []

    def look(records: Sequence[PutBackRecord]) -> list[Row]:
        seen.extend(records)
        return []

    writer.put_back(look, no_refusals)
    assert seen == kept


@pytest.mark.parametrize("name", ["momentum", "vitec"])
def test_it_is_never_asked_of_somebody_else_s_tables(there: ReceiverDatabase, name: str, writing: Writing) -> None:
    if name == "momentum":
        writing().open(TOPIC, [0, 1])
    with pytest.raises(ConfigError, match="belong to receiver vitec" if name == "momentum" else "start its worker"):
        put_back(there, asked(3), name=name)
