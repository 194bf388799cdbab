"""One GET to the utility: limits, time-outs, credentials, and what each kind of answer means."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from aiohttp.connector import Connection
from aiolimiter import AsyncLimiter
from yarl import URL

from producer.addresses import Addresses
from producer.auth import Credentials, Unauthorised
from producer.distrust import Distrusted, distrusted
from producer.feed import Feed
from producer.gate import Gate
from producer.points import Point
from producer.response import Unreadable
from producer.windows import Window
from runtime.errors import Transient
from runtime.metrics import ProducerMetrics
from schemas import instants

_BURST = 0.1
"""Seconds of the allowed rate that may be used at once."""


class Limited(Transient):
    """429: too many requests."""


class Refused(Transient):
    """The utility will not answer this request (another 4xx, a redirect, an odd 2xx): this point fails."""


@dataclass(frozen=True, slots=True)
class Body:
    """A whole body of status 200. ``sent_at``: when its request was sent, in UTC microseconds."""

    data: bytes
    charset: str | None
    sent_at: int


@dataclass(slots=True)
class Sendings:
    """How often one request was sent."""

    count: int = 0


_sendings: ContextVar[Sendings] = ContextVar("sendings")


class CountedRequest(aiohttp.ClientRequest):
    """Counts how often it is sent: aiohttp repeats a GET by itself when a kept connection was closed.

    aiohttp's own hook for this (a TraceConfig) costs a quarter of the whole request.
    """

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """As aiohttp's."""
        if (sendings := _sendings.get(None)) is not None:
            sendings.count += 1
        return await super().send(conn)


class Client:
    """Asks one source. Opened and closed as an async context manager."""

    def __init__(
        self,
        feed: Feed,
        credentials: Credentials,
        gate: Gate,
        metrics: ProducerMetrics,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Sends nothing yet. ``tls``: for https; None: the HTTP client's own."""
        self._feed = feed
        self._limits = feed.settings.limits
        self._credentials = credentials
        self._gate = gate
        self._metrics = metrics
        self._seconds = metrics.call_seconds.labels(feed.name)
        self._waited = metrics.rate_limit_wait_seconds.labels(feed.name)
        self._addresses = Addresses(feed)
        self._slots = asyncio.Semaphore(self._limits.concurrency)
        rate = self._limits.requests_per_second
        burst = max(1.0, rate * _BURST)
        self._limiter = AsyncLimiter(burst, burst / rate)
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Client":
        """Opens the session."""
        limits = self._limits
        timeout = aiohttp.ClientTimeout(
            total=limits.total_timeout,
            connect=limits.pool_timeout,
            sock_connect=limits.connect_timeout,
            sock_read=limits.read_timeout,
        )
        self._session = aiohttp.ClientSession(
            timeout=timeout,
            connector=aiohttp.TCPConnector(limit=limits.concurrency, keepalive_timeout=60, ssl=self._tls or True),
            headers={
                "Accept": "application/json",
                "Cache-Control": "no-cache",  # an old answer from a cache would pass for the newest word
                "User-Agent": "meterstream",
            },
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=CountedRequest,
        )
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Closes the session."""
        if self._session is not None:
            await self._session.close()

    async def get(self, point: Point, window: Window, page: str | None = None) -> Body:
        """One answer, or one page of it. Counts every outcome but ok and unreadable, which its reader knows.

        Raises:
            Unauthorised: 401 or 403, also after the credentials were renewed.
            Limited, Refused, Transient: no answer that can be used; ``retry_after`` as asked, bounded.
            Unreadable: the body is larger than allowed.
        """
        async with self._slots, self._gate.passage():
            try:
                body = await self._authorised(self._addresses.of(point.metering_point, window, page))
            except Unauthorised as error:
                self._count("unauthorised")
                self._gate.refused(str(error))
                raise
            except Limited as error:
                self._count("limited")
                self._gate.limited(error.retry_after)
                raise
            except Refused:
                self._count("refused")
                self._gate.accepted()
                raise
            except Transient:
                self._count("failed")
                raise
            self._gate.accepted()
            return body

    async def _authorised(self, url: URL) -> Body:
        """Sends with credentials; where they may have expired, once more with new ones."""
        session = self._session
        if session is None:
            raise RuntimeError("the client is not open")
        headers = await self._headers(session)
        try:
            return await self._send(session, url, headers)
        except Distrusted:
            raise
        except Unauthorised:
            if not self._credentials.rejected(headers):
                raise
        return await self._send(session, url, await self._headers(session))

    async def _headers(self, session: aiohttp.ClientSession) -> Mapping[str, str]:
        try:
            return await self._credentials.headers(session)
        except Transient as error:
            raise distrusted(self._feed.name, error) or error from error

    async def _send(self, session: aiohttp.ClientSession, url: URL, headers: Mapping[str, str]) -> Body:
        asked = time.perf_counter()
        await self._limiter.acquire()
        sent_at, started = instants.now(), time.perf_counter()
        self._waited.inc(started - asked)
        sendings = Sendings()
        _sendings.set(sendings)
        try:
            async with session.get(url, headers=headers, allow_redirects=False) as response:
                self._judge(response)
                data = await self._whole(response)
                charset = response.charset
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            about_trust = distrusted(self._feed.name, error)
            raise about_trust or Transient(f"no whole answer: {type(error).__name__}") from error
        finally:
            self._count("resent", max(0, sendings.count - 1))
        self._seconds.observe(time.perf_counter() - started)
        return Body(data, charset, sent_at)

    def _judge(self, response: aiohttp.ClientResponse) -> None:
        status = response.status
        if status == 200:
            return
        wait = retry_after(response.headers, self._feed.settings.poll.retry_after_maximum)
        if status in (401, 403):
            raise Unauthorised(f"status {status}; check auth")
        if status == 429:
            raise Limited("status 429", wait)
        if status >= 500 or status in (408, 425):
            raise Transient(f"status {status}", wait)
        raise Refused(f"status {status}", wait)

    async def _whole(self, response: aiohttp.ClientResponse) -> bytes:
        limit = self._limits.max_body_bytes
        data = bytearray()
        async for chunk in response.content.iter_any():
            data += chunk
            if len(data) > limit:
                raise Unreadable(f"larger than {limit} bytes (limits.max_body_bytes)", bytes(data[:limit]))
        return bytes(data)

    def _count(self, outcome: str, number: int = 1) -> None:
        if number:
            self._metrics.calls.labels(self._feed.name, outcome).inc(number)


def retry_after(headers: Mapping[str, str], maximum: float) -> float | None:
    """Seconds that a Retry-After header asks for, at most ``maximum``; None: it asks for nothing that can be read.

    It holds a number of seconds or an HTTP date. A date is of the utility's clock, which may be wrong: what it means is
    how far it lies behind the Date header of the same answer.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), maximum)
    moment = _moment(text)
    if moment is None:
        return None
    now = _moment(headers.get("Date", "")) or datetime.now(UTC)
    return min(max(0.0, (moment - now).total_seconds()), maximum)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
