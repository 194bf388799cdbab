"""A receiver's DSN on SQL Server, as a URL; and whether whoever listens on the way could read or write along.

``sqlserver://user:password@host:1433/database?encrypt=yes&cafile=/etc/ssl/ca.pem``
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from runtime.errors import ConfigError
from runtime.loopback import is_loopback
from runtime.settings.security import TlsSettings
from runtime.tls import tls_problems

SCHEME = "sqlserver"
PORT = 1433
Encrypt = Literal["yes", "trust", "no"]
"""yes: encrypted, and the server's certificate verified; trust: encrypted, whoever answers; no: plain text."""
SHAPE = f"{SCHEME}://user:password@host:{PORT}/database?encrypt=yes&cafile=FILE"


@dataclass(frozen=True)
class Server:
    """A database on a server, and as whom. ``cafile``: who may have signed its certificate; None: this system's own."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    encrypt: Encrypt
    cafile: Path | None


def read_dsn(where: str, dsn: str) -> Server:
    """What a URL says.

    Args:
        where: the path of the setting, for messages.
        dsn: as written; a secret.

    Raises:
        ConfigError: it is not as it must be, or the file that it names is not; every problem.
    """
    try:
        url = urlsplit(dsn)
        port = url.port or PORT
    except ValueError:
        raise ConfigError([f"{where}: not an address like {SHAPE}"]) from None
    if url.scheme != SCHEME:
        raise ConfigError([f"{where}: not an address like {SHAPE}"])
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    if problems := list(_problems(where, url, options)):
        raise ConfigError(problems)
    host = url.hostname or ""
    return Server(
        host=host,
        port=port,
        database=unquote(url.path[1:]),
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        encrypt=cast(Encrypt, _encrypt(host, options)),
        cafile=Path(options["cafile"]) if "cafile" in options else None,
    )


def unverified(server: Server) -> Encrypt | None:
    """The mode by which another machine is believed to be the database unseen; None: it is verified, or this one."""
    return None if server.encrypt == "yes" or is_loopback(server.host) else server.encrypt


def _encrypt(host: str, options: Mapping[str, str]) -> str:
    return options.get("encrypt", "no" if is_loopback(host) else "yes")


def _problems(where: str, url: SplitResult, options: Mapping[str, str]) -> Iterator[str]:
    parts = {"user": url.username, "password": url.password, "host": url.hostname, "database": url.path[1:]}
    if missing := [name for name, part in parts.items() if not part]:
        yield f"{where}: it has no {', '.join(missing)}: write {SHAPE}"
    if unknown := sorted(options.keys() - {"encrypt", "cafile"}):
        yield f"{where}: it knows encrypt and cafile, not {', '.join(unknown)}"
    encrypt = _encrypt(url.hostname or "", options)
    if encrypt not in get_args(Encrypt):
        yield f"{where}: encrypt is yes, trust or no"
    if "cafile" not in options:
        return
    if encrypt != "yes":
        yield f"{where}: nothing is verified with encrypt={encrypt}: take cafile away, or write encrypt=yes"
    for problem in tls_problems(where, TlsSettings(ca_file=Path(options["cafile"])), {}):
        yield problem.replace(f"{where}.ca_file", f"{where}: cafile")
