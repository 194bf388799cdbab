"""A connection to SQL Server that never waits for ever: neither for a machine that is gone, nor for one that is silent.

python-tds has the pieces, and they are put together here: its own ``connect`` verifies no address, trusts no authority
of the system, tries again where there is no hope, and waits without limit at a commit. So it is pinned to one version.
"""

import ipaddress
import os
import socket
from collections.abc import Callable
from contextlib import suppress

import pytds
from cryptography import x509
from OpenSSL import SSL, crypto
from pytds.connection import NonMarsConnection
from pytds.row_strategies import tuple_row_strategy
from pytds.tds_base import TDS_ODBC_ON, PreLoginEnc, Route, _TdsLogin
from pytds.tds_socket import _TdsSocket

from sinks.sqlserver.dsn import Server

Errors = (pytds.Error, SSL.Error, OSError)
"""Whatever goes wrong between us and the server."""
CONNECT_WITHIN = 10.0
"""Seconds at most to connect, and for each answer while logging in."""
GRACE = 2.0
"""Seconds beyond a statement's time-out after which no answer is expected."""
PACKET = 16_000
"""Bytes of a packet, large for bulk loads; SQL Server takes 16,383 at most where they are encrypted."""
_LIVENESS = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000),
)


def connect(server: Server, application: str, timeout: float) -> NonMarsConnection:
    """A connection on which transactions are begun and ended by statements alone.

    Args:
        server: where, and as whom.
        application: what the server's administrator sees.
        timeout: seconds that the server may take for a statement; it is silent for no longer.

    Raises:
        Errors: the server cannot be reached, is not the right one, or refuses.
    """
    wire = socket.create_connection((server.host, server.port), CONNECT_WITHIN)
    try:
        for option in _LIVENESS:
            wire.setsockopt(*option)
        tds = _TdsSocket(sock=wire, login=_login(server, application), row_strategy=tuple_row_strategy, autocommit=True)
        _require_here(tds.login())
        wire.settimeout(timeout + GRACE)
    except BaseException:
        wire.close()
        raise
    return NonMarsConnection(pooling=False, key=None, tds_socket=tds)


def _require_here(route: Route | None) -> None:
    if route is not None:
        raise pytds.InterfaceError(f"it sends us on to {route['server']}, port {route['port']}: give that address")


def close(connection: NonMarsConnection) -> None:
    """Drops it; the server rolls back what was not committed."""
    with suppress(*Errors):  # of a connection that is gone already: saying goodbye is a courtesy
        connection.close()


def _login(server: Server, application: str) -> _TdsLogin:
    login = _TdsLogin()
    login.client_host_name = socket.gethostname()[:128]
    login.library = "python-tds"
    login.server_name = server.host
    login.database = server.database
    login.user_name, login.password = server.user, server.password
    login.app_name = application
    login.pid = os.getpid()
    login.client_lcid = pytds.lcid.LANGID_ENGLISH_US  # messages of which we know the form
    login.option_flag2 = TDS_ODBC_ON
    login.blocksize = PACKET
    login.bytes_to_unicode = True
    login.enc_flag = PreLoginEnc.ENCRYPT_NOT_SUP if server.encrypt == "no" else PreLoginEnc.ENCRYPT_ON
    login.validate_host = False  # the context does it
    login.tls_ctx = None if server.encrypt == "no" else tls_context(server)
    return login


def tls_context(server: Server) -> SSL.Context:
    """TLS 1.2, as TDS 7.4 wraps its handshake in packets of its own."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    if server.encrypt == "trust":
        context.set_verify(SSL.VERIFY_NONE)
        return context
    if server.cafile is None:
        context.set_default_verify_paths()
    else:
        context.load_verify_locations(str(server.cafile))
    context.set_verify(SSL.VERIFY_PEER, _of_host(server.host))
    return context


def _of_host(host: str) -> Callable[[SSL.Connection, crypto.X509, int, int, int], bool]:
    """What OpenSSL asks of each certificate that it was shown, the server's own at depth 0."""

    def verify(_: SSL.Connection, certificate: crypto.X509, __: int, depth: int, trusted: int) -> bool:
        if trusted and depth == 0 and not certifies(certificate.to_cryptography(), host):
            raise pytds.InterfaceError(f"its certificate is not one of {host}")
        return bool(trusted)

    return verify


def certifies(certificate: x509.Certificate, host: str) -> bool:
    """Whether a certificate is one of a host: by name (``*.`` for one label) or address, among its subject's others."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    try:
        return ipaddress.ip_address(host) in names.get_values_for_type(x509.IPAddress)
    except ValueError:
        wanted = host.lower()
    _, _, parent = wanted.partition(".")
    known = {name.lower() for name in names.get_values_for_type(x509.DNSName)}
    return wanted in known or (bool(parent) and f"*.{parent}" in known)
