"""Why Kafka cannot be reached: one connection, from the socket to the login, that fails in plain words.

The clients retry by themselves, and of what they met they tell only that time is over. So this comes first: what it
raises is one line – what, where, what to do – without a secret. A cluster that refuses us, or that we must not trust,
is asked again slowly: a person has to mend that, and a flood of failed logins can lock an account.
"""

import socket
import ssl
import struct
from dataclasses import dataclass

from kafka.net.sasl import get_sasl_mechanism

from runtime.errors import Fatal, Transient
from runtime.kafka import encryption, kafka_python_options, servers, tokens
from runtime.oauth import TokenRefused
from runtime.settings.system import KafkaSettings

PATIENCE = 5.0
"""Seconds that one answer may take at most."""

_API_VERSIONS, _HANDSHAKE, _AUTHENTICATE, _METADATA = (18, 0), (17, 1), (36, 1), (3, 1)
"""Requests with the versions that are used of them; every broker since Kafka 2.1 has these."""
_UNSUPPORTED_MECHANISM = 33
_MOST_BYTES = 16 << 20
_TLS_RECORDS = (0x15, 0x16)
"""First bytes by which a server shows that it speaks TLS: an alert, a handshake."""

_RENEW = "renew the broker's certificate"
_TRUST = "set kafka.tls.ca_file to the authority that signed it"
_NAME = "ask for a name that it holds in kafka.bootstrap_servers, or have it issued for this one"
_ADVICE = {9: _RENEW, 10: _RENEW, 62: _NAME, 63: _NAME, 64: _NAME}
"""By OpenSSL's verification codes; else the authority is not the right one."""


class Distrusted(Transient):
    """The cluster does not accept who we are, or we must not trust it: a person has to mend it."""


class _Refused(Exception):
    """A person has to mend it."""


class _Silent(Exception):
    """It may pass by itself."""


def reach(settings: KafkaSettings) -> None:
    """Connects to one of the servers, logs in, is answered, and leaves.

    Raises:
        Distrusted: none of them lets us in, or may be trusted; ``retry_after`` is ``kafka.unauthorised_retry``.
        Transient: none of them can be reached.
        ConfigError: a certificate or a key is not (or no longer) as it must be.
    """
    trust = encryption(settings)
    failures: list[Transient] = []
    for server in servers(settings):
        try:
            _greet(server, settings, trust)
        except _Refused as error:
            failures.append(Distrusted(f"Kafka at {server} {error}", settings.unauthorised_retry))
        except TokenRefused as error:
            failures.append(Distrusted(f"no token for Kafka: {error}", settings.unauthorised_retry))
        except Transient as error:
            failures.append(Transient(f"no token for Kafka: {error}"))
        except _Silent as error:
            failures.append(Transient(f"Kafka at {server} does not answer ({error})"))
        else:
            return
    raise max(failures, key=lambda failure: failure.retry_after or 0.0)


def _greet(server: str, settings: KafkaSettings, trust: ssl.SSLContext | None) -> None:
    host, _, port = server.rpartition(":")
    host = host.strip("[]")
    try:
        with socket.create_connection((host, int(port)), min(PATIENCE, settings.request_timeout)) as plain:
            if trust is None:
                _talk(plain, settings)
            else:
                with trust.wrap_socket(plain, server_hostname=host) as guarded:
                    _talk(guarded, settings)
    except ssl.SSLCertVerificationError as error:
        advice = _ADVICE.get(error.verify_code, _TRUST)
        raise _Refused(f"shows a certificate that is not trusted ({error.verify_message}): {advice}") from error
    except ssl.SSLError as error:
        raise _of_tls(error) from error
    except OSError as error:
        raise _Silent(type(error).__name__) from error


def _of_tls(error: ssl.SSLError) -> Exception:
    reason = str(error.reason or type(error).__name__).lower().replace("_", " ")
    if "alert" in reason:
        return _Refused(f"refuses us in TLS ({reason}): does it want kafka.tls.certificate_file, or another one?")
    if "eof" in reason or "version number" in reason:
        return _Silent(f"{reason}; does this port speak TLS, as kafka.security_protocol says?")
    return _Silent(reason)


def _talk(connection: socket.socket, settings: KafkaSettings) -> None:
    asking = _Asking(connection)
    asking.ask(_API_VERSIONS, b"")
    if settings.authenticated:
        _log_in(asking, settings)
    asking.ask(_METADATA, struct.pack(">i", 0))  # of no topic: is it the answer of a broker that lets us in?


def _log_in(asking: "_Asking", settings: KafkaSettings) -> None:
    name = settings.sasl.mechanism or ""
    answer = _Answer(asking.ask(_HANDSHAKE, _text(name)))
    code = answer.short()
    if code:
        offered = ", ".join(answer.texts())
        raise (
            _Refused(f"offers SASL {offered or 'nothing'}, not {name}: set kafka.sasl.mechanism")
            if (code == _UNSUPPORTED_MECHANISM)
            else _Refused(f"wants no SASL (error {code}): set kafka.security_protocol")
        )
    if settings.sasl.oauth is not None:
        tokens(settings.sasl.oauth).token()  # of one that is not to be had the clients' provider does not say why
    login = get_sasl_mechanism(name)(host="", **kafka_python_options(settings))
    who = "our token" if settings.sasl.oauth else f"user {settings.sasl.username}"
    mend = "kafka.sasl.oauth" if settings.sasl.oauth else "kafka.sasl.username and password"
    while not login.is_done():
        proof = login.auth_bytes()
        answer = _Answer(asking.ask(_AUTHENTICATE, struct.pack(">i", len(proof)) + proof))
        if answer.short():
            raise _Refused(f"refuses {who} ({name}): check {mend}")
        answer.text()
        try:
            login.receive(answer.data())
        except (ValueError, KeyError) as error:  # of SCRAM: the server's proof
            raise _Refused(f"does not prove that it knows {who} ({name}): is it the right cluster?") from error


@dataclass(frozen=True)
class _Asking:
    """Requests and answers over a connection, one at a time."""

    connection: socket.socket

    def ask(self, what: tuple[int, int], body: bytes) -> bytes:
        """The answer's body."""
        head = struct.pack(">hhih", *what, 1, -1)  # correlation id, no client id
        self.connection.sendall(struct.pack(">i", len(head) + len(body)) + head + body)
        size = self._read(4)
        (length,) = struct.unpack(">i", size)
        if size[0] in _TLS_RECORDS and not isinstance(self.connection, ssl.SSLSocket):
            raise _Refused("speaks TLS: set kafka.security_protocol to SSL or SASL_SSL")
        if not 4 <= length <= _MOST_BYTES:
            raise _Silent("what answers is no Kafka")
        return self._read(length)[4:]

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.connection.recv(count - len(data))
            if not piece:
                raise _Silent("it closes the connection; is it what kafka.security_protocol says?")
            data += piece
        return data


@dataclass
class _Answer:
    """An answer's fields, one after another."""

    body: bytes

    def short(self) -> int:
        """A 16-bit number."""
        (number,) = struct.unpack(">h", self._take(2))
        return int(number)

    def text(self) -> str:
        """A text; empty where there is none."""
        return self._take(max(0, self.short())).decode(errors="replace")

    def texts(self) -> list[str]:
        """A list of texts."""
        (count,) = struct.unpack(">i", self._take(4))
        return [self.text() for _ in range(count)]

    def data(self) -> bytes:
        """Bytes."""
        (length,) = struct.unpack(">i", self._take(4))
        return self._take(max(0, length))

    def _take(self, count: int) -> bytes:
        if count > len(self.body):
            raise _Silent("what answers is no Kafka")
        taken, self.body = self.body[:count], self.body[count:]
        return taken


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def explain(settings: KafkaSettings) -> None:
    """For a process that was at work, when Kafka fails it: says why, where that can be found out.

    Raises:
        Fatal: the cluster does not let us in any more. The process ends: its clients would try again and again with
            what they were given at the start, while a new process reads its secrets anew, and asks slowly.
        Transient: the cluster cannot be reached.
    """
    try:
        reach(settings)
    except Distrusted as error:
        raise Fatal(str(error)) from error
