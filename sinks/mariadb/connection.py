"""A connection to MariaDB or MySQL that never waits for ever, and a session in which nothing is silently altered.

Our own clock (connect, read and write time-outs) finds a machine that is gone and one that is silent; the server's
ends statements, waits for locks, and transactions of a worker that stands still.
"""

import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from sinks.database import LOCKED_AFTER
from sinks.mariadb.dsn import Place

OLDEST = "MariaDB 10.6 or MySQL 8.0"
LEAST_PACKET = 1 << 20
"""Bytes of a statement that the server must take (max_allowed_packet); both take 16 MiB or more by default."""
CHARSET = "utf8mb4"
CONNECT_SECONDS = 10.0
FROZEN_AFTER = 60.0
"""Seconds at most after which the server ends the transaction of a worker that stands still: another can go on."""
GRACE = 2.0
"""Seconds beyond a statement's own time-out after which no answer is expected: the server would have said that."""
SQL_MODE = "ANSI_QUOTES,PIPES_AS_CONCAT,STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION"
"""STRICT_ALL_TABLES above all: without it a text too long is cut, a number too large replaced, and nobody told."""
IN_THE_CLEAR = ("mysql_clear_password", "dialog", "mysql_old_password")
"""Ways to log in that show the password to whoever asks for it."""


class TalkingCursor(Cursor):
    """A cursor that tells what the server says of a statement's rows beside their number."""

    @property
    def counts(self) -> list[int]:
        """The numbers of the server's message: of INSERT rows and duplicates, of UPDATE rows matched and changed."""
        message: bytes | None = self._result and self._result.message  # type: ignore[attr-defined]  # not in the stubs
        return [int(number) for number in re.findall(rb"\d+", message or b"")]

    def touch(self, statement: str, parameters: Sequence[Any]) -> int:
        """How many rows a statement finds. Of those that an UPDATE leaves as they were, only the message speaks."""
        changed = self.execute(statement, tuple(parameters))
        return self.counts[0] if self.counts else changed


Talking: TypeAlias = "Connection[TalkingCursor]"


@dataclass(frozen=True)
class Server:
    """What answers: MariaDB, or MySQL, which knows some things under other names."""

    version: tuple[int, int]
    is_mariadb: bool

    @classmethod
    def of(cls, text: str) -> "Server":
        """From what VERSION() says: ``10.11.19-MariaDB-0+deb12u1``, ``8.0.44``."""
        found = re.match(r"(\d+)\.(\d+)", text)
        major, minor = found.groups() if found else ("0", "0")
        return cls((int(major), int(minor)), "MariaDB" in text)

    @property
    def is_new_enough(self) -> bool:
        """Whether it has all that is used here."""
        return self.version >= ((10, 6) if self.is_mariadb else (8, 0))

    @property
    def limit(self) -> str:
        """What it calls the time that a statement may take."""
        return "max_statement_time" if self.is_mariadb else "max_execution_time"

    @property
    def collation(self) -> str:
        """Texts are equal if all their characters are, spaces at the end too."""
        return "utf8mb4_nopad_bin" if self.is_mariadb else "utf8mb4_0900_bin"


MARIADB = Server((10, 11), is_mariadb=True)
"""The one that this was tested with."""


def unfit(server: Server, version: str, packet: int, charsets: Sequence[str]) -> str | None:
    """Why a server cannot be used. ``packet``: its max_allowed_packet; ``charsets``: what our texts are there."""
    if not server.is_new_enough:
        return f"is {version}; use {OLDEST}, or newer"
    if packet < LEAST_PACKET:
        return f"takes statements of {packet} bytes; set max_allowed_packet to {LEAST_PACKET} or more"
    if {*charsets} != {CHARSET}:
        return f"takes texts as {charsets[0]}; let its clients choose {CHARSET} (character-set-client-handshake)"
    return None


def connect(place: Place, receiver: str, timeout: float) -> Talking:
    """A connection that commits when it is told to. ``timeout``: seconds that the server may take for a statement.

    Raises:
        pymysql.MySQLError, OSError: the server cannot be reached, or refuses.
        ValueError, LookupError: what answers there does not speak MariaDB's protocol.
    """
    verified = place.tls is not None and place.tls.verify_mode == ssl.CERT_REQUIRED
    plugins: dict[str, Callable[[Any], Any]] = {} if verified else dict.fromkeys(IN_THE_CLEAR, _NotInTheClear)
    return Connection(
        host=place.host,
        port=place.port,
        user=place.user,
        password=place.password.encode(),
        database=place.database,
        charset=CHARSET,
        cursorclass=TalkingCursor,
        autocommit=False,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=timeout + GRACE,
        write_timeout=timeout + GRACE,
        program_name=f"meterstream sink {receiver}",
        auth_plugin_map=plugins,
        ssl=place.tls,
        ssl_disabled=place.tls is None,
    )


class _NotInTheClear:
    """Answers a server that asks for the password itself, over a connection on which nobody has proved who he is."""

    def __init__(self, connection: object) -> None:
        """Nothing is to be known of it."""

    def authenticate(self, packet: object) -> NoReturn:
        raise pymysql.OperationalError(0, "it asks for the password in the clear: verify it (ssl_verify=full) first")


def session_settings(server: Server, timeout: float) -> Mapping[str, str]:
    """What the session of a worker sets. ``timeout``: seconds for a statement; the server counts whole ones."""
    patience, idle = _whole(min(LOCKED_AFTER, timeout / 2)), _whole(min(FROZEN_AFTER, timeout))
    own = (
        {server.limit: f"{timeout:g}", "idle_transaction_timeout": idle}
        if server.is_mariadb
        else {server.limit: f"{timeout * 1000:.0f}", "wait_timeout": idle}
    )
    return {
        "sql_mode": f"'{SQL_MODE}'",
        "time_zone": "'+00:00'",
        "lc_messages": "'en_US'",
        "default_storage_engine": "InnoDB",
        "innodb_lock_wait_timeout": patience,
        "lock_wait_timeout": patience,
        "net_read_timeout": idle,
        "net_write_timeout": idle,
        **own,
    }


def _whole(seconds: float) -> str:
    return str(max(1, int(seconds)))
