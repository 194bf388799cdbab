"""The points file of a receiver: what it gives, and every problem with its line."""

from datetime import date
from pathlib import Path

import pytest

from runtime.errors import ConfigError
from runtime.zones import zone_of
from schemas import instants
from sinks.points.file import MAX_PROBLEMS, Given, PointsFile
from sinks.points.file import read as read_file
from sinks.points.points import OPEN_TO, Period, Point, Points

GIVEN = Given(zone_of("+01:00"))
DAY = instants.DAY


def read(file: Path, given: Given = GIVEN) -> Points:
    return read_file(file, given)


def points_file(folder: Path, text: str | bytes) -> Path:
    file = folder / "points.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_an_empty_category_gives_every_category_of_the_point(tmp_path: Path) -> None:
    points = read(points_file(tmp_path, "metering_point,category\n0071,\n0072,EL-EXT\n0072,VARME\n"))
    asked = [("0071", "EL"), ("0071", ""), ("0072", "EL-EXT"), ("0072", "VARME"), ("0072", "EL"), ("71", "EL")]
    assert [bool(points.of(*each)) for each in asked] == [True, True, True, True, False, False]


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
    assert list(read(points_file(tmp_path, text))) == [Point("1", "EL")]


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


def test_a_point_may_be_known_under_several_keys_at_different_times_and_granularities(tmp_path: Path) -> None:
    text = (
        "metering_point,category,granularity,valid_from,valid_to,receiver_key,kind,facility_id\n"
        "1,EL,hour,,2026-01-01,old,,\n1,EL,hour,2026-01-01,,new,register,F1\n1,EL,month,,,months,,\n"
    )
    points = read(points_file(tmp_path, text))
    year = GIVEN.zone.midnight(20_454)  # 2026-01-01

    def key(granularity: str, begin: int, end: int) -> list[str | None]:
        return [one.receiver_key for one in points.of("1", "EL") if one.takes(Period(granularity, begin, end))]

    assert key("hour", year - DAY, year) == ["old"]
    assert key("hour", year, year + DAY) == ["new"]
    assert key("hour", year - 1, year + 1) == [], "a period that lies on both sides of a change belongs to neither"
    assert key("month", year - DAY, year + DAY) == ["months"]
    assert key("day", year, year + DAY) == []


def test_a_toml_file_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "points.toml"
    file.write_text('[[points]]\nmetering_point = "1"\ncategory = "EL"\nvalid_from = 2026-01-01\nreceiver_key = "å"\n')
    same = "metering_point,category,valid_from,receiver_key\n1,EL,2026-01-01,å\n"
    assert read(file).fingerprint == read(points_file(tmp_path, same)).fingerprint
    file.write_text('[[points]]\nmetering_point = "1"\ncolour = "red"\n[[points]]\ncategory = "EL"\n')
    with pytest.raises(ConfigError) as caught:
        read(file)
    assert [problem.split("points.toml, ")[1].split(";")[0] for problem in caught.value.problems] == [
        "point 1: unknown: colour",
        "point 2: the metering point is empty",
    ]


def test_nothing_is_given_from_before_the_day_on_which_the_history_begins(tmp_path: Path) -> None:
    text = "metering_point,category,valid_from,valid_to\n1,,,\n2,,,2025-12-31\n3,,2026-06-01,\n"
    day = date(2026, 1, 1)
    given = read(points_file(tmp_path, text), Given(GIVEN.zone, day))
    since = Given(GIVEN.zone).instant(day)
    assert [(one.metering_point, one.valid_from > since) for one in given] == [("1", False), ("3", True)]
    assert next(iter(given)).valid_from == since
    assert next(iter(given)).valid_to == OPEN_TO


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ("1,EL,week,,,", "granularity must be one of month, day, hour, quarter, or empty"),
        ("1,EL,,2026-13-01,,", "valid_from must be a date such as 2026-01-31, or empty"),
        ("1,EL,,20260101,,", "valid_from must be a date such as 2026-01-31, or empty"),
        ("1,EL,,2026-01-01,2026-01-01,", "valid_to must be later than valid_from"),
        ("1,EL,,,,both", "kind must be one of register, volume, or empty"),
        ("0,,hour,,,", "the same as line 2, or a part of it: a value could belong to both"),
    ],
)
def test_what_a_line_says_more_is_checked(tmp_path: Path, cells: str, problem: str) -> None:
    text = f"metering_point,category,granularity,valid_from,valid_to,kind\n0,EL,,,,\n{cells}\n"
    with pytest.raises(ConfigError) as caught:
        read(points_file(tmp_path, text))
    assert caught.value.problems[0].endswith(f":3: {problem}")


def test_a_file_that_was_written_again_is_noticed(tmp_path: Path) -> None:
    file = points_file(tmp_path, "metering_point,category\n1,EL\n")
    points = PointsFile(file, GIVEN)
    assert points.changed(), "it was never read"
    points.read()
    assert not points.changed()
    points_file(tmp_path, "metering_point,category\n1,EL\n2,EL\n")
    assert points.changed()
    points.read()
    file.unlink()
    assert points.changed()
