"""Bearer tokens for Kafka: OAuth 2 client credentials, fetched ahead of expiry, in the words of each client."""

import asyncio
import http.client
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import aiokafka.errors
import kafka.errors
import msgspec
from aiokafka.abc import AbstractTokenProvider as AiokafkaProvider
from kafka.net.sasl.oauth import AbstractTokenProvider as KafkaPythonProvider

from runtime.errors import Transient
from runtime.retry import Backoff
from runtime.settings.secret import MissingSecret
from runtime.settings.security import OAuthSettings, TlsSettings
from runtime.tls import tls_context

log = logging.getLogger(__name__)

AHEAD = 0.2
"""A token is renewed when this share of its life is left; until it ends, the old one serves while none is to be had."""
LIFE = 300.0
"""Seconds that a token lives whose answer does not say."""
TRIES = 3
PAUSE = 5.0
"""Seconds in which an endpoint that gave none is left alone: clients that are shut out ask 30 times a second."""
MOST_BYTES = 64 << 10


class TokenRefused(Transient):
    """The token endpoint does not accept our credentials."""


class _Answer(msgspec.Struct):
    """RFC 6749, section 5.1, as far as it is needed; some servers write the seconds as a string."""

    access_token: str
    expires_in: float | None = None


@dataclass(frozen=True)
class _Token:
    text: str
    renew_at: float
    ends_at: float


class Tokens:
    """Tokens of one client of one endpoint. Thread-safe; one request at a time, and none that is not needed."""

    def __init__(
        self, settings: OAuthSettings, environment: Mapping[str, str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Asks for nothing yet; secret and authorities are read at each request, so that they may be renewed."""
        self._settings = settings
        self._environment = environment
        self._clock = clock
        self._lock = threading.Lock()
        self._backoff = Backoff(initial=0.1, maximum=1.0)
        self._token: _Token | None = None
        self._failure: Transient | None = None
        self._pause_until = 0.0

    def token(self) -> str:
        """A token that lives.

        Raises:
            TokenRefused: the endpoint does not accept us.
            Transient: it does not answer.
        """
        with self._lock:
            now = self._clock()
            if self._token is not None and now < self._token.renew_at:
                return self._token.text
            if self._failure is None or now >= self._pause_until:
                self._renew()
            if self._token is not None and self._clock() < self._token.ends_at:
                return self._token.text
            if self._failure is None:
                raise Transient("the token endpoint gives tokens that have ended already")
            raise type(self._failure)(str(self._failure))  # a new one each time: it gathers what it passes

    def _renew(self) -> None:
        """A new token, or why there is none."""
        try:
            answer = self._asked()
        except Transient as error:
            self._failure, self._pause_until = error, self._clock() + PAUSE
            if self._token is not None:
                log.warning("the old Kafka token serves to its end: %s", error)
        else:
            life = answer.expires_in if answer.expires_in is not None else LIFE
            now = self._clock()
            self._failure, self._token = None, _Token(answer.access_token, now + life * (1 - AHEAD), now + life)

    def _asked(self) -> _Answer:
        """The endpoint's answer; a refusal is final, whatever else may pass is tried again."""
        for attempt in range(1, TRIES):
            try:
                return self._ask()
            except TokenRefused:
                raise
            except Transient:
                time.sleep(self._backoff.wait(attempt))
        return self._ask()

    def _ask(self) -> _Answer:
        settings = self._settings
        form = {"grant_type": "client_credentials", "client_id": settings.client_id}
        if settings.scope is not None:
            form["scope"] = settings.scope
        try:
            form["client_secret"] = settings.client_secret.reveal(self._environment)
            status, body = self._post(urlencode(form))
        except MissingSecret as error:  # it was there at the start: somebody is exchanging it
            raise Transient(f"kafka.sasl.oauth.client_secret: {error}") from error
        except (OSError, http.client.HTTPException) as error:
            raise Transient(f"the token endpoint cannot be reached ({type(error).__name__})") from error
        if status in (400, 401, 403):
            raise TokenRefused(f"the token endpoint refuses client {settings.client_id} (HTTP {status})")
        if status != 200:  # a redirection too: the secret goes nowhere else
            raise Transient(f"the token endpoint answers with HTTP {status}")
        try:
            return msgspec.json.decode(body, type=_Answer, strict=False)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Transient("the token endpoint's answer holds no access_token") from None

    def _post(self, form: str) -> tuple[int, bytes]:
        address = urlsplit(self._settings.token_url)
        host, timeout = address.hostname or "", self._settings.timeout
        if address.scheme == "https":
            trust = tls_context("kafka.sasl.oauth", TlsSettings(ca_file=self._settings.ca_file), self._environment)
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, address.port, timeout=timeout, context=trust
            )
        else:
            connection = http.client.HTTPConnection(host, address.port, timeout=timeout)
        path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            connection.request("POST", path, form, headers)
            response = connection.getresponse()
            return response.status, response.read(MOST_BYTES)
        finally:
            connection.close()


class AiokafkaTokens(AiokafkaProvider):  # type: ignore[misc]  # aiokafka has no types
    """For aiokafka, and so for Faust."""

    def __init__(self, tokens: Tokens) -> None:
        """Where they come from."""
        self._tokens = tokens

    async def token(self) -> str:
        """A token that lives; the event loop goes on meanwhile. Without one it is as if the broker were away."""
        try:
            return await asyncio.to_thread(self._tokens.token)
        except Transient as error:
            raise aiokafka.errors.KafkaConnectionError(str(error)) from error


class KafkaPythonTokens(KafkaPythonProvider):  # type: ignore[misc]  # kafka-python has no types
    """For kafka-python; its own thread waits."""

    def __init__(self, tokens: Tokens) -> None:
        """Where they come from."""
        super().__init__()
        self._tokens = tokens

    def token(self) -> str:
        """A token that lives. Without one it is as if the broker were away."""
        try:
            return self._tokens.token()
        except Transient as error:
            raise kafka.errors.KafkaConnectionError(str(error)) from error
