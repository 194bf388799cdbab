"""A stand-in for SQL Server: speaks TDS 7.4 and hands the statements to a real PostgreSQL.

It proves the driver, parameters, bulk loads, retries and our own flow. It does not prove what T-SQL means, how SQL
Server locks, or its TLS: only a real server does (`METERSTREAM_SQLSERVER_DSN=… pytest -m sqlserver`).
https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-tds
"""

import re
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from typing import Any
from urllib.parse import quote

from tests.tds_stand_in_tsql import BEGAN, Complaint, Outcome, Rows, Session
from tests.tds_stand_in_values import COLLATION, Reader, columns_and_rows, value_reader

BATCH, RPC, REPLY, ATTENTION, BULK, LOGIN, PRELOGIN = 1, 3, 4, 6, 7, 16, 18
_HEADER = struct.Struct(">BBHHBB")
_SP_EXECUTESQL = 10
_MORE, _ERROR, _ATTENTION = 1, 2, 0x20
_LOGIN_FAILED = 18456
PASSWORD = "a pass/word:1"
"""Of any user."""
_BULK_TARGET = re.compile(r"INSERT BULK \[#(\w+)\]")


class TdsStandIn:
    """Listens on loopback until closed."""

    def __init__(self, dsn: str) -> None:
        """``dsn``: of the PostgreSQL that does the work."""
        self._dsn = dsn
        self.seen: list[str] = []
        """Every statement that came, as it came."""
        self.answering = threading.Event()
        """Cleared: statements are taken, and not answered."""
        self.answering.set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def dsn(self) -> str:
        """Of a receiver."""
        return f"sqlserver://sa:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/receiver"

    def close(self) -> None:
        """Takes no more clients."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        with suppress(OSError):  # of the listening socket: the end
            while True:
                wire, _ = self._listening.accept()
                threading.Thread(target=self._client, args=(wire,), daemon=True).start()

    def _client(self, wire: socket.socket) -> None:
        with suppress(OSError, EOFError), wire, closing(Session(self._dsn)) as session:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Client(wire, session, self).serve()


class _Client:
    """One client's connection."""

    def __init__(self, wire: socket.socket, session: Session, server: TdsStandIn) -> None:
        self._wire = wire
        self._session = session
        self._server = server
        self._target = ""

    def serve(self) -> None:
        """Answers until the client goes: EOFError."""
        answers = {
            PRELOGIN: self._prelogin,
            LOGIN: self._login,
            BATCH: self._batch,
            RPC: self._rpc,
            BULK: self._bulk,
            ATTENTION: self._attention,
        }
        while True:
            kind, data = self._receive()
            answer = answers[kind](Reader(data))
            self._server.answering.wait()
            self._send(answer)

    def _receive(self) -> tuple[int, bytes]:
        parts = []
        while True:
            kind, status, size, *_ = _HEADER.unpack(self._exactly(_HEADER.size))
            parts.append(self._exactly(size - _HEADER.size))
            if status & 1:
                return kind, b"".join(parts)

    def _exactly(self, size: int) -> bytes:
        data = self._wire.recv(size, socket.MSG_WAITALL) if size else b""
        if len(data) < size:
            raise EOFError
        return data

    def _send(self, data: bytes, packet: int = 4096 - _HEADER.size) -> None:
        pieces = [data[at : at + packet] for at in range(0, len(data), packet)] or [b""]
        for number, piece in enumerate(pieces, 1):
            header = _HEADER.pack(REPLY, number == len(pieces), _HEADER.size + len(piece), 0, number % 256, 0)
            self._wire.sendall(header + piece)

    def _prelogin(self, _: Reader) -> bytes:
        """Version, no encryption, no sessions within the connection."""
        options = ((0, bytes((16, 0, 0, 0, 0, 0))), (1, b"\x02"), (4, b"\x00"))
        at, heads = 5 * len(options) + 1, b""
        for token, value in options:
            heads += struct.pack(">BHH", token, at, len(value))
            at += len(value)
        return heads + b"\xff" + b"".join(value for _, value in options)

    def _login(self, message: Reader) -> bytes:
        data = message.rest()
        if _password(data) != PASSWORD:
            return _complained(Complaint(_LOGIN_FAILED, "Login failed for user 'u'.")) + _done(0xFD, _ERROR)
        name = "Stand-in"
        acknowledged = struct.pack(">BLB", 1, 0x74000004, len(name)) + name.encode("utf-16-le") + bytes((16, 0, 0, 0))
        return (
            _environment(4, _text("4096"), _text("4096"))
            + _environment(7, bytes([len(COLLATION)]) + COLLATION, b"\0")
            + _environment(1, _text(_database(data)), _text("master"))
            + struct.pack("<BH", 0xAD, len(acknowledged))
            + acknowledged
            + _done(0xFD)
        )

    def _batch(self, message: Reader) -> bytes:
        message.take(message.number(4) - 4)
        statement = message.rest().decode("utf-16-le")
        self._server.seen.append(statement)
        if found := _BULK_TARGET.match(statement):
            self._target = found[1]
            return _done(0xFD)
        return b"".join(_told(self._session.run(statement, {}), 0xFD)) + _done(0xFD)

    def _rpc(self, message: Reader) -> bytes:
        message.take(message.number(4) - 4)
        assert (message.number(2), message.number(2)) == (0xFFFF, _SP_EXECUTESQL)
        message.take(2)
        parameters = []
        while not message.is_at_end:
            name = message.text(1).removeprefix("@")
            message.take(1)
            parameters.append((name, value_reader(message)(message)))
        (_, statement), _, *named = parameters
        self._server.seen.append(statement)
        told = b"".join(_told(self._session.run(statement, dict(named)), 0xFF))
        return told + struct.pack("<Bi", 0x79, 0) + _done(0xFE)

    def _attention(self, _: Reader) -> bytes:
        return _done(0xFD, _ATTENTION)

    def _bulk(self, message: Reader) -> bytes:
        assert message.number(1) == 0x81
        columns = []
        for _ in range(message.number(2)):
            message.take(6)
            read = value_reader(message)
            columns.append((message.text(1), read))
        failed = self._session.load(self._target, [name for name, _ in columns], _rows(message, columns))
        return _complained(failed) + _done(0xFD, _ERROR) if failed else _done(0xFD)


def _rows(message: Reader, columns: Sequence[tuple[str, Any]]) -> Iterator[list[Any]]:
    while message.number(1) == 0xD1:
        yield [read(message) for _, read in columns]


def _told(outcomes: Iterator[Outcome], done: int) -> Iterator[bytes]:
    """What a client is told of each statement; the last word comes after it."""
    for outcome in outcomes:
        match outcome:
            case Rows(names, kinds, rows):
                yield columns_and_rows(names, kinds, rows) + _done(done, _MORE)
            case Complaint():
                yield _complained(outcome) + _done(done, _MORE | _ERROR)
            case int():
                own = bytes([8]) + bytes(7) + b"\x01"
                yield _environment(outcome, own, b"\0") if outcome == BEGAN else _environment(outcome, b"\0", own)


def _done(token: int, status: int = 0) -> bytes:
    return struct.pack("<BHHQ", token, status, 0, 0)


def _environment(kind: int, new: bytes, old: bytes) -> bytes:
    return struct.pack("<BHB", 0xE3, 1 + len(new) + len(old), kind) + new + old


def _complained(complaint: Complaint) -> bytes:
    text = struct.pack("<H", len(complaint.text)) + complaint.text.encode("utf-16-le")
    body = struct.pack("<iBB", complaint.number, 1, 14) + text + _text("stand-in") + _text("") + struct.pack("<I", 1)
    return struct.pack("<BH", 0xAA, len(body)) + body


def _text(value: str) -> bytes:
    return bytes([len(value)]) + value.encode("utf-16-le")


def _field(data: bytes, place: int) -> bytes:
    at, length = struct.unpack_from("<HH", data, place)
    return data[at : at + 2 * length]


def _password(data: bytes) -> str:
    mangled = (byte ^ 0xA5 for byte in _field(data, 44))
    return bytes((byte << 4 & 0xF0) | byte >> 4 for byte in mangled).decode("utf-16-le")


def _database(data: bytes) -> str:
    return _field(data, 68).decode("utf-16-le")
