"""What a writer promises, asked of every database: exactly the newest row per identity, positions with the rows."""

from decimal import Context, Decimal
from pathlib import Path

import pytest

from runtime.errors import Superseded, Transient
from schemas.events import MeterValue
from schemas.exact import LIMIT, ONE
from sinks.batch import Batch
from sinks.columns import NAMES
from sinks.sql_writer import SqlWriter
from sinks.writer import Opened, Receiver, Topic, Written
from tests.receiver_databases import ReceiverDatabase, SQLiteReceiver
from tests.sink_rows import AT, outside, row, value
from tests.sink_writing import START, TOPIC, Writing, no_refusals, positions, shown, write


def test_a_new_receiver_begins_at_the_start_with_an_empty_live_view(there: ReceiverDatabase, writing: Writing) -> None:
    assert writing().open(TOPIC, [0, 1]) == Opened(START, live=True)
    assert shown(there, *NAMES) == []


def test_rows_and_positions_are_written_together(there: ReceiverDatabase, writing: Writing) -> None:
    writer = writing()
    writer.open(TOPIC, [0, 1])
    assert write(writer, value(1), value(2, reading_at=AT + 1)) == Written(rows=2, refused=0)
    assert shown(there, "sequence") == [(1,), (2,)]
    assert positions(there) == {0: 2, 1: 0}
    assert writing().open(TOPIC, [0, 1]).positions == {0: 2, 1: 0}


NUMBERS = [
    0,
    1,
    -1,
    ONE,
    -ONE,
    10**16,
    -(10**16) - 1,
    LIMIT - 1,
    -LIMIT + 1,
    26633 * ONE,
    -5 * 10**11,
    12_345 * ONE + 1,
    10**8 * ONE - 1,
    10**8 * ONE,
    12345678901234567890 * ONE + 5,
]


def test_numbers_keep_every_digit(there: ReceiverDatabase, writing: Writing) -> None:
    """24 integer and 12 fractional digits, either sign."""
    writer = writing()
    writer.open(TOPIC, [0, 1])
    write(writer, *[value(n, reading_at=AT + n, value=number, change=-number) for n, number in enumerate(NUMBERS)])
    found = [(exactly(number), exactly(change)) for _, number, change in shown(there, "reading_at", "value", "change")]
    assert found == [(number, -number) for number in NUMBERS]


def exactly(number: str | Decimal) -> int:
    """In units of 10^-12, whatever the number of digits."""
    return int(Decimal(number).scaleb(12, Context(prec=60)))


def test_sqlite_numbers_are_plain_texts(tmp_path: Path) -> None:
    there = SQLiteReceiver(tmp_path / "receiver.sqlite")
    writer = SqlWriter(there.database(), Receiver("vitec", "1"))
    writer.open(TOPIC, [0, 1])
    write(writer, value(1, value=ONE // 2, delta=-26633 * ONE, consumption=1))
    writer.close()
    assert shown(there, "value", "delta", "consumption") == [("0.5", "-26633", "0.000000000001")]


def test_missing_is_null_and_never_zero(there: ReceiverDatabase, writing: Writing) -> None:
    missing = {
        "value": None,
        "delta": None,
        "consumption": None,
        "change": None,
        "previous_reading_at": None,
        "reading_method": None,
        "reading_reason": None,
    }
    writer = writing()
    writer.open(TOPIC, [0, 1])
    write(writer, value(1, quality="missing", **missing))
    assert shown(there, *missing) == [(None,) * len(missing)]


@pytest.mark.parametrize(
    "text", ["Fjärr", "åäö ÅÄÖ", "tab\tand\nline", "back\\slash", "'quote\"", "\\N", "", "𝄞", "e\u0301"]
)
def test_texts_are_kept_as_they_came(there: ReceiverDatabase, writing: Writing, text: str) -> None:
    writer = writing()
    writer.open(TOPIC, [0, 1])
    write(writer, value(1, metering_point=f"007{text}", reading_method=text))
    assert shown(there, "metering_point", "reading_method") == [(f"007{text}", text)]


def test_instants_keep_their_microseconds(there: ReceiverDatabase, writing: Writing) -> None:
    writer = writing()
    writer.open(TOPIC, [0, 1])
    instants = [0, 1, 951_782_400_000_000, AT, AT + 999_999, 7_258_118_399_999_999]
    write(writer, *[value(n, reading_at=instant) for n, instant in enumerate(instants)])
    assert [str(at)[:26].replace(" ", "T").removesuffix("+00:00") for (at,) in shown(there, "reading_at")] == [
        "1970-01-01T00:00:00.000000" if isinstance(there, SQLiteReceiver) else "1970-01-01T00:00:00",
        "1970-01-01T00:00:00.000001",
        "2000-02-29T00:00:00.000000" if isinstance(there, SQLiteReceiver) else "2000-02-29T00:00:00",
        "2023-11-14T22:13:20.000000" if isinstance(there, SQLiteReceiver) else "2023-11-14T22:13:20",
        "2023-11-14T22:13:20.999999",
        "2199-12-31T23:59:59.999999",
    ]


@pytest.mark.parametrize(
    ("first", "second", "winner"),
    [
        pytest.param(value(5), value(6, value=1), 6, id="a larger sequence replaces"),
        pytest.param(value(5), value(4, value=1), 5, id="a smaller one does not"),
        pytest.param(value(5), value(5, value=1), 5, id="nor an equal one"),
        pytest.param(value(5), value(6, value=None), 6, id="missing replaces a value"),
        pytest.param(value(5, value=None), value(6), 6, id="a value replaces missing"),
        pytest.param(value(5), value(6, fetched_at=0), 6, id="whenever a full value was fetched"),
        pytest.param(value(5), outside(6, value=1, fetched_at=AT * 2), 6, id="outside, fetched later, other content"),
        pytest.param(value(5), outside(4, value=1, fetched_at=AT * 2), 5, id="outside of smaller sequence"),
        pytest.param(value(5, fetched_at=7), outside(6, value=1, fetched_at=7), 5, id="outside, fetched as early"),
        pytest.param(value(5), outside(6, fetched_at=AT * 2), 5, id="outside of equal content"),
        pytest.param(value(5, value=None), outside(6, value=None, fetched_at=AT * 2), 5, id="outside, both missing"),
        pytest.param(value(5), outside(6, value=None, fetched_at=AT * 2), 6, id="outside, missing for a value"),
        pytest.param(value(5), outside(6, unit="MWh", fetched_at=AT * 2), 6, id="outside, other unit"),
        pytest.param(value(5), outside(6, reading_method=None, fetched_at=AT * 2), 6, id="outside, other method"),
        pytest.param(value(5), outside(6, reading_reason="3", fetched_at=AT * 2), 6, id="outside, other reason"),
        pytest.param(value(5), outside(6, period_end=0, fetched_at=AT * 2), 6, id="outside, other terms"),
        pytest.param(
            value(5), outside(6, reading_method="Fja\u0308rr", fetched_at=AT * 2), 5, id="outside, equal after NFC"
        ),
        pytest.param(outside(5), value(6), 6, id="a full value replaces one from outside"),
        pytest.param(outside(5), outside(6, value=1, fetched_at=AT * 2), 6, id="outside after outside"),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_the_guard_decides_what_replaces_a_row(
    there: ReceiverDatabase, writing: Writing, first: MeterValue, second: MeterValue, winner: int, together: bool
) -> None:
    """In one batch or in two, and read again."""
    writer = writing()
    writer.open(TOPIC, [0, 1])
    if together:
        write(writer, first, second)
    else:
        write(writer, first)
        write(writer, second, before=1)
    assert shown(there, "sequence") == [(winner,)]
    write(writer, first, second, before=2)
    assert shown(there, "sequence") == [(winner,)]


def test_a_row_is_replaced_whole_and_counted_once(there: ReceiverDatabase, writing: Writing) -> None:
    """Among others that are new, or known; then it is as if it had been the first."""
    other = {"series_kind": "register", "granularity": "day", "unit": "MWh", "quality": "estimated", "held": "unit"}
    others = dict.fromkeys(("period_start", "period_end", "previous_reading_at", "fetched_at", "published_at"), 7)
    numbers = dict.fromkeys(("value", "delta", "consumption", "change"), 3 * ONE)
    texts = {"consumption_unit": "m3", "reading_method": "hand", "reading_reason": None, "cause": "corrected"}
    corrected = [value(n, reading_at=AT + n % 2, **other, **others, **numbers, **texts) for n in (10, 11)]
    old, new = writing("1"), writing("2")
    old.open(TOPIC, [0, 1])
    known = [value(n, reading_at=AT + n) for n in range(3)]
    assert write(old, *known).rows == 3
    assert write(old, *corrected, known[2], value(4, reading_at=AT + 4), before=3).rows == 3
    new.open(Topic("meterstream.2.values", "another-id", 2), [0, 1])
    write(new, *corrected)
    names = ", ".join(f"rows_of.{name}" for name in NAMES)
    found, expected = (
        there.run(f"SELECT {names} FROM meter_values_e{epoch} AS rows_of WHERE sequence >= 10 ORDER BY sequence")
        for epoch in (1, 2)
    )
    assert found == expected
    assert len(found) == 2


def test_reading_again_changes_nothing_and_counts_nothing(there: ReceiverDatabase, writing: Writing) -> None:
    values = [value(n, reading_at=AT + n % 7) for n in range(50)]
    writer = writing()
    writer.open(TOPIC, [0, 1])
    assert write(writer, *values).rows == 7
    first = shown(there, *NAMES)
    assert write(writer, *values, before=50).rows == 0
    assert write(writer, *values[20:], before=100).rows == 0
    assert shown(there, *NAMES) == first


def test_a_worker_whose_positions_another_has_moved_writes_nothing(there: ReceiverDatabase, writing: Writing) -> None:
    frozen, other = writing(), writing()
    frozen.open(TOPIC, [0, 1])
    other.open(TOPIC, [0, 1])
    write(other, value(1))
    with pytest.raises(Superseded, match="another worker writes receiver vitec"):
        write(frozen, value(2), value(3, reading_at=AT + 1))
    assert shown(there, "sequence") == [(1,)]
    assert positions(there) == {0: 1, 1: 0}


def test_workers_of_different_shares_do_not_meet(there: ReceiverDatabase, writing: Writing) -> None:
    one, two = writing(), writing()
    one.open(TOPIC, [0])
    two.open(TOPIC, [1])
    one.write(Batch([row(value(1), forms=one.forms)], {0: 0}, {0: 1}), no_refusals)
    two.write(Batch([row(value(2, metering_point="other"), forms=two.forms)], {1: 0}, {1: 7}), no_refusals)
    assert positions(there) == {0: 1, 1: 7}


def test_a_missing_table_is_waited_for_and_nothing_is_lost(there: ReceiverDatabase, writing: Writing) -> None:
    writer = writing()
    writer.open(TOPIC, [0, 1])
    there.run("ALTER TABLE meter_values_e1 RENAME TO away")
    with pytest.raises(Transient) as caught:
        write(writer, value(1))
    assert "26633" not in str(caught.value)
    there.run("ALTER TABLE away RENAME TO meter_values_e1")
    writer.open(TOPIC, [0, 1])
    assert positions(there) == START
    write(writer, value(1))
    assert shown(there, "sequence") == [(1,)]


def test_a_transaction_that_dies_leaves_neither_rows_nor_positions(there: ReceiverDatabase, writing: Writing) -> None:
    """The process ends between the rows and the commit."""
    database = there.database()
    writer = SqlWriter(database, Receiver("vitec", "1"))
    writer.open(TOPIC, [0, 1])
    transaction = database.transaction()
    transaction.__enter__()
    database.change("UPDATE positions SET next_offset = ? WHERE topic_partition = ?", [[9, 0]])
    assert database.put("meter_values_e1", [row(value(1), forms=database.forms)], AT) == 1
    database.close()
    assert shown(there, "sequence") == []
    assert positions(there) == START
