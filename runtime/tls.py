"""TLS contexts from settings. Files are read at every call: a new certificate serves the next client that is made.

Python's checks, without the strict form of newer versions: a private authority made by hand serves the same under each.
"""

import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from runtime.errors import ConfigError
from runtime.settings.secret import MissingSecret
from runtime.settings.security import TlsSettings


def tls_context(where: str, settings: TlsSettings, environment: Mapping[str, str]) -> ssl.SSLContext:
    """The context for connections as a client; TLS 1.2 at least.

    Args:
        where: the path of the settings, for messages (``kafka.tls``).
        settings: what is trusted, and what is shown.
        environment: for the key's password.

    Raises:
        ConfigError: a file is missing, not readable, not what it should be, expired, or not of the other one.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = settings.check_hostname
    problems: list[str] = []
    for part in (_trust, _show):
        try:
            part(context, where, settings, environment)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return context


def tls_problems(where: str, settings: TlsSettings, environment: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the files, one line each."""
    try:
        tls_context(where, settings, environment)
    except ConfigError as error:
        yield from error.problems


def _trust(context: ssl.SSLContext, where: str, settings: TlsSettings, _: Mapping[str, str]) -> None:
    file = settings.ca_file
    if file is None:
        context.load_default_certs()
        return
    found = _certificates(f"{where}.ca_file", file)
    last = max(found, key=lambda certificate: certificate.not_valid_after_utc)
    _check_time(f"{where}.ca_file", file, last)
    context.load_verify_locations(cafile=str(file))


def _show(context: ssl.SSLContext, where: str, settings: TlsSettings, environment: Mapping[str, str]) -> None:
    certificate, key = settings.certificate_file, settings.key_file
    if certificate is None or key is None:
        return
    own, *_ = _certificates(f"{where}.certificate_file", certificate)
    _check_time(f"{where}.certificate_file", certificate, own)
    encrypted = "ENCRYPTED" in _read(f"{where}.key_file", key)
    password = ""  # never None: OpenSSL would ask for it at the terminal
    if settings.key_password is not None:
        try:
            password = settings.key_password.reveal(environment)
        except MissingSecret as error:
            raise ConfigError([f"{where}.key_password: {error}"]) from None
    elif encrypted:
        raise ConfigError([f"{where}.key_file: {key} is encrypted: set {where}.key_password"])
    try:
        context.load_cert_chain(certificate, key, password)
    except ssl.SSLError as error:
        raise ConfigError([_unusable(where, settings, error, encrypted=encrypted)]) from None


def _unusable(where: str, settings: TlsSettings, error: ssl.SSLError, *, encrypted: bool) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"{where}.key_file: {settings.key_file} is not the key of {settings.certificate_file}: give the pair"
    if encrypted:
        return f"{where}.key_file: {settings.key_file} cannot be decrypted: is {where}.key_password the right one?"
    return f"{where}.key_file: {settings.key_file} is not a private key in PEM form"


def _certificates(where: str, file: Path) -> list[x509.Certificate]:
    text = _read(where, file)
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise ConfigError([f"{where}: {file} holds no certificate in PEM form"]) from None


def _read(where: str, file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise ConfigError([f"{where}: {file} cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{where}: {file} is not in PEM form"]) from None


def _check_time(where: str, file: Path, certificate: x509.Certificate) -> None:
    now = datetime.now(UTC)
    if now > certificate.not_valid_after_utc:
        raise ConfigError([f"{where}: {file} expired on {certificate.not_valid_after_utc:%Y-%m-%d}: renew it"])
    if now < certificate.not_valid_before_utc:
        raise ConfigError([f"{where}: {file} is valid from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC only"])
