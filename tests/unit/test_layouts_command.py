"""`meterstream receivers layouts` as a person uses it."""

from pathlib import Path

import pytest
import sqlglot
from click.testing import CliRunner, Result

from operations.command import main
from sinks.layouts import shipped, text_of


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["receivers", "layouts", *words])


def test_the_layouts_that_ship_are_listed_with_their_views_and_columns() -> None:
    done = run()
    assert done.exit_code == 0
    assert [line.split(":")[0] for line in done.stdout.splitlines()[::2]] == ["momentum", "plain", "vitec"]
    assert (
        "    vitec_values (importnyckel, upplosning, fran, till, typ, varde, enhet, status, last_updated)"
        in done.stdout
    )


@pytest.mark.parametrize("name", shipped())
def test_a_file_is_printed_as_it_ships(name: str) -> None:
    assert run("--show", name).stdout == text_of(name)


@pytest.mark.parametrize(("database", "dialect"), [("mariadb", "mysql"), ("sqlserver", "tsql"), ("sqlite", "sqlite")])
def test_the_sql_of_a_layout_is_printed_for_a_database(database: str, dialect: str) -> None:
    done = run("--sql", "momentum", "--database", database)
    made = [one for one in sqlglot.parse(done.stdout, read=dialect) if isinstance(one, sqlglot.exp.Create)]
    assert [one.this.name for one in made] == ["momentum_consumption", "momentum_consumption_withheld"]


def test_a_copy_that_was_changed_is_read_by_its_path(tmp_path: Path) -> None:
    copy = tmp_path / "ours.toml"
    copy.write_text(run("--show", "plain").stdout.replace("plain_values", "our_values"), "utf-8")
    assert "CREATE OR REPLACE VIEW our_values AS" in run("--sql", str(copy)).stdout


def test_an_unknown_layout_is_an_error_that_names_the_known_ones() -> None:
    done = run("--show", "vitek")
    assert done.exit_code == 2
    assert "there is none of that name; these ship: momentum, plain, vitec; or write a path" in done.stderr


def test_a_zone_that_the_database_does_not_know_is_an_error() -> None:
    done = run("--sql", "plain", "--database", "sqlite", "--zone", "Europe/Stockholm")
    assert done.exit_code == 2
    assert "sqlite cannot show times of zone Europe/Stockholm" in done.stderr
