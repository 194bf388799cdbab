"""What SQL Server says: whose fault it is, and what may be repeated of it."""

import pytds
import pytest

from sinks.sqlserver.errors import described, rows_fault
from tests.receiver_databases import server_error

SECRET = "26633"


@pytest.mark.parametrize(
    ("number", "text", "said"),
    [
        (
            2627,
            "Violation of PRIMARY KEY constraint 'PK_rows'. Cannot insert duplicate key in object 'm.rows'. "
            "The duplicate key value is (26633, constraint 'x26633').",
            "error 2627 constraint PK_rows object m.rows",
        ),
        (
            547,
            'The MERGE statement conflicted with the CHECK constraint "strict". The conflict occurred in database '
            '"receiver", table "m.rows", column \'source\'.',
            "error 547 constraint strict table m.rows column source",
        ),
        (
            2628,
            "String or binary data would be truncated in table 'm.rows', column 'unit'. Truncated value: '26633'.",
            "error 2628 table m.rows column unit",
        ),
        (
            515,
            "Cannot insert the value NULL into column 'unit', table 'm.rows'; column does not allow nulls.",
            "error 515 column unit table m.rows",
        ),
        (245, "Conversion failed when converting the nvarchar value 'column '26633'' to data type int.", "error 245"),
        (50_001, "no value of 26633 here", "error 50001"),
    ],
)
def test_a_row_is_refused_without_a_word_of_what_it_holds(number: int, text: str, said: str) -> None:
    error = server_error(number, text)
    assert rows_fault(error)
    assert described(error) == said
    assert SECRET not in described(error)


@pytest.mark.parametrize(
    ("number", "severity", "text", "said"),
    [
        (1205, 13, "Transaction was deadlocked.", "Transaction was deadlocked. (1205)"),
        (1222, 16, "Lock request time out period exceeded.", "Lock request time out period exceeded. (1222)"),
        (208, 16, "Invalid object name 'm.epochs'.", "Invalid object name 'm.epochs'. (208)"),
        (9002, 17, "The transaction log is full.", "The transaction log is full. (9002)"),
        (3609, 16, "The transaction ended in the trigger. 26633", "error 3609"),
    ],
)
def test_whatever_else_is_waited_for(number: int, severity: int, text: str, said: str) -> None:
    error = server_error(number, text, severity)
    assert not rows_fault(error)
    assert described(error) == said


def test_a_missing_right_says_where_to_look() -> None:
    error = server_error(229, "The SELECT permission was denied on the object 'epochs'.")
    assert "denied on the object 'epochs'. (229); grant what docs/security.md says" in described(error)


def test_what_is_not_the_server_s_is_said_as_it_is() -> None:
    assert described(TimeoutError("timed out")) == "no answer in time"
    assert described(ConnectionResetError(104, "reset by peer")) == "[Errno 104] reset by peer"
    assert described(pytds.ClosedConnectionError()) == "Server closed connection"
