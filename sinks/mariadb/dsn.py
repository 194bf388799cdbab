"""The DSN of a MariaDB or MySQL receiver: a URL, and how the server on the way there is verified.

    mariadb://user:password@host:3306/database?ssl_verify=full&ssl_ca=/etc/meterstream/ca.pem

``ssl_verify``: full (its certificate, and that it holds the host's name), ca (its certificate), none (encrypted, but
anybody may answer), off (not encrypted). ``ssl_ca``: whom we trust; without it, the authorities of this system.
``ssl_cert``, ``ssl_key``, ``ssl_key_password``: our own certificate.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from runtime.errors import ConfigError
from runtime.loopback import is_loopback
from runtime.settings.secret import Secret
from runtime.settings.security import TlsSettings
from runtime.tls import tls_context

SCHEMES = ("mariadb", "mysql")
PORT = 3306
FORM = "mariadb://user:password@host:port/database?ssl_verify=full&ssl_ca=FILE"
VERIFYING = ("full", "ca")
MODES = (*VERIFYING, "none", "off")
_FILES = {
    "ssl_ca": "ca_file",
    "ssl_cert": "certificate_file",
    "ssl_key": "key_file",
    "ssl_key_password": "key_password",
}
"""Parameters, and what the settings of TLS call them."""


@dataclass(frozen=True)
class Place:
    """Where a database is, and as whom we come.

    Attributes:
        tls: how the connection is encrypted; None: it is not.
        unverified: the mode by which another machine is believed to be the database unseen; None: it is verified, or
            it is this one.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    tls: ssl.SSLContext | None
    unverified: str | None


def read_dsn(where: str, dsn: str) -> Place:
    """What a DSN says.

    Args:
        where: the path of the setting, for messages.
        dsn: as written; a secret.

    Raises:
        ConfigError: it is no such URL; it leaves to chance whether another machine is verified; a certificate or key
            that it names is missing, expired, or not of the other. Every problem, none with the password.
    """
    url, port = _url(where, dsn)
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    host, database = url.hostname or "", unquote(url.path.removeprefix("/"))
    here = is_loopback(host)
    mode = options.get("ssl_verify") or (_default(options) if here or options.keys() & _FILES.keys() else None)
    problems = _problems(where, options, mode)
    if not host or not url.username or not database:
        problems.append(f"{where}: user, host or database is missing: {FORM}")
    if problems:
        raise ConfigError(problems)
    return Place(
        host=host,
        port=port or PORT,
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        database=database,
        tls=None if mode == "off" else _tls(where, options, mode or "full"),
        unverified=None if here or mode in VERIFYING else mode,
    )


def _url(where: str, dsn: str) -> tuple[SplitResult, int | None]:
    try:
        url = urlsplit(dsn)
        port = url.port
    except ValueError:
        raise ConfigError([f"{where}: not a URL like {FORM}"]) from None
    if url.scheme not in SCHEMES:
        raise ConfigError([f"{where}: not a URL like {FORM}"])
    return url, port


def _default(options: Mapping[str, str]) -> str:
    """Whoever names certificates wants them looked at; nothing of that is needed on this machine."""
    return "full" if options.keys() & _FILES.keys() else "off"


def _problems(where: str, options: Mapping[str, str], mode: str | None) -> list[str]:
    problems = [
        f"{where}: unknown parameter {name}; there are ssl_verify, {', '.join(_FILES)}"
        for name in sorted(options.keys() - _FILES.keys() - {"ssl_verify"})
    ]
    if mode is None:
        problems.append(
            f"{where}: the database is on another machine, and nothing says how it is verified which one answers: "
            "add ssl_verify=full and ssl_ca=FILE; ssl_verify=off for a network that is a cell of its own"
        )
    elif mode not in MODES:
        problems.append(f"{where}: ssl_verify is one of {', '.join(MODES)}")
    return problems


def _tls(where: str, options: Mapping[str, str], mode: str) -> ssl.SSLContext:
    password = options.get("ssl_key_password")
    settings = TlsSettings(
        ca_file=_path(options, "ssl_ca"),
        certificate_file=_path(options, "ssl_cert"),
        key_file=_path(options, "ssl_key"),
        key_password=Secret(text=password) if password else None,
        check_hostname=mode == "full",
    )
    problems = [f"{where}: {problem}" for problem in settings.contradictions()]
    try:
        context = tls_context(where, settings, {})
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError([_as_written_here(problem, where) for problem in problems])
    if mode == "none":
        context.verify_mode = ssl.CERT_NONE
    return context


def _path(options: Mapping[str, str], name: str) -> Path | None:
    return Path(options[name]) if options.get(name) else None


def _as_written_here(problem: str, where: str) -> str:
    """A problem of the settings of TLS in the words of a DSN."""
    for theirs, ours in _FILES.items():
        problem = problem.replace(f"{where}.{ours}", f"{where}: {theirs}").replace(f"tls.{ours}", theirs)
    return problem
