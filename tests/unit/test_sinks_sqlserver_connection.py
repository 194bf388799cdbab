"""Whom a sink believes to be its SQL Server, and how long it waits for one that says nothing."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from OpenSSL import SSL

from runtime.errors import Transient
from sinks.sqlserver.connection import Errors, tls_context
from sinks.sqlserver.database import Address, SQLServer
from sinks.sqlserver.dsn import Encrypt, Server
from sinks.sqlserver.errors import described
from tests.certificates import Authority, Pair


def shake_hands(shown: Pair, host: str, encrypt: Encrypt, cafile: Path | None) -> None:
    """A handshake in memory, as python-tds makes one; between the context of a sink and Python's own server side."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.certificate, shown.key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(to_server, to_client, server_side=True)
    client = SSL.Connection(tls_context(Server(host, 1433, "r", "u", "p", encrypt, cafile)))
    client.set_connect_state()
    for _ in range(4):
        try:
            client.do_handshake()
        except SSL.WantReadError:
            to_server.write(client.bio_read(1 << 16))
        else:
            return
        with suppress(ssl.SSLWantReadError):
            server.do_handshake()
        client.bio_write(to_client.read())
    raise AssertionError("no end of shaking hands")


@pytest.mark.parametrize(
    ("hosts", "host"),
    [
        (("db.example",), "db.example"),
        (("other.example", "DB.example"), "db.example"),
        (("*.example",), "db.example"),
        (("10.0.0.7",), "10.0.0.7"),
    ],
)
def test_a_certificate_of_the_host_is_believed(tmp_path: Path, hosts: tuple[str, ...], host: str) -> None:
    authority = Authority(tmp_path, "ca")
    shake_hands(authority.issue("server", hosts=hosts), host, "yes", authority.file)


@pytest.mark.parametrize(
    ("hosts", "host"),
    [
        (("b.example",), "db.example"),
        (("Sdb.example",), "db.example"),
        (("*.example",), "a.db.example"),
        (("10.0.0.70",), "10.0.0.7"),
    ],
)
def test_a_certificate_of_another_is_not(tmp_path: Path, hosts: tuple[str, ...], host: str) -> None:
    authority = Authority(tmp_path, "ca")
    with pytest.raises(Errors) as caught:
        shake_hands(authority.issue("server", hosts=hosts), host, "yes", authority.file)
    assert described(caught.value) == f"its certificate is not one of {host}"


@pytest.mark.parametrize("why", ["another authority", "expired", "the system's authorities"])
def test_nor_one_that_nobody_we_trust_has_signed(tmp_path: Path, why: str) -> None:
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    signed_by = theirs if why == "another authority" else ours
    shown = signed_by.issue("server", days=-1 if why == "expired" else 1, hosts=("db.example",))
    with pytest.raises(Errors) as caught:
        shake_hands(shown, "db.example", "yes", None if why == "the system's authorities" else ours.file)
    assert described(caught.value) == "TLS: certificate verify failed"


def test_with_trust_whoever_answers_is_believed(tmp_path: Path) -> None:
    shake_hands(Authority(tmp_path, "ca").issue("server", hosts=("b.example",)), "db.example", "trust", None)


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server


def database(port: int) -> SQLServer:
    return SQLServer(Address("vitec", f"sqlserver://u:hunter2@127.0.0.1:{port}/r", "meterstream", 1))


def test_where_nobody_listens_one_line_says_so(listening: socket.socket) -> None:
    port = listening.getsockname()[1]
    listening.close()
    with pytest.raises(Transient, match=r"SQL Server of receiver vitec: .*refused.*see receivers\.vitec\.dsn"):
        database(port).connect()


def test_a_server_that_hangs_up_is_waited_for(listening: socket.socket) -> None:
    there = database(listening.getsockname()[1])
    threading.Thread(target=lambda: listening.accept()[0].close()).start()
    with pytest.raises(Transient, match=r"SQL Server of receiver vitec: .*see receivers\.vitec\.dsn") as caught:
        there.connect()
    assert "hunter2" not in str(caught.value)
