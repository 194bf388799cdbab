"""A receiver's DSN: what libpq takes, and whether whoever listens on the way could read or write along."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo, pq

from runtime.errors import ConfigError
from runtime.loopback import is_loopback
from runtime.settings.secret import Secret
from runtime.settings.security import TlsSettings
from runtime.tls import tls_problems

VERIFYING = ("verify-full", "verify-ca")
_ACCIDENTAL = ("allow", "prefer")
"""Modes of libpq, the second its default, that encrypt if it so happens and ask nobody who he is."""


def read_dsn(where: str, dsn: str) -> dict[str, Any]:
    """The parameters of a connection string or URL, without libpq's defaults.

    Args:
        where: the path of the setting, for messages.
        dsn: as written; a secret.

    Raises:
        ConfigError: it is no DSN; it leaves to chance whether another machine is verified; a certificate or key that it
            names is missing, expired, or not of the other.
    """
    try:
        parameters = conninfo.conninfo_to_dict(dsn)
    except psycopg.Error:
        raise ConfigError([f"{where}: not a connection string of libpq"]) from None
    if problems := list(_problems(where, _with_defaults(parameters))):
        raise ConfigError(problems)
    return dict(parameters)


def unverified(parameters: Mapping[str, Any]) -> str | None:
    """The mode by which another machine is believed to be the database unseen; None: it is verified, or this one."""
    merged = _with_defaults(parameters)
    mode = str(merged.get("sslmode"))
    return None if mode in VERIFYING or _is_here(merged) else mode


def _with_defaults(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Parameters over those of libpq's own environment variables and defaults."""
    defaults = {option.keyword.decode(): option.val.decode() for option in pq.Conninfo.get_defaults() if option.val}
    return defaults | {name: str(value) for name, value in parameters.items()}


def _problems(where: str, merged: Mapping[str, str]) -> Iterator[str]:
    mode = merged.get("sslmode")
    if mode in _ACCIDENTAL and not _is_here(merged):
        yield (
            f"{where}: the database is on another machine, and sslmode={mode} does not verify which one answers: "
            "add sslmode=verify-full and sslrootcert=FILE; sslmode=disable for a network that is a cell of its own"
        )
    trusted = merged.get("sslrootcert") if mode in VERIFYING else None
    own, key = merged.get("sslcert"), merged.get("sslkey")
    both = own is not None and key is not None
    password = merged.get("sslpassword")
    files = TlsSettings(
        ca_file=Path(trusted) if trusted not in (None, "", "system") else None,
        certificate_file=Path(own) if own and both else None,
        key_file=Path(key) if key and both else None,
        key_password=Secret(text=password) if password and both else None,
    )
    if files.is_set:
        for problem in tls_problems(where, files, {}):
            yield _as_libpq_calls_it(problem, where)


def _as_libpq_calls_it(problem: str, where: str) -> str:
    for ours, theirs in (
        ("ca_file", "sslrootcert"),
        ("certificate_file", "sslcert"),
        ("key_file", "sslkey"),
        ("key_password", "sslpassword"),
    ):
        problem = problem.replace(f"{where}.{ours}", f"{where}: {theirs}")
    return problem


def _is_here(merged: Mapping[str, str]) -> bool:
    """Whether every host is this machine: a socket or loopback."""
    if "service" in merged:  # its file may name any host
        return False
    hosts = (merged.get("hostaddr") or merged.get("host") or "").split(",")
    return all(not host or host[0] in "/@" or is_loopback(host) for host in map(str.strip, hosts))
