"""A points file is replaced whole or not at all."""

from datetime import date
from pathlib import Path

import pytest

from operations.points import written
from operations.points.kept import replace
from operations.points.line import Line
from runtime.errors import ConfigError

LINES = [
    Line(2, "1", "EL", 'Skola "å", hus; 1', date(2025, 1, 1), date(2026, 1, 1), "hour", "register", "735"),
    Line(3, "0012"),
]


def taken(fresh: Path) -> None:
    """A check that all files pass."""


@pytest.mark.parametrize("name", ["points.csv", "points.toml"])
def test_what_is_written_is_what_was_meant(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    assert replace(file, LINES, taken) is None
    assert written.read(file).lines == LINES
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_has_no_columns_that_nobody_fills(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    replace(file, [Line(2, "0012"), Line(3, "1", receiver_key="a")], taken)
    assert file.read_text("utf-8") == "metering_point,category,receiver_key\n0012,,\n1,,a\n"


def test_each_file_before_is_kept_under_the_next_number(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    for number in range(4):
        replace(file, [Line(2, str(number))], taken)
    (tmp_path / "points.csv.1").unlink()
    (tmp_path / "points.csv.old").touch()
    assert replace(file, LINES, taken) == tmp_path / "points.csv.4"
    assert [line.metering_point for line in written.read(tmp_path / "points.csv.4").lines] == ["3"]


def test_a_file_that_its_reader_refuses_changes_nothing(tmp_path: Path) -> None:
    def refuse(fresh: Path) -> None:
        assert written.read(fresh).lines == LINES
        raise ConfigError(["no"])

    file = tmp_path / "points.csv"
    replace(file, [Line(2, "1")], taken)
    with pytest.raises(ConfigError):
        replace(file, LINES, refuse)
    assert [path.name for path in tmp_path.iterdir()] == ["points.csv"]
    assert len(written.read(file).lines) == 1


def test_who_reads_meanwhile_reads_the_old_file_whole(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    replace(file, [Line(2, "old")], taken)
    with file.open(encoding="utf-8") as reader:
        replace(file, LINES, taken)
        assert reader.read() == "metering_point,category\nold,\n"


def test_who_could_read_the_file_can_read_the_new_one(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    replace(file, LINES, taken)
    first = file.stat().st_mode & 0o777
    assert first & 0o400
    file.chmod(0o640)
    replace(file, LINES, taken)
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"points.csv: cannot be written: No such file or directory; give"):
        replace(tmp_path / "none" / "points.csv", LINES, taken)
