"""`meterstream receivers compare`: two stages, or production and a customer's own table, on each database."""

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from operations.command import main
from operations.receivers.stages import Chosen
from runtime.settings.load import load
from runtime.settings.receiver import Stage
from schemas.events import MeterValue
from schemas.exact import ONE
from schemas.instants import DAY, HOUR
from sinks.sql_writer import SqlWriter
from sinks.writer import Receiver
from tests.receiver_databases import MariaDBReceiver, PostgreSQLReceiver, ReceiverDatabase, SQLiteReceiver
from tests.sink_rows import value
from tests.sink_writing import TOPIC, write

BEGIN = 1_701_385_200_000_000
"""2023-12-01T00:00+01:00"""


class Stages:
    """The receiver vitec with its two stages."""

    def __init__(self, folder: Path, there: dict[Stage, ReceiverDatabase], own: ReceiverDatabase | None) -> None:
        self.there = there
        self.folder = folder
        self.own = own
        self.config = folder / "meterstream.toml"
        (folder / "points.csv").write_text("metering_point,category,receiver_key\nå1,,VÄRME-1\n", "utf-8")
        production, test = ("\n".join(there[stage].settings()) for stage in there)
        self.config.write_text(
            f'[receivers.vitec]\n{production}\npoints = "points.csv"\n[receivers.vitec.test]\n{test}\n', "utf-8"
        )

    def deliver(self, stage: Stage, values: Sequence[MeterValue]) -> None:
        """Into a stage's tables, as its worker would."""
        chosen = Chosen(load(self.config, {}), "vitec", stage)
        writer = SqlWriter(chosen.database(), Receiver(chosen.label, "1"))
        with closing(writer):
            write(writer, *values, before=writer.open(TOPIC, [0, 1]).positions[0])

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(main, ["--config", str(self.config), "receivers", "compare", "vitec", *words])

    def found(self, *words: str) -> dict[str, Any]:
        done = self.run(*words, "--json")
        assert done.exit_code in (0, 2), done.output
        outcome: dict[str, Any] = json.loads(done.stdout)
        assert (outcome["verdict"] == "equal") == (done.exit_code == 0)
        return outcome

    def own_table(self, statements: Sequence[str], **settings: str) -> Path:
        """A customer's table, and the file that describes it."""
        place = ['database = "sqlite"', 'path = "own.sqlite"']
        own: ReceiverDatabase = SQLiteReceiver(self.folder / "own.sqlite")
        if self.own is not None:
            own = self.own
            place = [line for line in own.settings() if not line.startswith("database_schema")]
        for statement in statements:
            own.run(statement)
        lines = [*place, *(f"{name} = {text}" for name, text in settings.items())]
        file = self.folder / "own.toml"
        file.write_text("\n".join(lines), "utf-8")
        return file


SERVED = [pytest.param(name, marks=pytest.mark.services) for name in ("postgresql", "mariadb")]


@pytest.fixture(params=["sqlite", *SERVED])
def both(request: pytest.FixtureRequest, unique: str, tmp_path: Path) -> Stages:
    if request.param == "sqlite":
        return Stages(tmp_path, {name: SQLiteReceiver(tmp_path / f"{name}.sqlite") for name in NAMES}, None)
    server = request.getfixturevalue("mariadb" if request.param == "mariadb" else "postgres")
    if request.param == "mariadb":
        own: ReceiverDatabase = MariaDBReceiver.on(server, unique)
        return Stages(tmp_path, {name: MariaDBReceiver.on(server, f"{unique}_{name}") for name in NAMES}, own)
    own = PostgreSQLReceiver.on(server, "public")
    return Stages(tmp_path, {name: PostgreSQLReceiver.on(server, f"{unique}_{name}") for name in NAMES}, own)


NAMES: tuple[Stage, Stage] = ("production", "test")


def days(count: int = 4, **changed: Any) -> list[MeterValue]:
    """Whole days of December 2023, of one point, each of its number in kWh."""
    return [
        value(
            number + 1,
            metering_point="å1",
            granularity="day",
            reading_at=BEGIN + number * DAY,
            period_start=BEGIN + number * DAY,
            period_end=BEGIN + (number + 1) * DAY,
            value=number * ONE,
            consumption=number * ONE,
            **changed,
        )
        for number in range(count)
    ]


def test_stages_that_read_the_same_are_equal_however_it_came_to_be(both: Stages) -> None:
    both.deliver("production", days(cause="recomputed", change=None, fetched_at=BEGIN))
    both.deliver("test", days())
    done = both.run()
    assert done.exit_code == 0, done.output
    assert "vitec.test and vitec are equal." in done.stdout


def test_every_kind_of_difference_is_found(both: Stages) -> None:
    """A row on one side only, a digit, a zero for a missing value, a shifted period."""
    test, production = days(6), days(6)
    test[1] = value(2, **_fields(test[1]) | {"value": ONE + 1})
    test[2] = value(3, **_fields(test[2]) | {"consumption": None})
    production[2] = value(3, **_fields(production[2]) | {"consumption": 0})
    production[3] = value(4, **_fields(production[3]) | {"period_start": production[3].period_start + HOUR})
    both.deliver("test", test[:5])
    both.deliver("production", [*production[:4], production[5]])
    outcome = both.found()
    assert (outcome["missing"], outcome["extra"], outcome["different"], outcome["equal"]) == (1, 1, 3, 1)
    assert outcome["fields"] == {"value": 1, "consumption": 1, "period_start": 1}
    assert outcome["first"][1]["fields"] == {"consumption": [None, "0"]}
    shown = both.run("--show", "1").stdout
    assert ("1.000000000001" in shown, "NULL" in shown) == (True, False)
    assert "vitec.test and vitec are NOT equal." in shown


def _fields(of: MeterValue) -> dict[str, Any]:
    return {name: getattr(of, name) for name in of.__struct_fields__ if name != "sequence"}


def test_a_tolerance_and_a_span_leave_out_what_is_not_asked_for(both: Stages) -> None:
    """The day is one of the receiver's zone."""
    test = days()
    test[1] = value(2, **_fields(test[1]) | {"value": ONE + ONE // 1000})
    both.deliver("test", test)
    both.deliver("production", days())
    assert both.found()["different"] == 1
    assert both.found("--tolerance", "0.001")["verdict"] == "equal"
    assert both.found("--tolerance", "0.0009")["different"] == 1
    assert both.found("--until", "2023-12-02")["rows"] == {"vitec.test": 1, "vitec": 1}
    later = both.found("--since", "2023-12-03")
    assert (later["verdict"], later["equal"]) == ("equal", 2)
    assert both.found("--since", "2023-12-02T23:00:00Z")["equal"] == 2


@pytest.mark.parametrize("words", [("--tolerance", "-1"), ("--since", "2023-12-02T23:00:00"), ("--until", "soon")])
def test_what_cannot_be_meant_is_refused(tmp_path: Path, words: Sequence[str]) -> None:
    there: dict[Stage, ReceiverDatabase] = {name: SQLiteReceiver(tmp_path / f"{name}.sqlite") for name in NAMES}
    assert Stages(tmp_path, there, None).run(*words).exit_code == 2


STARTS = [f"('å1', '2023-12-0{day + 1} 00:00:00', {{}})" for day in range(4)]


def test_a_customer_s_own_table_is_compared_by_its_own_conventions(both: Stages) -> None:
    """Its names, its unit, its zone, what its time names."""
    table = f"own_{both.folder.name[-8:]}_t".replace("-", "_").lower()
    time = "datetime" if isinstance(both.own, MariaDBReceiver) else "timestamp"
    create = f"CREATE TABLE {table} (meter varchar(20), moment {time}, amount decimal(20, 6))"
    columns = '{ key = "meter", time = "moment", value = "amount" }'
    rows = ", ".join(line.format(f"0.00{day}") for day, line in enumerate(STARTS))
    fill = f"INSERT INTO {table} VALUES {rows}"
    common = {"table": f'"{table}"', "columns": columns, "unit": '"MWh"', "category": '"EL-EXT"'}
    file = both.own_table([create, fill], **common)
    both.deliver("production", days())
    assert [each["fields"] for each in both.found("--against", str(file))["first"]] == []
    shifted = both.own_table([], **common, period='"end"')
    outcome = both.found("--against", str(shifted))
    assert (outcome["missing"], outcome["extra"], outcome["different"]) == (1, 1, 3)
    assert both.found("--against", str(shifted), "--until", "2023-12-02")["rows"] == {table: 2, "vitec": 1}
    last_day = both.own_table([], **common, period='"last-day"')
    assert both.found("--against", str(last_day))["verdict"] == "equal"
    both.own_table([f"UPDATE {table} SET amount = NULL WHERE amount = 0.003"], **common)
    outcome = both.found("--against", str(file))
    assert [each["fields"] for each in outcome["first"]] == [{"consumption": [None, "0.003"]}]
    assert both.found("--against", str(file), "--until", "2023-12-04")["equal"] == 3


def test_a_customer_s_own_keys_are_those_of_the_points_file(both: Stages) -> None:
    table = f"keyed_{both.folder.name[-8:]}_t".replace("-", "_").lower()
    fill = f"INSERT INTO {table} VALUES ('VÄRME-1', 'EL-EXT', '2023-12-02T00:00:00', '1.0', 'kWh')"
    file = both.own_table(
        [f"CREATE TABLE {table} (k varchar(20), c varchar(20), t varchar(20), v varchar(20), u varchar(20))", fill],
        table=f'"{table}"',
        keys='"receiver_key"',
        columns='{ key = "k", category = "c", time = "t", value = "v", unit = "u" }',
    )
    both.deliver("production", days())
    outcome = both.found("--against", str(file))
    assert (outcome["equal"], outcome["missing"], outcome["extra"]) == (1, 0, 3)
    assert outcome["first"][0]["metering_point"] == "VÄRME-1"


def test_a_table_that_is_described_wrongly_is_an_error(both: Stages) -> None:
    both.deliver("production", days())
    columns = '{ key = "meter", time = "moment", value = "amount" }'

    def said(**settings: str) -> str:
        done = both.run("--against", str(both.own_table([], **({"columns": columns, "table": '"gone"'} | settings))))
        assert done.exit_code == 2
        return done.stderr

    assert "say which category" in said()
    assert "are its names right?" in said(category='"EL-EXT"')
    assert "table" in said(category='"EL-EXT"', table="7")
