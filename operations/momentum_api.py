"""Momentum's external API, as far as reading back needs it: the monthly figures of an item key, read and never written.

Access by OAuth 2 client credentials. An answer is a page: ``{"Data": […], "Total": n, "Take": n, "Skip": n}``. The
names are settings, since none of this is published.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
from aiolimiter import AsyncLimiter
from yarl import URL

from producer.auth import Unauthorised, credentials
from producer.client import retry_after
from runtime.errors import ConfigError, Transient
from runtime.retry import Backoff
from runtime.settings.momentum_api import MomentumApiSettings
from runtime.settings.security import TlsSettings
from runtime.settings.source import OAuth2
from runtime.tls import tls_context
from schemas import exact

WAIT_AT_MOST = 300.0
"""Seconds that a Retry-After may ask for."""
_BURST = 0.1
_NULL = b"null"


@dataclass(frozen=True, slots=True)
class Figure:
    """What was used in a period. ``stop``: excluded; ``consumption``: units of 10^-12 of the unit, None: missing."""

    start: date
    stop: date
    consumption: int | None
    unit: str


@dataclass(frozen=True, slots=True)
class _Page:
    figures: list[Figure]
    total: int


class MomentumApi:
    """Asks for figures, several at a time. Opened and closed as an async context manager."""

    def __init__(self, settings: MomentumApiSettings, where: str, environment: Mapping[str, str]) -> None:
        """Asks for nothing yet.

        Args:
            settings: of the API.
            where: the path of the settings, for messages.
            environment: where secrets stand.

        Raises:
            ConfigError: a certificate is not as it must be.
            MissingSecret: the secret is not where it should be.
        """
        self._settings = settings
        self._where = where
        self._tls = tls_context(where, TlsSettings(ca_file=settings.ca_file), environment)
        login = {name: getattr(settings, name) for name in ("token_url", "client_id", "client_secret", "scope")}
        settings.client_secret.readable(environment)
        self._credentials = credentials(OAuth2(type="oauth2", **login), environment)
        burst = max(1.0, settings.requests_per_second * _BURST)
        self._limiter = AsyncLimiter(burst, burst / settings.requests_per_second)
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._backoff = Backoff(initial=0.2, maximum=30.0)
        self._open = AsyncExitStack()
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        """Opens the session."""
        self._session = await self._open.enter_async_context(
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._settings.timeout),
                connector=aiohttp.TCPConnector(limit=self._settings.concurrency, ssl=self._tls),
                headers={"Accept": "application/json", "Cache-Control": "no-cache", "User-Agent": "meterstream"},
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it."""
        await self._open.aclose()

    async def figures(self, key: str, begin: date, end: date) -> list[Figure] | None:
        """Every figure of an item key from a day on, ``end`` excluded; None: the key is unknown there.

        Raises:
            Unauthorised: it does not accept our credentials.
            Transient: it does not answer, however often it is asked.
            ConfigError: its answers are not what the settings say.
        """
        settings = self._settings
        path = settings.path.format(key=quote(key, safe=""), periodStart=begin, periodEnd=end)
        found: list[Figure] = []
        while True:
            page = {settings.names.take: settings.take, settings.names.skip: len(found)}
            body = await self._asked(URL(f"{settings.url.rstrip('/')}{path}?{urlencode(page)}", encoded=True))
            if body is None:
                return None
            answer = self._page(body)
            found += answer.figures
            if len(found) >= answer.total:
                return found
            if not answer.figures:
                raise Transient(f"{self._where}: an answer of {answer.total} figures ends after {len(found)}")

    async def _asked(self, url: URL) -> bytes | None:
        """A body; None: 404. What may pass is asked again."""
        attempts = self._settings.attempts
        async with self._slots:
            for attempt in range(1, attempts):
                try:
                    return await self._authorised(url)
                except Unauthorised:
                    raise
                except Transient as error:
                    await asyncio.sleep(self._backoff.wait(attempt, error))
            return await self._authorised(url)

    async def _authorised(self, url: URL) -> bytes | None:
        """With the token that we have; where it is refused, once more with a new one."""
        headers = await self._credentials.headers(self._session)
        try:
            return await self._send(url, headers)
        except Unauthorised:
            self._credentials.rejected(headers)
        return await self._send(url, await self._credentials.headers(self._session))

    async def _send(self, url: URL, headers: Mapping[str, str]) -> bytes | None:
        await self._limiter.acquire()
        try:
            async with self._session.get(url, headers=headers, allow_redirects=False) as response:
                return await response.read() if self._is_there(response) else None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Transient(f"{self._where}: no whole answer ({type(error).__name__})") from error

    def _is_there(self, response: aiohttp.ClientResponse) -> bool:
        status = response.status
        if status in (200, 404):
            return status == 200
        if status in (401, 403):
            raise Unauthorised(f"{self._where}: HTTP {status}; check client_id, client_secret and scope")
        if status >= 500 or status in (408, 425, 429):
            raise Transient(f"{self._where}: HTTP {status}", retry_after(response.headers, WAIT_AT_MOST))
        raise ConfigError([f"{self._where}: HTTP {status}; check url and path"])

    def _page(self, body: bytes) -> _Page:
        names = self._settings.names
        try:
            wrapper = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
            data = msgspec.json.decode(wrapper[names.data], type=list[dict[str, msgspec.Raw]])
            total = msgspec.json.decode(wrapper[names.total], type=int)
            return _Page([self._figure(entry) for entry in data], total)
        except (msgspec.DecodeError, UnicodeDecodeError, LookupError, ValueError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else f"{type(error).__name__}: {error}"
            raise ConfigError([f"{self._where}: an answer is not as names say ({what}); compare them"]) from None

    def _figure(self, entry: Mapping[str, msgspec.Raw]) -> Figure:
        names = self._settings.names
        amount, unit = bytes(entry[names.consumption]), entry.get(names.unit)
        text = str(_plain(amount)) if amount.startswith(b'"') else amount.decode()
        return Figure(
            start=_day(entry[names.start]),
            stop=_day(entry[names.stop]),
            consumption=None if amount == _NULL else exact.parse(text),
            unit=self._settings.unit if unit is None or bytes(unit) == _NULL else str(_plain(unit)),
        )


def _plain(raw: Any) -> str:
    return msgspec.json.decode(raw, type=str)


def _day(raw: Any) -> date:
    """The date of a day, or of a moment in the installation's own time."""
    return date.fromisoformat(_plain(raw)[:10])
