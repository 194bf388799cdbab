"""How a request shows who asks: a key in a header, a bearer token, or OAuth 2 client credentials."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import aiohttp
import msgspec

from runtime.errors import Transient
from runtime.settings.source import Auth, Bearer, HeaderKey, OAuth2

EARLY = 0.1
"""A token is renewed when this share of its life is left."""
_LIFE = 300.0
"""Seconds that a token lives whose answer does not say."""
_TOKEN_BYTES = 64 << 10
_FIELD_VALUE = re.compile(r"[!-~]+")
"""Of an HTTP header, as far as tokens need it: a line break in it would write headers of its own."""


class Unauthorised(Transient):
    """The utility (or its token endpoint) does not accept our credentials: 401 or 403."""


class Credentials(Protocol):
    """What the client asks for headers."""

    async def headers(self, session: aiohttp.ClientSession) -> Mapping[str, str]:
        """The headers to send.

        Raises:
            Unauthorised: the token endpoint refuses us.
            Transient: it cannot be reached.
        """

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """The utility answered 401 to these headers; returns whether others are worth one try."""


class Fixed:
    """The same headers always."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        """Takes them."""
        self._headers = dict(headers)

    async def headers(self, session: aiohttp.ClientSession) -> Mapping[str, str]:
        """No request is needed."""
        return self._headers

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """There are no others."""
        return False


class _Token(msgspec.Struct):
    """RFC 6749, section 5.1, as far as it is needed; some servers write the seconds as a string."""

    access_token: str
    expires_in: float | None = None


_decoder = msgspec.json.Decoder(_Token, strict=False)


class ClientCredentials:
    """OAuth 2: a token, renewed before it expires and after it was refused; one request for it at a time."""

    def __init__(self, settings: OAuth2, secret: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Asks for nothing yet."""
        self._settings = settings
        self._secret = secret
        self._clock = clock
        self._lock = asyncio.Lock()
        self._headers: Mapping[str, str] | None = None
        self._renew_at = 0.0

    async def headers(self, session: aiohttp.ClientSession) -> Mapping[str, str]:
        """The token's header; asks for a token where there is none that lives long enough."""
        async with self._lock:
            if self._headers is None or self._clock() >= self._renew_at:
                token = await self._ask(session)
                life = token.expires_in if token.expires_in is not None else _LIFE
                self._renew_at = self._clock() + life * (1 - EARLY)
                self._headers = {"Authorization": f"Bearer {token.access_token}"}
            return self._headers

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """Forgets the token, unless a newer one has taken its place already."""
        if self._headers is headers:
            self._headers = None
        return True

    async def _ask(self, session: aiohttp.ClientSession) -> _Token:
        form = {"grant_type": "client_credentials", "client_id": self._settings.client_id}
        form["client_secret"] = self._secret
        if self._settings.scope is not None:
            form["scope"] = self._settings.scope
        try:
            async with session.post(self._settings.token_url, data=form, allow_redirects=False) as response:
                if response.status in (400, 401, 403):
                    raise Unauthorised(f"the token endpoint answered {response.status}; check auth")
                if response.status != 200:
                    raise Transient(f"the token endpoint answered {response.status}")
                body = await _start(response.content)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Transient(f"the token endpoint cannot be reached: {type(error).__name__}") from error
        try:
            token = _decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Transient("the token endpoint's answer holds no access_token") from None
        if not _FIELD_VALUE.fullmatch(token.access_token):
            raise Transient("the token endpoint's access_token is none that a header can carry")
        return token


async def _start(content: aiohttp.StreamReader) -> bytes:
    """A body, or as much of it as the longest token needs, in however many pieces it comes."""
    body = bytearray()
    while len(body) < _TOKEN_BYTES and (piece := await content.read(_TOKEN_BYTES - len(body))):
        body += piece
    return bytes(body)


def credentials(auth: Auth, environment: Mapping[str, str]) -> Credentials:
    """The credentials that the settings describe; their secrets are read here."""
    match auth:
        case HeaderKey():
            return Fixed({auth.header: auth.key.reveal(environment)})
        case Bearer():
            return Fixed({"Authorization": f"Bearer {auth.token.reveal(environment)}"})
        case OAuth2():
            return ClientCredentials(auth, auth.client_secret.reveal(environment))
        case _:
            return Fixed({})
