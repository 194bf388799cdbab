"""How a request shows who asks: a key in a header, a bearer token, or OAuth 2 client credentials."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

import aiohttp
import msgspec

from runtime.errors import Transient
from runtime.settings.secret import MissingSecret, Secret
from runtime.settings.source import Auth, Bearer, HeaderKey, OAuth2

log = logging.getLogger(__name__)

Read = Callable[[], Sequence[tuple[Secret, str]]]
"""The secrets that can be read now, as place and text; raises MissingSecret."""
TellToken = Callable[[float, float], object]
"""Is told when a token was given, and when it expires, in seconds since 1970."""

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


class Anyone:
    """Nobody asks who we are."""

    async def headers(self, session: aiohttp.ClientSession) -> Mapping[str, str]:
        """None."""
        return {}

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """There are no others."""
        return False


class Keys:
    """A key in a header. It is read again when it is refused: it may have been changed, and there may be two."""

    def __init__(self, read: Read, form: Callable[[str], Mapping[str, str]]) -> None:
        """Reads the first. ``form``: the headers that carry a key."""
        self._read = read
        self._form = form
        self._take(*read()[0])

    def _take(self, place: Secret, text: str) -> None:
        self._place, self._text, self._headers = place, text, self._form(text)

    async def headers(self, session: aiohttp.ClientSession) -> Mapping[str, str]:
        """No request is needed."""
        return self._headers

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """Takes another key, where one can be read; if another request has done so already, that one."""
        if headers is not self._headers:
            return True
        try:
            others = [(place, text) for place, text in self._read() if text != self._text]
        except MissingSecret as error:
            log.warning("the utility refuses the credentials of %s, and no others are there: %s", self._place, error)
            return False
        if others:
            log.warning("the utility refuses the credentials of %s; those of %s are tried", self._place, others[0][0])
            self._take(*others[0])
        return bool(others)


class _Token(msgspec.Struct):
    """RFC 6749, section 5.1, as far as it is needed; some servers write the seconds as a string."""

    access_token: str
    expires_in: float | None = None


_decoder = msgspec.json.Decoder(_Token, strict=False)


class ClientCredentials:
    """OAuth 2: a token, renewed before it expires and after it was refused; one request for it at a time."""

    def __init__(
        self,
        settings: OAuth2,
        read: Read,
        tell: TellToken = lambda obtained, expires: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Asks for nothing yet. ``read``: the client secrets, at each token; the next one where one is refused."""
        self._settings = settings
        self._read = read
        self._tell = tell
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
                self._tell(time.time(), time.time() + life)
                self._headers = {"Authorization": f"Bearer {token.access_token}"}
            return self._headers

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """Forgets the token, unless a newer one has taken its place already."""
        if self._headers is headers:
            self._headers = None
        return True

    async def _ask(self, session: aiohttp.ClientSession) -> _Token:
        try:
            readable = self._read()
        except MissingSecret as error:
            raise Transient(f"no client secret can be read: {error}") from None
        refused: Unauthorised | None = None
        for place, text in readable:
            try:
                return await self._ask_with(session, text)
            except Unauthorised as error:
                log.warning("the token endpoint refuses the credentials of %s", place)
                refused = refused or error
        raise refused or Unauthorised("there is no client secret")

    async def _ask_with(self, session: aiohttp.ClientSession, secret: str) -> _Token:
        form = {"grant_type": "client_credentials", "client_id": self._settings.client_id}
        form["client_secret"] = secret
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


def credentials(
    auth: Auth, environment: Mapping[str, str], tell: TellToken = lambda obtained, expires: None
) -> Credentials:
    """The credentials that the settings describe; their secrets are read here, and again when they are refused.

    ``tell``: is told of each token.
    """
    match auth:
        case HeaderKey():
            return Keys(partial(auth.key.readable, environment), lambda key: {auth.header: key})
        case Bearer():
            return Keys(partial(auth.token.readable, environment), lambda key: {"Authorization": f"Bearer {key}"})
        case OAuth2():
            return ClientCredentials(auth, partial(auth.client_secret.readable, environment), tell)
        case _:
            return Anyone()
