"""How a body leaves: whole, slowly, cut in the middle, or not at all."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate

from aiohttp import web

from local.utility.bodies import Body


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds: what Retry-After asks for (whole ones), and how long a slow body takes."""

    retry_after: int = 1
    slow: float = 2.0


class Delivery:
    """Writes answers to the socket. `faults`: those that deliver nothing, by name.

    `note` is called right before the last bytes go. Not after them: a process killed in between would have said
    what it never noted. So what is noted but was not said is asked for again, because that answer broke.
    A connection that is known to be broken raises ConnectionError, and nothing is noted.
    """

    def __init__(self, delays: Delays) -> None:
        self._delays = delays
        self._turns = itertools.count()
        self.clock_ahead: Callable[[], float] = lambda: 0.0
        self.faults: dict[str, Callable[[web.Request, Body], Awaitable[web.StreamResponse]]] = {
            "too_many": self._too_many,
            "error_500": self._error_500,
            "error_503": self._error_503,
            "cut": self._cut,
            "silent": self._silent,
        }

    async def whole(self, request: web.Request, body: Body, note: Callable[[], None]) -> web.StreamResponse:
        """Hand the whole body to the socket at once."""
        response = web.Response(body=body.data, headers={"Content-Type": body.content_type})
        await response.prepare(request)
        _note_if_connected(request, note)
        await response.write_eof()
        return response

    async def slow(self, request: web.Request, body: Body, note: Callable[[], None]) -> web.StreamResponse:
        """Hand over the body in ten pieces with pauses."""
        response = await self._begin(request, body)
        step = max(1, -(-len(body.data) // 10))
        for start in range(0, len(body.data), step):
            await asyncio.sleep(self._delays.slow / 10)
            if start + step >= len(body.data):
                _note_if_connected(request, note)
            await response.write(body.data[start : start + step])
        await response.write_eof()
        return response

    async def _cut(self, request: web.Request, body: Body) -> web.StreamResponse:
        """Promise the whole length, send half, and break the connection."""
        response = await self._begin(request, body)
        await response.write(body.data[: len(body.data) // 2])
        if request.transport is not None:
            request.transport.abort()
        return response

    async def _silent(self, request: web.Request, _body: Body) -> web.StreamResponse:
        """Say nothing until the client has gone."""
        while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.1)
        raise ConnectionResetError("the client has gone")

    def date(self, ahead: float = 0.0) -> str:
        """So many seconds from now, as an HTTP date of the utility's own clock."""
        return formatdate(time.time() + self.clock_ahead() + ahead, usegmt=True)

    async def _begin(self, request: web.Request, body: Body) -> web.StreamResponse:
        headers = {"Content-Type": body.content_type, "Content-Length": str(len(body.data))}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        return response

    async def _too_many(self, _request: web.Request, _body: Body) -> web.StreamResponse:
        """Retry-After in seconds and as a date, by turns."""
        seconds = self._delays.retry_after
        by_date = next(self._turns) % 2 == 1
        value = self.date(seconds + 1) if by_date else str(seconds)
        return web.json_response({"Message": "too many requests"}, status=429, headers={"Retry-After": value})

    async def _error_500(self, _request: web.Request, _body: Body) -> web.StreamResponse:
        return web.Response(status=500, text="Internal Server Error")

    async def _error_503(self, _request: web.Request, _body: Body) -> web.StreamResponse:
        return web.Response(status=503, text="<html><body>Service Unavailable</body></html>", content_type="text/html")


def _note_if_connected(request: web.Request, note: Callable[[], None]) -> None:
    if request.transport is None or request.transport.is_closing():
        raise ConnectionResetError("the client has gone")
    note()
