"""When a utility and we do not trust each other's certificates: said plainly, and tried again slowly."""

import ssl
from collections.abc import Iterator

import aiohttp

from producer.auth import Unauthorised


class Distrusted(Unauthorised):
    """A TLS handshake failed over a certificate. A person has to mend it, as with refused credentials."""


def distrusted(source: str, error: BaseException) -> Distrusted | None:
    """What an error of the HTTP client means, where it is about certificates.

    Args:
        source: its name, for the message.
        error: as the client raised it.
    """
    for cause in _causes(error):
        if isinstance(cause, aiohttp.ClientError):  # it only says that it is one of ssl's, and holds the true one
            continue
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message.rstrip(".")
            return Distrusted(f"its certificate is not accepted: {why}; see sources.{source}.tls")
        if isinstance(cause, ssl.SSLError) and "ALERT" in (cause.reason or ""):
            alert = (cause.reason or "").lower().replace("_", " ")
            return Distrusted(f"it does not accept our certificate, or misses one: {alert}; see sources.{source}.tls")
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what the client wrapped, and what led to it."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        if isinstance(cause, aiohttp.ClientConnectorCertificateError):
            waiting.append(cause.certificate_error)
        elif isinstance(cause, aiohttp.ClientConnectorError):
            waiting.append(cause.os_error)
        waiting += [cause.__cause__, cause.__context__]
