"""`meterstream receivers check` on a receiver's file: what it finds, what it says to do, and that it leaves nothing."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from operations.command import main
from schemas.column_reader import Kind
from sinks import columns
from sinks.probe import ROWS, TABLES
from sinks.sql_writer import SqlWriter
from sinks.sqlite.database import TYPES, SQLite
from sinks.writer import Receiver
from tests.sink_writing import TOPIC

SECURITY = Path(__file__).resolve().parents[2] / "docs" / "security.md"

Check = Callable[..., Result]
SETTINGS = """
[kafka]
bootstrap_servers = "127.0.0.1:1"
[receivers.vitec]
database = "sqlite"
path = "vitec.sqlite"
points = "points.csv"
"""


@pytest.fixture
def check(tmp_path: Path) -> Check:
    config = tmp_path / "meterstream.toml"
    config.write_text(SETTINGS, "utf-8")
    (tmp_path / "points.csv").write_text("metering_point,category\n735999100057526501,\n1,EL\n", "utf-8")
    return lambda *words: CliRunner().invoke(main, ["--config", str(config), "receivers", "check", "vitec", *words])


def line(of: Result, what: str) -> list[str]:
    """The cells of the first line about something."""
    (found, *_) = [row for row in of.output.splitlines() if row.startswith(f"│ {what} ")]
    return [cell.strip() for cell in found.strip("│").split("│")]


def made(folder: Path, name: str = "vitec") -> Path:
    """A receiver's file with its tables."""
    writer = SqlWriter(SQLite(name, folder / "vitec.sqlite", 5.0), Receiver(name, "1"))
    writer.open(TOPIC, [0, 1])
    writer.close()
    return folder / "vitec.sqlite"


def test_a_table_that_a_layout_goes_into_is_looked_at(check: Check, tmp_path: Path) -> None:
    file, config = made(tmp_path), tmp_path / "meterstream.toml"
    (tmp_path / "ours.toml").write_text(
        'view = "ours"\nmatch = ["item", "begins"]\ngranularities = ["month"]\n'
        '[[columns]]\nname = "item"\nfrom = "receiver_key"\n[[columns]]\nname = "begins"\nfrom = "period_start"\n'
        '[[columns]]\nname = "energy"\nfrom = "consumption"\n',
        "utf-8",
    )
    layouts = f'layouts = ["{tmp_path}/ours.toml"]\ninto = {{ ours = "theirs" }}\n'
    config.write_text(config.read_text("utf-8") + layouts, "utf-8")
    assert line(check(), "table theirs")[2] == "problem"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE theirs (item TEXT, begins TEXT, energy TEXT, UNIQUE (begins, item))")
    before = contents(file)
    found = check()
    _, seen, verdict, _ = line(found, "table theirs")
    assert (seen.startswith("takes what layout"), verdict) == (True, "ok")
    assert [row for row in found.output.splitlines() if "table theirs" in row and "may read, insert" in row]
    assert contents(file) == before


def contents(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


def test_an_empty_place_can_take_it_and_is_empty_afterwards(check: Check, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    done = check()
    assert sorted(tmp_path.iterdir()) == before
    for what in ("settings", "version", "encryption", "rights", "sample", "texts", "numbers", "instants", "room"):
        assert line(done, what)[2] == "ok", done.output
    assert "2 lines of points" in line(done, "room")[1]


def test_kafka_that_is_away_is_one_problem_and_the_rest_is_looked_at(check: Check) -> None:
    done = check()
    assert done.exit_code == 2
    assert line(done, "Kafka")[1:3] == ["Kafka at 127.0.0.1:1 does not answer (ConnectionRefusedError)", "problem"]
    assert done.output.count("problem") == 1


def test_tables_that_are_there_are_as_they_were_and_the_worker_goes_on(check: Check, tmp_path: Path) -> None:
    file = made(tmp_path)
    before = contents(file)
    assert line(check(), "sample")[2] == "ok"
    assert contents(file) == before


def test_another_receiver_s_tables_are_a_problem(check: Check, tmp_path: Path) -> None:
    made(tmp_path, "momentum")
    done = check()
    assert line(done, "sample")[2] == "problem"
    assert "belong to receiver momentum" in line(done, "sample")[1]


def test_a_table_that_refuses_rows_is_a_problem(check: Check, tmp_path: Path) -> None:
    with closing(sqlite3.connect(made(tmp_path))) as connection:
        connection.execute(
            "CREATE TRIGGER no BEFORE INSERT ON meter_values_e1 BEGIN SELECT RAISE(ABORT, 'a reading: 4711'); END"
        )
        connection.commit()
    done = check()
    assert line(done, "sample")[1] == "the database refuses the rows: SQLITE_CONSTRAINT_TRIGGER"
    assert "4711" not in done.output


@pytest.mark.parametrize(
    ("kind", "type_", "what"),
    [("text", "TEXT COLLATE NOCASE", "texts"), ("text", "TEXT COLLATE RTRIM", "texts"), ("number", "REAL", "numbers")],
)
def test_a_table_that_does_not_keep_what_is_written_is_a_problem(
    check: Check, tmp_path: Path, kind: Kind, type_: str, what: str
) -> None:
    """As a database with a collation, or a type, of its own would."""
    with closing(sqlite3.connect(made(tmp_path))) as connection:
        connection.execute("DROP TABLE meter_values_e1")
        connection.execute(columns.create_table("meter_values_e1", {**TYPES, kind: type_}, "WITHOUT ROWID"))
        connection.commit()
    done = check()
    assert line(done, what)[2] == "problem"
    assert "came back otherwise than written" in line(done, what)[1]


def test_what_is_wrong_with_the_points_is_said_with_its_line(check: Check, tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("metering_point,category\n,EL\n", "utf-8")
    done = check()
    assert "points.csv:2: the metering point is empty" in line(done, "settings")[1]


def test_other_users_who_can_open_the_file_are_warned_of(check: Check, tmp_path: Path) -> None:
    made(tmp_path).chmod(0o644)
    assert line(check(), "rights")[2] == "warning"


def test_a_folder_that_is_not_there_is_a_problem(check: Check, tmp_path: Path) -> None:
    config = tmp_path / "meterstream.toml"
    config.write_text(SETTINGS.replace('"vitec.sqlite"', '"none/vitec.sqlite"'), "utf-8")
    done = check()
    assert line(done, "rights")[1:4] == [f"there is no directory {tmp_path / 'none'}", "problem", "make it"]
    assert line(done, "sample")[1] == "not tried: see above"


def test_a_stage_that_there_is_not_is_said(check: Check) -> None:
    done = check("--stage", "test")
    assert (done.exit_code, "there is no such stage" in done.output) == (2, True)


def test_a_folder_for_drops_is_checked_and_nothing_is_put_into_it(check: Check, tmp_path: Path) -> None:
    (tmp_path / "drops").mkdir()
    config = tmp_path / "meterstream.toml"
    config.write_text(SETTINGS.replace('"sqlite"', '"files"').replace('"vitec.sqlite"', '"drops"'), "utf-8")
    done = check()
    for what in ("rights", "sample", "texts", "numbers", "instants", "room"):
        assert line(done, what)[2] == "ok", done.output
    assert list((tmp_path / "drops").iterdir()) == []


def test_the_rights_that_are_looked_for_are_those_that_the_handbook_grants() -> None:
    granted = {
        table: tuple(rights.split(", "))
        for rights, table in re.findall(
            r"^GRANT (.+) ON meterstream\.(\w+) TO vitec_writer;", SECURITY.read_text("utf-8"), re.M
        )
    }
    assert granted == {**TABLES, columns.rows_table("1"): ROWS}


def test_another_receiver_that_is_bad_does_not_keep_a_command_from_its_work(check: Check, tmp_path: Path) -> None:
    config = tmp_path / "meterstream.toml"
    config.write_text(SETTINGS + '[receivers.bad]\ndatabase = "sqlite"\ncolour = "red"\n', "utf-8")
    assert line(check(), "sample")[2] == "ok"
    config.write_text(SETTINGS + 'colour = "red"\n', "utf-8")
    done = check()
    assert (done.exit_code, "receivers.vitec.colour: unknown setting" in done.output) == (2, True)
