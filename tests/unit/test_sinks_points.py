"""The points file of a receiver: what it gives, and every problem with its line."""

from pathlib import Path

import pytest

from runtime.errors import ConfigError
from sinks.points import MAX_PROBLEMS, read


def points_file(folder: Path, text: str | bytes) -> Path:
    file = folder / "points.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_an_empty_category_gives_every_category_of_the_point(tmp_path: Path) -> None:
    points = read(points_file(tmp_path, "metering_point,category\n0071,\n0072,EL-EXT\n0072,VARME\n"))
    asked = [("0071", "EL"), ("0071", ""), ("0072", "EL-EXT"), ("0072", "VARME"), ("0072", "EL"), ("71", "EL")]
    assert [points.has(*each) for each in asked] == [True, True, True, True, False, False]


@pytest.mark.parametrize(
    "text",
    [
        "metering_point,category\r\n1,EL\r\n",
        "\ufeffmetering_point,category\n1,EL\n",
        'metering_point,category\n\n"1","EL"\n\n',
        "metering_point, category\n1,EL",
    ],
)
def test_files_of_any_editor_are_read(tmp_path: Path, text: str) -> None:
    assert read(points_file(tmp_path, text)).single == {("1", "EL")}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["1: the first line must be metering_point,category"]),
        ("point\n1\n", ["1: the first line must be metering_point,category"]),
        ("metering_point,category\n", [" no metering point in it"]),
        ("metering_point,category\n1\n,EL\n 2,EL\n3,EL\n3,EL\n4,EL,x\n", [
            "2: 1 cells, there must be 2",
            "3: the metering point is empty",
            "4: a space at the beginning or end of a cell",
            "6: the same as line 5",
            "7: 3 cells, there must be 2",
        ]),
        (b"metering_point,category\n\xff,EL\n", [" not a CSV file in UTF-8"]),
        ('metering_point,category\n"1"x,EL\n', [" not a CSV file in UTF-8"]),
    ],
)  # fmt: skip
def test_every_problem_is_named_with_its_line(tmp_path: Path, text: str | bytes, problems: list[str]) -> None:
    file = points_file(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read(file)
    assert len(caught.value.problems) == len(problems)
    for found, wanted in zip(caught.value.problems, problems, strict=True):
        assert found.startswith(f"{file}:{wanted}")


def test_a_hopeless_file_does_not_fill_the_screen(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(points_file(tmp_path, "metering_point,category\n" + "x\n" * 1_000))
    assert len(caught.value.problems) == MAX_PROBLEMS + 1
    assert "950 more" in caught.value.problems[-1]


def test_the_fingerprint_knows_points_and_not_their_order(tmp_path: Path) -> None:
    def fingerprint(lines: str) -> str:
        return read(points_file(tmp_path, "metering_point,category\n" + lines)).fingerprint

    assert fingerprint("1,EL\n2,\n") == fingerprint("2,\n1,EL\n")
    assert len({fingerprint(lines) for lines in ("1,EL\n", "1,\n", "1,EL\n2,\n", "1E,L\n", "1,VARME\n")}) == 5
