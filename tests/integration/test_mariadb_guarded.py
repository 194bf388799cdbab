"""A sink towards a MariaDB with TLS: who is believed to be the database, who is let in, and what nobody is shown."""

import os
import pwd
import shutil
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import pytest

from local.mariadb import MariaDBServer, program
from local.postgres import UNPRIVILEGED
from local.process import ServiceError
from runtime.errors import Transient
from sinks.mariadb.database import MariaDB
from tests.certificates import Authority, Pair

pytestmark = pytest.mark.services

PASSWORD = "correct-horse-7f31"


class Guarded:
    """A server that shows a certificate, and two users: one with a password, one with a certificate besides."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority(folder, "authority")
        self.show(self.authority.issue("shown"))
        settings = {
            "ssl-ca": str(self.authority.file),
            "ssl-cert": str(folder / "server.pem"),
            "ssl-key": str(folder / "server.key"),
        }
        self.server = MariaDBServer(folder / "mariadb", settings=settings)

    def show(self, pair: Pair) -> None:
        """Puts a certificate where the server reads it."""
        for source, name in ((pair.certificate, "server.pem"), (pair.key, "server.key")):
            shutil.copy(source, self.folder / name)
            (self.folder / name).chmod(0o600)
            if os.geteuid() == 0:
                os.chown(self.folder / name, pwd.getpwnam(UNPRIVILEGED).pw_uid, -1)

    def run(self, *statements: str) -> None:
        with self.server.connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def dsn(self, user: str = "vitec", **options: object) -> str:
        shown = {"ssl_ca": self.authority.file} | options
        return f"mariadb://{user}:{PASSWORD}@127.0.0.1:{self.server.port}/receiver?{urlencode(shown)}"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    try:
        program()
    except ServiceError as error:
        pytest.skip(str(error))
    with TemporaryDirectory(prefix="meterstream-guarded-") as folder:
        Path(folder).chmod(0o755)  # as root the server runs as another, who must be able to pass
        found = Guarded(Path(folder))
        with found.server:
            found.run(
                "CREATE DATABASE receiver",
                f"CREATE USER vitec IDENTIFIED BY '{PASSWORD}' REQUIRE SSL",
                f"CREATE USER certified IDENTIFIED BY '{PASSWORD}' REQUIRE X509",
                *(f"GRANT ALL ON receiver.* TO {user}" for user in ("vitec", "certified")),
            )
            yield found


def opened(dsn: str) -> str:
    """How the connection of a worker that is let in is encrypted."""
    with closing(MariaDB("vitec", dsn, 5.0)) as database:
        database.connect()
        ((_, version),) = database.execute("SHOW SESSION STATUS LIKE 'Ssl_version'")
        return str(version)


def refused(dsn: str) -> str:
    """Why a worker is not let in: one line without the password."""
    with pytest.raises(Transient) as caught:
        opened(dsn)
    why = str(caught.value)
    assert "\n" not in why
    assert PASSWORD not in why
    return why


@pytest.mark.parametrize("mode", ["full", "ca", "none"])
def test_a_connection_is_encrypted_however_it_is_verified(guarded: Guarded, mode: str) -> None:
    assert opened(guarded.dsn(ssl_verify=mode)).startswith("TLSv1.")


def test_a_server_that_wants_encryption_gets_no_other(guarded: Guarded) -> None:
    assert "Access denied" in refused(guarded.dsn(ssl_verify="off"))


def test_a_server_of_another_authority_is_not_trusted(guarded: Guarded) -> None:
    foreign = Authority(guarded.folder, "foreign").file
    for mode in ("full", "ca"):
        assert "certificate verify failed" in refused(guarded.dsn(ssl_ca=foreign, ssl_verify=mode))
    assert opened(guarded.dsn(ssl_ca=foreign, ssl_verify="none"))


def test_a_server_whose_certificate_is_of_another_host_is_not_trusted(guarded: Guarded) -> None:
    guarded.show(guarded.authority.issue("elsewhere", hosts=("db.example",)))
    guarded.run("FLUSH SSL")
    try:
        assert "certificate is not valid for '127.0.0.1'" in refused(guarded.dsn(ssl_verify="full"))
        assert opened(guarded.dsn(ssl_verify="ca"))
    finally:
        guarded.show(guarded.authority.issue("shown"))
        guarded.run("FLUSH SSL")


def test_a_client_certificate_is_shown(guarded: Guarded) -> None:
    own = guarded.authority.issue("certified")
    assert opened(guarded.dsn("certified", ssl_cert=own.certificate, ssl_key=own.key))
    assert "Access denied" in refused(guarded.dsn("certified"))


def test_a_server_that_asks_for_the_password_itself_is_not_told_it() -> None:
    """Whoever listens in the database's place could ask for it."""
    told: list[bytes] = []

    def ask() -> None:
        connection, _ = thief.accept()
        with connection:
            connection.sendall(_packet(0, GREETING))
            told.append(connection.recv(4096))
            connection.sendall(_packet(2, b"\xfemysql_clear_password\0"))
            told.append(connection.recv(4096))

    with socket.create_server(("127.0.0.1", 0)) as thief:
        asking = threading.Thread(target=ask)
        asking.start()
        dsn = f"mariadb://vitec:{PASSWORD}@127.0.0.1:{thief.getsockname()[1]}/receiver"
        assert "asks for the password in the clear" in refused(dsn)
        asking.join()
    assert len(told) == 2
    assert PASSWORD.encode() not in b"".join(told)


CAPABILITIES = 0x0008_A208
"""Protocol 4.1, a database to begin with, secure connection, ways to log in."""
GREETING = (
    b"\x0a10.11.0-MariaDB\0"
    + struct.pack("<I", 1)
    + b"12345678\0"
    + struct.pack("<HBHH", CAPABILITIES & 0xFFFF, 45, 2, CAPABILITIES >> 16)
    + b"\x15"
    + bytes(10)
    + b"123456789012\0mysql_native_password\0"
)


def _packet(number: int, payload: bytes) -> bytes:
    return struct.pack("<I", len(payload))[:3] + bytes([number]) + payload
