"""MariaDB: values as literals that mean the same under every mode, bounded statements, errors without rows."""

from decimal import Decimal

import pymysql
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas import instants
from schemas.exact import LIMIT, ONE
from sinks.batch import RowsRefused
from sinks.mariadb.connection import Server, session_settings
from sinks.mariadb.errors import described, is_rows_fault
from sinks.mariadb.statements import FORMS, PIECE, text, text_of, tuples


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("it's")
@example("back\\slash")
@example("")
@example("NULL")
@example("\0")
def test_a_text_is_a_literal_in_which_nothing_needs_escaping(written: str) -> None:
    literal = text(written)
    assert text_of(literal) == written
    assert b"\\" not in literal
    assert literal.count(b"'") == 2
    assert literal != FORMS.null


def test_a_missing_text_is_null() -> None:
    assert text_of(FORMS.null) is None


@given(st.integers(1 - LIMIT, LIMIT - 1))
@example(0)
@example(-1)
@example(ONE)
def test_a_number_is_an_exact_decimal_literal(number: int) -> None:
    """With a point or without; never with an exponent, which would make it a float."""
    literal = FORMS.number(number).decode()
    assert not set(literal) - set("-.0123456789")
    sign, digits, exponent = Decimal(literal).as_tuple()
    magnitude = int("".join(map(str, digits)) + "0" * (12 + int(exponent)))
    assert (-magnitude if sign else magnitude) == number


@given(st.integers(instants.EARLIEST, instants.LATEST))
@example(0)
def test_instants_are_written_to_the_microsecond_in_order(instant: int) -> None:
    literal = FORMS.instant(instant)
    assert len(literal) == 28
    assert literal <= FORMS.instant(instants.LATEST)


def test_rows_go_into_statements_of_bounded_length() -> None:
    rows = [(b"1" * 50_000,) for _ in range(30)]
    pieces = list(tuples(rows, 1 << 20))
    assert sum(number for number, _ in pieces) == 30
    assert len(pieces) > 1
    assert all(len(piece) <= PIECE + 30 for _, piece in pieces)
    assert b",".join(piece for _, piece in pieces) == b",".join(b"(" + row + b")" for (row,) in rows)


def test_a_row_longer_than_a_statement_is_refused() -> None:
    assert [number for number, _ in tuples([(b"1" * 998,)], 1_000)] == [1]
    with pytest.raises(RowsRefused, match="longer than the 1000 bytes"):
        list(tuples([(b"1" * 999,)], 1_000))


@pytest.mark.parametrize(
    ("text", "server", "new_enough"),
    [
        ("10.11.19-MariaDB-0+deb12u1", Server((10, 11), is_mariadb=True), True),
        ("11.4.2-MariaDB", Server((11, 4), is_mariadb=True), True),
        ("10.5.9-MariaDB", Server((10, 5), is_mariadb=True), False),
        ("8.0.44", Server((8, 0), is_mariadb=False), True),
        ("5.7.44-log", Server((5, 7), is_mariadb=False), False),
        ("who knows", Server((0, 0), is_mariadb=False), False),
    ],
)
def test_a_server_is_known_by_its_version(text: str, server: Server, new_enough: bool) -> None:
    assert Server.of(text) == server
    assert server.is_new_enough == new_enough


@pytest.mark.parametrize("timeout", [0.2, 5.0, 45.0])
def test_a_session_waits_for_whole_seconds_at_least_one(timeout: float) -> None:
    """Zero would mean for ever."""
    for is_mariadb in (True, False):
        settings = session_settings(Server((10, 11), is_mariadb), timeout)
        waits = [value for name, value in settings.items() if name.endswith("timeout")]
        assert len(waits) == 5
        assert all(int(value) >= 1 for value in waits)


@pytest.mark.parametrize(
    ("error", "told", "rows_fault"),
    [
        (
            pymysql.IntegrityError(1062, "Duplicate entry '26633' for key 'x'", sqlstate="23000"),
            "IntegrityError (",
            True,
        ),
        (pymysql.DataError(1406, "Data too long for column 'unit' at row 1", sqlstate="22001"), "column 'unit'", True),
        (pymysql.OperationalError(1366, "Incorrect value: '26633'", sqlstate="22007"), "OperationalError (1366", True),
        (pymysql.OperationalError(4025, "CONSTRAINT `strict` failed for `r`.`t`", sqlstate="23000"), "`strict`", True),
        (pymysql.OperationalError(1644, "26633 is odd", sqlstate="45000"), "OperationalError (1644, 45000)", True),
        (pymysql.OperationalError(1205, "Lock wait timeout exceeded", sqlstate="HY000"), "Lock wait timeout", False),
        (pymysql.OperationalError(1142, "INSERT command denied to user", sqlstate="42000"), "docs/security.md", False),
        (pymysql.OperationalError(2013, "Lost connection\nduring query (timed out)"), "(timed out) (2013)", False),
        (pymysql.OperationalError("received multiple auth switch requests"), "OperationalError (", False),
        (pymysql.InterfaceError(0, ""), "", False),
    ],
)
def test_an_error_is_told_in_a_line_that_holds_no_row(error: pymysql.MySQLError, told: str, rows_fault: bool) -> None:
    assert told in described(error)
    assert "26633" not in described(error)
    assert "\n" not in described(error)
    assert is_rows_fault(error) == rows_fault


def test_what_speaks_another_protocol_is_told_so() -> None:
    assert "does not speak its protocol" in described(ValueError("SSH-2.0"))
