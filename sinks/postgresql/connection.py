"""A connection to PostgreSQL that never waits for ever: neither for a machine that is gone, nor for one that is silent.

A peer that is gone is found by TCP (keepalives, unacknowledged data), on both sides. One that takes what is sent and
never answers – a proxy in between, a frozen server – is found by our own clock alone: libpq has none.
"""

import time
from collections.abc import Mapping
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

from sinks.database import LOCKED_AFTER

CONNECT: Mapping[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""Parameters of libpq that a DSN may override."""
_SERVERS_TCP: Mapping[str, str] = {
    "tcp_keepalives_idle": "10s",
    "tcp_keepalives_interval": "5s",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30s",
}
"""The same for the server's side: a worker that is gone holds its locks no longer than this."""
FROZEN_AFTER = 60.0
"""Seconds at most after which the server ends the transaction of a worker that stands still: another can go on."""
GRACE = 2.0
"""Seconds beyond a statement's own time-out after which no answer is expected: the server would have said that."""

T = TypeVar("T")


class NoAnswer(psycopg.OperationalError):
    """The server was silent for longer than a statement may take."""


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """Closes itself where an answer does not come within ``patience`` seconds, which is NoAnswer."""

    patience: float | None = None

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """See psycopg: all of its waiting for the server goes through here."""
        patience = self.patience if timeout is None else timeout
        began = time.monotonic()
        try:
            return super().wait(gen, interval, patience)
        except psycopg.OperationalError as error:
            if error.sqlstate is None and patience is not None and time.monotonic() - began >= patience:
                self.pgconn.finish()  # what comes later is of no use, and nothing more can be said on it
                raise NoAnswer(f"no answer within {patience:g} s") from None
            raise


def connect(parameters: Mapping[str, Any], timeout: float) -> Connection:
    """A connection in autocommit mode. ``timeout``: seconds that the server may take for a statement.

    Raises:
        psycopg.Error: the server cannot be reached, or refuses.
    """
    connection = Connection.connect(**parameters, autocommit=True)
    connection.patience = timeout + GRACE
    return connection


def session_settings(timeout: float) -> Mapping[str, str]:
    """What the session of a worker sets on the server. ``timeout``: seconds for a statement."""
    return {
        **_SERVERS_TCP,
        "statement_timeout": f"{timeout:g}s",
        "lock_timeout": f"{min(LOCKED_AFTER, timeout / 2):g}s",
        "idle_in_transaction_session_timeout": f"{min(FROZEN_AFTER, timeout):g}s",
        "TimeZone": "UTC",
        "DateStyle": "ISO",
    }
