"""`meterstream receivers points` as a person uses it, without Kafka."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from operations.command import main

Run = Callable[..., Result]

SETTINGS = """
[receivers.vitec]
database = "sqlite"
path = "vitec.sqlite"
points = "points.csv"
layouts = ["vitec"]
"""
LIST = "Mätpunkt;Kategori;Importnyckel\n1;EL;a\n2;EL;b\n".encode("cp1252")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    config = tmp_path / "meterstream.toml"
    config.write_text(SETTINGS, "utf-8")
    (tmp_path / "list.csv").write_bytes(LIST)

    def command(*words: str) -> Result:
        return CliRunner().invoke(main, ["--config", str(config), "receivers", "points", *words])

    return command


def import_of(tmp_path: Path, *options: str) -> tuple[str, ...]:
    return "import", "vitec", str(tmp_path / "list.csv"), "--without-feed", *options


def test_a_list_is_looked_through_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    done = run(*import_of(tmp_path))
    assert done.exit_code == 0, done.output
    assert "2 points; Windows-1252; Mätpunkt is metering_point; Kategori is category; Importnyckel is" in done.stdout
    assert "0 stay, 2 new, 0 changed, 0 removed" in done.stdout
    assert done.stdout.endswith("no problems, no warnings: nothing was written; --write does\n")
    assert not (tmp_path / "points.csv").exists()


def test_a_list_becomes_the_points_file_and_the_one_before_is_kept(run: Run, tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("metering_point,category\n1,EL\n9,\n", "utf-8")
    done = run(*import_of(tmp_path, "--write"))
    assert done.exit_code == 0, done.output
    assert "0 stay, 1 new, 1 changed, 1 removed" in done.stdout
    assert "receiver_key: – → a" in done.stdout
    assert f"is written; the one before is {tmp_path / 'points.csv.1'}\n" in done.stdout
    assert (tmp_path / "points.csv").read_text("utf-8") == "metering_point,category,receiver_key\n1,EL,a\n2,EL,b\n"
    again = run(*import_of(tmp_path, "--write"))
    assert again.stdout.endswith("says this already\n")
    assert not (tmp_path / "points.csv.2").exists()


def test_a_list_with_problems_ends_with_2_and_changes_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("metering_point;receiver_key\n" + "1;a\n" * 30, "utf-8")
    done = run(*import_of(tmp_path, "--write", "--show", "3"))
    assert done.exit_code == 2
    assert "1: the same as line 2" in done.stdout
    assert "and 26 more" in done.stdout
    assert done.stdout.endswith("29 problems, no warnings: nothing was written\n")
    assert not (tmp_path / "points.csv").exists()


def test_a_program_gets_everything(run: Run, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("metering_point,receiver_key\n735999100057526502,\n", "utf-8")
    done = run(*import_of(tmp_path, "--json"))
    found = json.loads(done.stdout)
    assert [(each["severity"], each["about"], each["line"]) for each in found["findings"]] == [
        ("warning", "check digit", 2),
        ("warning", "no key", 2),
    ]
    assert found["changes"][0]["metering_point"] == "735999100057526502"
    assert (found["problems"], found["lines"], found["feed"]) == (0, 1, "not looked at")


def test_what_the_worker_would_refuse_is_never_written(run: Run, tmp_path: Path) -> None:
    """The last word is that of the worker's own reader."""
    (tmp_path / "list.csv").write_text("metering_point\n", "utf-8")
    assert run(*import_of(tmp_path, "--write")).exit_code == 2


def test_the_points_of_a_receiver_are_shown(run: Run, tmp_path: Path) -> None:
    run(*import_of(tmp_path, "--write"))
    done = run("show", "vitec")
    assert done.exit_code == 0
    assert "receiver_key" in done.stdout
    assert "valid_from" not in done.stdout
    assert done.stdout.endswith(f"2 points in {tmp_path / 'points.csv'}\n")
    assert [each["receiver_key"] for each in json.loads(run("show", "vitec", "--json").stdout)] == ["a", "b"]
    cut = run("show", "vitec", "--show", "1").stdout
    assert "and 1 more; --show 0 shows them all" in cut
    assert cut.endswith(f"2 points in {tmp_path / 'points.csv'}\n")


@pytest.mark.parametrize("words", [("show", "momentum"), ("import", "momentum", "list.csv")])
def test_a_receiver_that_is_none_is_an_error(run: Run, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert "there is no such receiver; the settings have: vitec" in done.stderr


def test_points_that_were_never_given_are_said(run: Run) -> None:
    done = run("show", "vitec")
    assert done.exit_code == 2
    assert "points.csv: cannot be read: No such file or directory" in done.stderr


def test_an_own_layout_says_how_long_a_key_may_be(run: Run, tmp_path: Path) -> None:
    layout = 'view = "ours"\nmax_key = 3\n[[columns]]\nname = "n"\nfrom = "figure"\n'
    (tmp_path / "ours.toml").write_text(layout, "utf-8")
    config = tmp_path / "meterstream.toml"
    config.write_text(SETTINGS.replace('["vitec"]', f'["{tmp_path / "ours.toml"}"]'), "utf-8")
    (tmp_path / "list.csv").write_text("metering_point,category,receiver_key\n1,EL,abcd\n2,EL,abc\n", "utf-8")
    done = run(*import_of(tmp_path))
    assert done.exit_code == 2
    assert done.stdout.count("takes 3: shorten it") == 1
