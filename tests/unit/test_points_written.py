"""A person's list of points, as spreadsheets and people write it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from operations.points.line import Line
from operations.points.written import Written, read
from runtime.errors import ConfigError

Read = Callable[..., Written]


@pytest.fixture
def written(tmp_path: Path) -> Read:
    def read_one(data: str | bytes, name: str = "list.csv") -> Written:
        file = tmp_path / name
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return read(file)

    return read_one


SWEDISH = (
    "Mätpunkts-ID;Kategori;Importnyckel;Giltig från;Upplösning;Typ;Anläggnings-ID\r\n"
    "0012;EL-EXT;Skola å;20250101;timme;Mätarställning;735\r\n"
)
MEANT = Line(2, "0012", "EL-EXT", "Skola å", date(2025, 1, 1), granularity="hour", kind="register", facility_id="735")


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8 with a mark"), ("cp1252", "Windows-1252"), ("utf-16", "UTF-16")],
)
def test_a_swedish_spreadsheet_is_read_in_any_of_its_encodings(written: Read, encoding: str, said: str) -> None:
    found = written(SWEDISH.encode(encoding))
    assert (found.lines, found.findings) == ([MEANT], [])
    assert found.how[0] == said
    assert "Importnyckel is receiver_key" in found.how
    assert "separated by ;" in found.how


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_the_mark_between_cells_is_found_by_the_header(written: Read, mark: str) -> None:
    assert written(f"metering_point{mark}category\n1{mark}EL\n").lines == [Line(2, "1", "EL")]


def test_a_first_line_for_the_spreadsheet_says_the_mark(written: Read) -> None:
    assert written('sep=;\r\nmetering_point;receiver_key\r\n1;"a;b"\r\n').lines == [Line(3, "1", receiver_key="a;b")]


def test_toml_says_the_same(written: Read) -> None:
    text = (
        '[[points]]\nmetering_point = "1"\nvalid_to = 2026-01-01\n[[points]]\nmetering_point = "2"\nkind = "volume"\n'
    )
    assert written(text, "list.toml").lines == [Line(1, "1", valid_to=date(2026, 1, 1)), Line(2, "2", kind="volume")]


def test_the_facility_s_number_is_the_point_s_where_there_is_no_other(written: Read) -> None:
    assert written("Anläggningsid\n735999100057526501\n").lines == [Line(2, "735999100057526501")]
    assert written("Anläggningsid,mätpunkt\nF,1\n").lines == [Line(2, "1", facility_id="F")]


def test_a_last_day_that_counts_is_followed_by_the_first_that_does_not(written: Read) -> None:
    assert written("mätpunkt;t.o.m.\n1;2025-12-31\n").lines == [Line(2, "1", valid_to=date(2026, 1, 1))]
    assert written("mätpunkt;t.o.m.\n1;9999-12-31\n").lines == [Line(2, "1")]
    excluded = written("mätpunkt;till\n1;2025-12-31 00:00:00\n")
    assert excluded.lines == [Line(2, "1", valid_to=date(2025, 12, 31))]
    assert "till is valid_to (that day excluded)" in excluded.how


def test_space_and_the_formula_that_keeps_digits_are_taken_off(written: Read) -> None:
    assert written('metering_point;category\n ="0012" ;\u00a0EL\u00a0\n;\n\n').lines == [Line(2, "0012", "EL")]


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        ("7,35999E+17;;;;", "metering_point 7,35999E+17: a spreadsheet has rounded it"),
        (";EL;;;", "the metering point is empty"),
        ("1;;31/12/2025;;", "valid_from 31/12/2025: not a date from 1970-01-01 on"),
        ("1;;2025-02-30;;", "valid_from 2025-02-30: not a date from 1970-01-01 on"),
        ("1;;1969-12-31;;", "valid_from 1969-12-31: not a date from 1970-01-01 on"),
        ("1;;2025-02-01;2025-02-01;", "valid_to is not after valid_from"),
        ("1;;;;week", "granularity week: unknown"),
        ("1;;;;;too", "6 cells, the header has 5"),
        ("1;a\x07b;;;", "category: more than 1000 characters, or one that cannot be printed"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_with_its_number(written: Read, cells: str, what: str) -> None:
    found = written(f"metering_point;category;valid_from;valid_to;granularity\n2;;;;\n{cells}\n3;;;;\n")
    assert [line.metering_point for line in found.lines] == ["2", "3"]
    assert [(each.severity, each.line, each.what) for each in found.findings] == [("problem", 3, what)]


def test_a_column_that_means_nothing_to_us_is_said(written: Read) -> None:
    found = written("metering_point,Anmärkning\n1,ny mätare\n")
    assert found.lines == [Line(2, "1")]
    assert [(each.severity, each.what) for each in found.findings] == [("warning", "column Anmärkning is not read")]


def test_an_empty_list_is_a_problem(written: Read) -> None:
    assert [each.what for each in written("metering_point\n").findings] == ["the list holds no metering point"]


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"PK\x03\x04\x00\x00\x81", "list.csv", "save it as CSV"),
        ("point,key\n1,2\n", "list.csv", "line 1: no column for the metering point in the header"),
        ("metering_point,gsrn\n1,2\n", "list.csv", "line 1: two columns for metering_point"),
        ('metering_point\n"1\n', "list.csv", "not CSV"),
        ("points = 1\n", "list.toml", "write a section [[points]]"),
        ("[[points]]\nkey = 1\n", "list.toml", "write a section [[points]]"),
        ('[[points]]\nnyckel = "a"\n', "list.toml", "unknown: nyckel; there are: metering_point"),
        ("[[points]\n", "list.toml", "not TOML"),
    ],
)
def test_a_file_that_is_no_list_is_an_error(written: Read, data: str | bytes, name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"list\.") as error:
        written(data, name)
    assert said in str(error.value)


def test_a_list_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read(tmp_path / "none.csv")
