"""What PostgreSQL's errors say: of a row, of the server, of our rights."""

import psycopg

from runtime.errors import Transient
from sinks.database import CredentialsRefused

REFUSED_CLASSES = ("22", "23")
"""SQLSTATE classes that speak of what a row holds: data exception, integrity constraint violation."""
FORBIDDEN = "42501"
"""A right is missing: an error whose text names nothing but the object."""
GRANT = "grant what docs/security.md says (Rights in a database)"
INDEX_ROW_TOO_LARGE = "54000"
"""A key longer than an index page takes: as much a row's own fault, and as lasting."""


def kind_of(error: psycopg.Error) -> type[Transient]:
    """Of a connection that was not made. libpq tells no SQLSTATE there, but whether it was asked for a password."""
    asked = error.pgconn is not None and (error.pgconn.used_password or error.pgconn.needs_password)
    return CredentialsRefused if asked else Transient


def rows_fault(error: psycopg.Error) -> bool:
    """Whether the error speaks of a row. Without a SQLSTATE, DataError is psycopg's own refusal of a value."""
    if error.sqlstate is None:
        return isinstance(error, psycopg.DataError)
    return error.sqlstate[:2] in REFUSED_CLASSES or error.sqlstate == INDEX_ROW_TOO_LARGE


def described(error: psycopg.Error) -> str:
    """The kind of an error and what it is about; never its text, which quotes rows, but where a right is missing."""
    if error.sqlstate == FORBIDDEN and error.diag.context is None:  # a function of the receiver's may say anything
        return f"{error.diag.message_primary} ({FORBIDDEN}); {GRANT}"
    places = (
        ("constraint", error.diag.constraint_name),
        ("column", error.diag.column_name),
        ("table", error.diag.table_name),
    )
    about = "".join(f" {kind} {name}" for kind, name in places if name)
    return f"{type(error).__name__}{f' ({error.sqlstate})' if error.sqlstate else ''}{about}"
