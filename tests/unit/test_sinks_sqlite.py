"""A receiver's file that is full, locked, moved away, replaced: waited for, told in a line, and nothing lost."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from runtime.errors import Superseded, Transient
from sinks.sql_writer import SqlWriter
from sinks.sqlite.database import SQLite
from sinks.writer import Receiver
from tests.sink_rows import AT, value
from tests.sink_writing import START, TOPIC, write

TIMEOUT = 0.2


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "receiver.sqlite"


@pytest.fixture
def database(file: Path) -> SQLite:
    return SQLite("vitec", file, TIMEOUT)


@pytest.fixture
def writer(database: SQLite) -> Iterator[SqlWriter]:
    writer = SqlWriter(database, Receiver("vitec", "1"), now=lambda: AT)
    writer.open(TOPIC, [0, 1])
    yield writer
    writer.close()


def sequences(file: Path) -> list[int]:
    with closing(sqlite3.connect(file)) as connection:
        return [sequence for (sequence,) in connection.execute("SELECT sequence FROM meter_values ORDER BY 1")]


def test_a_full_disk_is_waited_for(file: Path, database: SQLite, writer: SqlWriter) -> None:
    """The file may not grow: SQLite says so as it does when a disk is full."""
    ((pages,),) = database.execute("PRAGMA page_count")
    database.execute(f"PRAGMA max_page_count = {pages}")
    many = [value(number, reading_at=AT + number) for number in range(1_000)]
    with pytest.raises(Transient, match="SQLITE_FULL"):
        write(writer, *many)
    assert writer.open(TOPIC, [0, 1]).positions == START, "nothing of it is there; there is room again"
    assert write(writer, *many).rows == 1_000
    assert len(sequences(file)) == 1_000


def test_a_file_that_somebody_locks_is_waited_for(file: Path, writer: SqlWriter) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Transient, match="SQLITE_BUSY"):
            write(writer, value(1))
        with pytest.raises(Transient, match="SQLITE_BUSY"):
            writer.open(TOPIC, [0, 1])
    writer.open(TOPIC, [0, 1])
    write(writer, value(1))
    assert sequences(file) == [1]


def test_rows_never_go_into_a_file_that_was_moved_away(file: Path, tmp_path: Path, writer: SqlWriter) -> None:
    """Nobody would see them. When it is back the worker goes on."""
    write(writer, value(1))
    away = tmp_path / "away.sqlite"
    file.rename(away)
    with pytest.raises(Transient, match="no longer the one that was opened"):
        write(writer, value(2, reading_at=AT + 1), before=1)
    for _ in range(2):
        with pytest.raises(Transient, match="is gone; put it back"):
            writer.open(TOPIC, [0, 1])
    assert not file.exists(), "an empty file in its place would contradict what was delivered"
    away.rename(file)
    assert writer.open(TOPIC, [0, 1]).positions == {0: 1, 1: 0}
    write(writer, value(2, reading_at=AT + 1), before=1)
    assert sequences(file) == [1, 2]


def test_a_file_that_was_replaced_is_another_workers_business(file: Path, tmp_path: Path, writer: SqlWriter) -> None:
    """A backup from before this worker's start: a new start finds its place there."""
    backup = tmp_path / "backup.sqlite"
    with closing(sqlite3.connect(file)) as there, closing(sqlite3.connect(backup)) as copy:
        there.backup(copy)
    with closing(sqlite3.connect(backup)) as copy:
        copy.execute("UPDATE positions SET worker = 'an earlier one'")
        copy.commit()
    write(writer, value(1))
    backup.replace(file)
    with pytest.raises(Transient, match="no longer the one that was opened"):
        writer.look()
    with pytest.raises(Superseded):
        writer.open(TOPIC, [0, 1])
    again = SqlWriter(SQLite("vitec", file, TIMEOUT), Receiver("vitec", "1"), now=lambda: AT)
    assert again.open(TOPIC, [0, 1]).positions == START
    again.close()
