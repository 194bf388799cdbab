"""Rows that a database refuses: found, dead-lettered, noted, passed."""

from collections.abc import Mapping, Sequence

import pytest

from runtime.errors import Transient
from sinks.batch import Batch, ManyRefused, Refused, pieces
from sinks.sql_writer import SqlWriter
from sinks.writer import Written
from tests.receiver_databases import ReceiverDatabase, SQLiteReceiver
from tests.sink_rows import AT, row, value
from tests.sink_writing import START, TOPIC, Writing, positions, shown


class Letters:
    """Dead letters, as acknowledged by a stand-in."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.away = False

    def __call__(self, refused: Sequence[Refused]) -> list[str]:
        if self.away:
            raise Transient("Kafka is away")
        self.seen += [bad.row.sequence for bad in refused]
        return [f"letter-{bad.row.sequence}" for bad in refused]


@pytest.fixture
def strict(there: ReceiverDatabase, writing: Writing) -> SqlWriter:
    """A receiver whose owner refuses values of 13 and more in a source called odd."""
    writer = writing()
    writer.open(TOPIC, [0, 1])
    if isinstance(there, SQLiteReceiver):
        there.run(
            "CREATE TRIGGER strict BEFORE INSERT ON meter_values_e1 WHEN NEW.source = 'odd' "
            "BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    else:
        there.run("ALTER TABLE meter_values_e1 ADD CONSTRAINT strict CHECK (source <> 'odd')")
    return writer


def test_refused_rows_are_noted_and_the_others_delivered(there: ReceiverDatabase, strict: SqlWriter) -> None:
    values = [value(n, reading_at=AT + n, source="odd" if n % 9 == 0 else "even") for n in range(30)]
    letters = Letters()
    batch = Batch([row(each, forms=strict.forms) for each in values], START, {0: 30, 1: 0})
    assert strict.write(batch, letters) == Written(rows=26, refused=4)
    assert [sequence for (sequence,) in shown(there, "sequence")] == [n for n in range(30) if n % 9]
    assert letters.seen == [0, 9, 18, 27]
    noted = there.run("SELECT epoch, record_offset, dead_letter_id, reason FROM refused_rows ORDER BY 2")
    assert [note[:3] for note in noted] == [("1", n, f"letter-{n}") for n in (0, 9, 18, 27)]
    assert not any("26633" in note[3] for note in noted), "a reason holds no reading"
    assert positions(there) == {0: 30, 1: 0}


def test_without_acknowledged_dead_letters_nothing_is_committed(there: ReceiverDatabase, strict: SqlWriter) -> None:
    letters = Letters()
    letters.away = True
    batch = Batch([row(each, forms=strict.forms) for each in (value(1), value(2, source="odd"))], START, {0: 2, 1: 0})
    with pytest.raises(Transient):
        strict.write(batch, letters)
    assert shown(there, "sequence") == []
    assert positions(there) == START
    letters.away = False
    strict.open(TOPIC, [0, 1])
    assert strict.write(batch, letters) == Written(rows=1, refused=1)


def test_many_refused_rows_are_found_in_pieces(there: ReceiverDatabase, strict: SqlWriter) -> None:
    """At once they would take too long; what was written until that was seen is rolled back."""
    values = [value(n, reading_at=AT + n, source="odd" if n % 2 else "even") for n in range(230)]
    letters = Letters()
    batch = Batch([row(each, forms=strict.forms) for each in values], START, {0: 500, 1: 7})
    with pytest.raises(ManyRefused):
        strict.write(batch, letters)
    assert (letters.seen, shown(there, "sequence"), positions(there)) == ([], [], START)
    for piece in pieces(batch):
        strict.write(Batch(piece.rows, _own(piece.before), _own(piece.after)), letters)
    assert [sequence for (sequence,) in shown(there, "sequence")] == list(range(0, 230, 2))
    assert letters.seen == list(range(1, 230, 2))
    assert positions(there) == {0: 500, 1: 7}


def _own(positions: Mapping[int, int]) -> dict[int, int]:
    """Of the two partitions that these writers have: the records carry those of a larger topic."""
    return {partition: positions[partition] for partition in START}
