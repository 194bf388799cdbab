"""A PostgreSQL that takes TLS connections only: with a password (SCRAM), or with a certificate.

The package's server was built without TLS. Where this machine has another one that was built with it, that is used;
everywhere TLS is put before the package's.
"""

import os
import pwd
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import psycopg

from local.postgres import UNPRIVILEGED, PostgresServer
from tests.certificates import Authority, Pair
from tests.tls_front import TlsFront

PASSWORD = "correct-horse-7f31"
"""Of every role with a password; a text that is found in whatever shows it."""
BY_CERTIFICATE = "by_certificate"
_ACCESS = """\
hostssl all by_certificate 127.0.0.1/32 cert
hostssl all all 127.0.0.1/32 scram-sha-256
"""
_ACCESS_BEHIND_THE_FRONT = """\
host all by_certificate 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True)
class GuardedPostgres:
    """The server, whom it trusts, and who issued what it shows. ``front``: what stands before it, if it has no TLS."""

    server: PostgresServer
    folder: Path
    authority: Authority
    front: TlsFront | None

    def dsn(self, user: str, password: str | None = None, **options: object) -> str:
        """Of the database ``receiver``, verified in full unless the options say otherwise."""
        shown = {"sslmode": "verify-full", "sslrootcert": self.authority.file} | options
        secret = f":{password}" if password else ""
        port = self.front.port if self.front else self.server.port
        return f"postgresql://{user}{secret}@127.0.0.1:{port}/receiver?{urlencode(shown)}"

    def run(self, *statements: str) -> None:
        """Statements of the superuser."""
        with psycopg.connect(self.server.dsn("receiver"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    @contextmanager
    def showing(self, pair: Pair) -> Iterator[None]:
        """The server shows another certificate meanwhile; it may take a moment to begin with it."""
        kept = [shutil.copy(self.folder / name, self.folder / f"kept.{name}") for name in ("server.pem", "server.key")]
        self._show(pair.certificate, pair.key)
        try:
            yield
        finally:
            self._show(Path(kept[0]), Path(kept[1]))

    def _show(self, certificate: Path, key: Path) -> None:
        if self.front:
            self.front.context = _context(self.authority, certificate, key)
        else:
            _put(certificate, self.folder / "server.pem")
            _put(key, self.folder / "server.key")
            self.run("SELECT pg_reload_conf()")


def with_tls() -> Path | None:
    """The programs of a PostgreSQL of this machine that was built with TLS, if there is one."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        asked = subprocess.run([folder / "pg_config", "--configure"], capture_output=True, text=True, check=False)
        if "openssl" in asked.stdout:
            return folder
    return None


@contextmanager
def guarded_postgres(programs: Path | None) -> Iterator[GuardedPostgres]:
    """Starts it. ``programs``: of a server with TLS; None: the package's, with TLS before it."""
    with ExitStack() as stack:
        # As root the server runs as another, who must be able to pass.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="meterstream-guarded-")))
        folder.chmod(0o755)
        authority = Authority(folder, "authority")
        shown = authority.issue("shown")
        _put(shown.certificate, folder / "server.pem")
        _put(shown.key, folder / "server.key")
        (folder / "access.conf").write_text(_ACCESS if programs else _ACCESS_BEHIND_THE_FRONT)
        settings = {"hba_file": str(folder / "access.conf")}
        if programs:
            settings |= {
                "ssl": "on",
                "ssl_cert_file": str(folder / "server.pem"),
                "ssl_key_file": str(folder / "server.key"),
                "ssl_ca_file": str(authority.file),
            }
        server = stack.enter_context(PostgresServer(folder / "postgres", settings=settings, programs=programs))
        server.create_database("receiver")
        front = None if programs else TlsFront(server.port, _context(authority, shown.certificate, shown.key))
        if front:
            stack.callback(front.close)
        yield GuardedPostgres(server, folder, authority, front)


def _context(authority: Authority, certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority.file)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _put(source: Path, target: Path) -> None:
    """A file that the server's user may read, and nobody else: it refuses other keys."""
    shutil.copy(source, target)
    target.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(target, pwd.getpwnam(UNPRIVILEGED).pw_uid, -1)
