"""The points file: what is read, and every problem at once."""

import logging
from datetime import date
from pathlib import Path

import pytest

from producer.gsrn import check_digit_is_wrong
from producer.points import DEFAULTS, NOTHING_SET, Point, SeriesSettings, Shard, load_points
from runtime.errors import ConfigError
from schemas import exact

HEADER = "metering_point,category,kind,factor,rolls_over_at,max_per_period,consumption_unit"


def written(folder: Path, *rows: str, header: str = HEADER) -> Path:
    file = folder / "points.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return file


def problems(file: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_points(file, Shard())
    return [problem.removeprefix(f"{file} ") for problem in caught.value.problems]


def test_rows_become_points_in_the_order_of_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "0012,EL-REG,register,40,100000,500.5,MWh", "7,,,,,,", "0012,,,,,,")
    register = SeriesSettings("register", 40 * exact.ONE, 100_000 * exact.ONE, 500_500_000_000_000, "MWh")
    assert load_points(file, Shard()) == [Point("0012", {"EL-REG": register, "": DEFAULTS}), Point("7")]


def test_only_the_metering_point_is_needed(tmp_path: Path) -> None:
    assert load_points(written(tmp_path, "7", "8", header="metering_point"), Shard()) == [Point("7"), Point("8")]


def test_a_file_of_a_spreadsheet_is_read(tmp_path: Path) -> None:
    """With a byte order mark, line ends of another system, quotes, columns in another order, and empty lines."""
    file = tmp_path / "points.csv"
    file.write_bytes('\ufeffcategory,metering_point\r\n"",7\r\n\r\n"a,b","8"\r\n'.encode())
    assert [point.metering_point for point in load_points(file, Shard())] == ["7", "8"]


def test_every_problem_is_told_with_its_line(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "1,,meter,,,,",
        "2,,,0,,,",
        '3,,,"1,5",,,',
        "4,,,-1,,,",
        "5,,,,0.0000000000001,,",
        ",,,,,,",
        "6,,",
        "7,A,,,,,",
        "7,A,,,,,",
        "8,,,,,,",
        "8,,register,,,,",
        " 9,,,,,,",
        "10,,,,,1e99,",
    )
    found = problems(file)
    assert [problem.split(":")[0] for problem in found] == [f"line {n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 12, 13, 14)]
    assert "kind must be register, volume or empty" in found[0]
    assert "factor must be a number above 0" in found[1]
    assert "rolls_over_at has more than" in found[4]
    assert "metering_point is empty" in found[5]
    assert "3 cells, the header has 7" in found[6]
    assert "earlier line" in found[7]
    assert "earlier line" in found[8]


def test_a_point_ends_with_the_last_of_its_rows(tmp_path: Path) -> None:
    header = "metering_point,category,valid_to"
    rows = ("1,A,2026-01-31", "1,B,2026-03-01", "2,A,2026-01-31", "2,B,", "3,,")
    day = (date(2026, 3, 1) - date(1970, 1, 1)).days
    found = load_points(written(tmp_path, *rows, header=header), Shard())
    assert {point.metering_point: point.valid_to for point in found} == {"1": day, "2": None, "3": None}
    assert all(one.series is NOTHING_SET for one in found[2:]), "its settings are what they were without the column"
    (problem,) = problems(written(tmp_path, "1,A,31/1", header=header))
    assert problem == "line 2: valid_to must be a day, written like 2026-01-31"


@pytest.mark.parametrize("header", ["point,category", "metering_point,metering_point", "metering_point;category", ""])
def test_a_header_of_other_columns_is_refused(tmp_path: Path, header: str) -> None:
    assert problems(written(tmp_path, "1,,,,,,", header=header))[0].startswith("line 1: the header must be")


def test_an_empty_file_and_one_in_another_encoding_are_refused(tmp_path: Path) -> None:
    assert "holds no metering point" in problems(written(tmp_path))[0]
    file = tmp_path / "points.csv"
    file.write_bytes("metering_point,category\n7,Fjärr\n".encode("latin-1"))
    assert "cannot be read as CSV in UTF-8" in problems(file)[0]
    assert "cannot be read" in problems(tmp_path / "absent.csv")[0]


@pytest.mark.parametrize(
    ("metering_point", "wrong"),
    [
        ("735999100057526501", False),
        ("735999100057526502", True),
        ("1234567891234567", False),
        ("ABC999100057526502", False),
        ("", False),
    ],
)
def test_the_check_digit_of_18_digits_is_judged(metering_point: str, wrong: bool) -> None:
    assert check_digit_is_wrong(metering_point) is wrong


def test_a_wrong_check_digit_is_warned_of_without_the_number_and_never_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = written(tmp_path, "735999100057526501,,,,,,", "735999100057526502,A,,,,,", "735999100057526502,B,,,,,")
    with caplog.at_level(logging.WARNING):
        assert len(load_points(file, Shard())) == 2
    assert [vars(record)["lines"] for record in caplog.records] == ["3"]
    assert "735999100057526502" not in caplog.text


def test_each_point_belongs_to_exactly_one_shard(tmp_path: Path) -> None:
    file = written(tmp_path, *(f"{number},,,,,," for number in range(300)))
    shares = [load_points(file, Shard.parse(f"{number}/3")) for number in (1, 2, 3)]
    names = [point.metering_point for share in shares for point in share]
    assert sorted(names, key=int) == [str(number) for number in range(300)]
    assert min(map(len, shares)) > 60


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "a/b", "1/0", "-1/3", "1/3/5", "1.0/3"])
def test_a_shard_is_i_of_n(text: str) -> None:
    with pytest.raises(ValueError, match="is no share"):
        Shard.parse(text)
