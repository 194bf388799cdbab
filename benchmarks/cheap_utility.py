"""A utility that costs next to nothing: prepared answers, whatever dates are asked for. A process of its own.

    with CheapUtility("day") as utility:
        ...  # utility.url, utility.pid

It reads no more of a request than the name of the point in its path, and keeps connections alive.
"""

import asyncio
import subprocess
import sys
from typing import Self, cast

import uvloop

from benchmarks.answers import answer
from local.ports import free_port
from schemas.events import Granularity

NAME = b"#" * 18
"""As long as every name."""
END = b"\r\n\r\n"


class CheapUtility:
    """Listens for as long as the context lasts."""

    def __init__(self, granularity: Granularity) -> None:
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._command = [sys.executable, "-m", "benchmarks.cheap_utility", str(self._port), granularity]

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._child.pid

    def __enter__(self) -> Self:
        self._child = subprocess.Popen(self._command, stdout=subprocess.PIPE)
        if self._child.stdout is None or not self._child.stdout.readline():
            raise RuntimeError("the cheap utility does not listen")
        return self

    def __exit__(self, *_: object) -> None:
        self._child.terminate()
        self._child.wait(10)


class _Connection(asyncio.Protocol):
    def __init__(self, before: bytes, after: bytes) -> None:
        self._before, self._after = before, after
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        *requests, self._unread = (self._unread + data).split(END)
        for request in requests:
            name = request.split(b"/", 5)[4]
            self._transport.writelines((self._before, name, self._after))


async def _serve(port: int, granularity: Granularity) -> None:
    body = answer(NAME.decode(), granularity)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(body)
    before, after = (head + body).split(NAME)
    await asyncio.get_running_loop().create_server(lambda: _Connection(before, after), "127.0.0.1", port)
    print("listening", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    port, granularity = sys.argv[1:]
    uvloop.run(_serve(int(port), "day" if granularity == "day" else "hour"))
