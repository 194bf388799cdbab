"""`meterstream receivers` as a person uses it, on a receiver's file."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from operations.command import main
from sinks.sql_writer import SqlWriter
from sinks.sqlite.database import SQLite
from sinks.writer import Receiver
from tests.receiver_databases import SQLiteReceiver
from tests.sink_rows import AT, value
from tests.sink_writing import START, TOPIC, positions, shown, write

Run = Callable[..., Result]


@pytest.fixture
def there(tmp_path: Path) -> SQLiteReceiver:
    return SQLiteReceiver(tmp_path / "momentum.sqlite")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    config = tmp_path / "meterstream.toml"
    config.write_text(
        '[receivers.momentum]\ndatabase = "sqlite"\npath = "momentum.sqlite"\npoints = "points.csv"\n', "utf-8"
    )
    return lambda *words, **options: CliRunner().invoke(main, ["--config", str(config), "receivers", *words], **options)


def fill(there: SQLiteReceiver) -> None:
    writer = SqlWriter(SQLite("momentum", there.path, 5.0), Receiver("momentum", "1"), now=lambda: AT)
    writer.open(TOPIC, [0, 1])
    write(writer, value(1))
    writer.close()


def test_a_receiver_is_set_back_to_the_start(there: SQLiteReceiver, run: Run) -> None:
    fill(there)
    there.run("DROP TABLE meter_values_e1")
    done = run("refill", "momentum", "--yes")
    assert (done.exit_code, done.stdout) == (
        0,
        "momentum stands at the start of epoch 1: its worker reads every value again.\n",
    )
    assert positions(there) == START
    assert shown(there, "sequence") == []


def test_it_asks_first(there: SQLiteReceiver, run: Run) -> None:
    fill(there)
    asked = run("refill", "momentum", input="n\n")
    assert asked.exit_code == 1
    assert "momentum reads every value of epoch 1 again. Go on?" in asked.output
    assert positions(there) == {0: 1, 1: 0}


def test_a_view_is_turned_on_the_operator_s_word(there: SQLiteReceiver, run: Run) -> None:
    fill(there)
    done = run("switch", "momentum")
    assert (done.exit_code, done.stdout) == (
        0,
        "the view of momentum shows epoch 1 as soon as its worker has caught up.\n",
    )


@pytest.mark.parametrize("command", ["refill", "switch"])
def test_a_receiver_that_is_none_is_an_error(run: Run, command: str) -> None:
    done = run(command, "vitec", "--yes") if command == "refill" else run(command, "vitec")
    assert done.exit_code == 2
    assert done.stderr == "error: receivers.vitec: there is no such receiver; the settings have: momentum\n"


@pytest.mark.parametrize("command", ["refill", "switch"])
def test_a_file_without_a_receiver_s_tables_is_an_error(run: Run, command: str) -> None:
    """More likely the wrong one than one to begin with."""
    done = run(command, "momentum", input="y\n")
    assert done.exit_code == 2
    assert "there are no tables of a receiver; start its worker, it makes them" in done.stderr


def test_a_locked_database_is_said_in_a_line(there: SQLiteReceiver, run: Run, tmp_path: Path) -> None:
    fill(there)
    config = tmp_path / "meterstream.toml"
    config.write_text(config.read_text("utf-8") + "timeout = 0.2\n", "utf-8")
    with closing(sqlite3.connect(there.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        done = run("refill", "momentum", "--yes")
    assert done.exit_code == 70
    assert done.stderr == "error: SQLite of receiver momentum: SQLITE_BUSY\n"
    assert positions(there) == {0: 1, 1: 0}
