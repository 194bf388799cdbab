"""A TCP proxy that can misbehave as networks do. One route goes from a port of ours to a server's.

To be used within one event loop; :mod:`local.network` gives it a thread.
"""

import asyncio
import math
import socket
import struct
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from local.wire import Opaque, Wire

HOST = "127.0.0.1"
PIECE = 1 << 16
_LINGER_NOT = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: closing is an RST, and what was not sent is gone."""


@dataclass(frozen=True, eq=False)
class Trouble:
    """One way in which a network misbehaves. Several may be in force on a route; each is told by its identity.

    Attributes:
        cut: Connections are reset at the beginning, and new ones are refused.
        silent: What is sent is swallowed and never answered, on connections that stand and on new ones; nobody is told
            that anything is wrong before it ends. Then those connections are reset.
        latency: Seconds that each piece of up to 64 KiB is late, either way.
        bandwidth: Bytes per second and connection, either way.
        reset_after: A connection is reset after so many bytes more, wherever in a message that is.
        unanswered: Names of requests (:mod:`local.wire`) that reach the server and are done there; when the answer
            comes back, the connection is reset instead.
    """

    cut: bool = False
    silent: bool = False
    latency: float = 0.0
    bandwidth: float = math.inf
    reset_after: int | None = None
    unanswered: Collection[str] = ()


@dataclass
class Strikes:
    """How often a trouble has done harm: connections reset, refused or silenced, pieces delayed or slowed."""

    count: int = 0


@dataclass(eq=False)
class Route:
    """From a port of ours to a server's. Where it is cut its port is left, so take none of those the system gives."""

    target: int
    port: int
    wire: Callable[[], Wire] = Opaque
    troubles: dict[Trouble, Strikes] = field(default_factory=dict)
    _connections: "set[_Connection]" = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listens.

        Raises:
            OSError: the port is taken.
        """
        self._server = await asyncio.start_server(self._serve, HOST, self.port)

    def close(self) -> None:
        """Listens no more, and resets what stands."""
        self._refuse()
        self._reset(self._connections)

    def begin(self, trouble: Trouble, strikes: Strikes) -> None:
        """Misbehaves from now on; what it does is counted in ``strikes``."""
        self.troubles[trouble] = strikes
        if trouble.cut:
            self._refuse()
            strikes.count += self._reset(self._connections)
        if trouble.silent:
            for connection in self._connections:
                connection.silence(trouble)

    async def end(self, trouble: Trouble) -> None:
        """Does so no more."""
        del self.troubles[trouble]
        self._reset({connection for connection in self._connections if connection.silenced_by is trouble})
        if trouble.cut and not any(other.cut for other in self.troubles):
            await self.open()

    def struck(self, trouble: Trouble) -> None:
        """Counts a strike; a trouble that has ended may still strike once, where it was under way."""
        if trouble in self.troubles:
            self.troubles[trouble].count += 1

    def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    @staticmethod
    def _reset(connections: "Collection[_Connection]") -> int:
        for connection in list(connections):
            connection.reset()
        return len(connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(self, writer)
        self._connections.add(connection)
        try:
            await connection.run(reader)
        finally:
            self._connections.discard(connection)


class _Connection:
    """One connection of a client, and ours to the server for it."""

    def __init__(self, route: Route, client: asyncio.StreamWriter) -> None:
        self.silenced_by: Trouble | None = None
        self._route = route
        self._wire = route.wire()
        self._writers = [client]
        self._pumps: list[asyncio.Task[None]] = []
        self._count = 0
        self._limits: dict[Trouble, int] = {}
        self._doomed: dict[int, Trouble] = {}

    async def run(self, reader: asyncio.StreamReader) -> None:
        """Carries bytes both ways until either side ends."""
        silent = next((trouble for trouble in self._route.troubles if trouble.silent), None)
        if silent is not None:
            self.silence(silent)
            await self._carry([self._pump(reader, self._writers[0], asking=True)])
            return
        try:
            answers, server = await asyncio.open_connection(HOST, self._route.target)
        except OSError:
            self.reset()
            return
        self._writers.append(server)
        await self._carry(
            [self._pump(reader, server, asking=True), self._pump(answers, self._writers[0], asking=False)]
        )

    def silence(self, trouble: Trouble) -> None:
        """Swallows everything from now on."""
        self._route.struck(trouble)
        self.silenced_by = trouble

    def reset(self) -> None:
        """Ends both sides with an RST."""
        for writer in self._writers:
            connection: socket.socket = writer.get_extra_info("socket")
            with suppress(OSError):  # ended already
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            writer.transport.abort()
        for pump in self._pumps:
            pump.cancel()

    async def _carry(self, pumps: Sequence[Coroutine[Any, Any, None]]) -> None:
        self._pumps = [asyncio.ensure_future(pump) for pump in pumps]
        try:
            await asyncio.wait(self._pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in self._pumps:
                pump.cancel()
            await asyncio.gather(*self._pumps, return_exceptions=True)
            for writer in self._writers:
                writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, asking: bool) -> None:
        with suppress(OSError):  # either side may break off
            while data := await reader.read(self._piece()):
                await self._delay(len(data))
                if self.silenced_by is not None:
                    continue
                limit = self._limit()
                if limit is not None and len(data) >= limit[1]:
                    await self._break(writer, data[: limit[1]], limit[0])
                    return
                if not asking and (trouble := self._loses(data)):
                    await self._break(writer, b"", trouble)
                    return
                self._count += len(data)
                writer.write(data)
                if asking:
                    self._doom(data)
                await writer.drain()
        if self.silenced_by is not None:  # that one side has gone is not told to the other
            await asyncio.Event().wait()

    def _piece(self) -> int:
        slowest = min((trouble.bandwidth for trouble in self._route.troubles), default=math.inf)
        return PIECE if math.isinf(slowest) else max(1, int(slowest / 10))

    async def _delay(self, size: int) -> None:
        seconds = 0.0
        for trouble in self._route.troubles:
            late = trouble.latency + size / trouble.bandwidth
            if late:
                self._route.struck(trouble)
            seconds += late
        if seconds:
            await asyncio.sleep(seconds)

    def _limit(self) -> tuple[Trouble, int] | None:
        """The trouble that resets this connection next, and after how many bytes."""
        for trouble in self._route.troubles:
            if trouble.reset_after is not None:
                return trouble, self._limits.setdefault(trouble, self._count + trouble.reset_after) - self._count
        return None

    def _doom(self, data: bytes) -> None:
        for request in self._wire.asked(data):
            for trouble in self._route.troubles:
                if request.name in trouble.unanswered:
                    self._doomed[request.number] = trouble

    def _loses(self, data: bytes) -> Trouble | None:
        """The trouble to which one of these answers is lost."""
        return next((self._doomed[number] for number in self._wire.answered(data) if number in self._doomed), None)

    async def _break(self, writer: asyncio.StreamWriter, last: bytes, trouble: Trouble) -> None:
        self._route.struck(trouble)
        writer.write(last)
        await writer.drain()
        self.reset()
