"""What MariaDB and MySQL say when they refuse: whose fault it is, and as much of it as holds no row."""

import struct

import pymysql

ROWS_CLASSES = ("22", "23", "45")
"""SQLSTATE classes that speak of what a row holds: data exception, integrity constraint, a trigger's own refusal."""
FORBIDDEN = (1044, 1142, 1143, 1227, 1370)
GRANT = "grant what docs/security.md says (Rights in MariaDB)"
TOLD = (
    1045,
    1698,
    1048,
    1049,
    1146,
    1153,
    1205,
    1213,
    1264,
    1290,
    1406,
    1665,
    1836,
    1969,
    2002,
    2003,
    2006,
    2013,
    2026,
)
"""Errors whose texts name users, hosts, tables and columns, never what a row holds."""
CREDENTIALS = ((1045,), (1698,))
"""The server answers, and does not let this user in."""
MADE_ALREADY = (1060, 1061)
"""A column, or an index, is there: an interrupted step has made it."""
CONSTRAINT = (3819, 4025)
"""The text names the constraint and the table."""
STRANGE = (ValueError, LookupError, struct.error)
"""What the driver raises over bytes that are not of its protocol."""


def is_rows_fault(error: pymysql.MySQLError) -> bool:
    """Whether the error speaks of a row."""
    return (getattr(error, "sqlstate", None) or "")[:2] in ROWS_CLASSES


def described(error: BaseException) -> str:
    """The kind of an error and what it is about, in one line; never a text that quotes rows."""
    if not isinstance(error, pymysql.MySQLError):
        return f"what answers there does not speak its protocol ({type(error).__name__})"
    number, text = (*error.args, 0, "")[:2]
    state = getattr(error, "sqlstate", None)
    code = f"{number}, {state}" if state else f"{number}"
    if number in FORBIDDEN:
        return f"{_line(text)} ({code}); {GRANT}"
    if number in TOLD or number in CONSTRAINT or number == 0:
        return f"{_line(text)} ({code})" if number else _line(text)
    return f"{type(error).__name__} ({code})"


def _line(text: object) -> str:
    return " ".join(str(text).split())
