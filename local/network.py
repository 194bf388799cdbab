"""The network between the processes of a local system: a proxy on every way, in a thread of its own.

Whoever breaks something calls from any thread.
"""

import asyncio
import threading
from collections.abc import Callable, Collection, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

from local.ports import free_port
from local.process import ServiceError
from local.proxy import Route, Strikes, Trouble
from local.wire import Opaque, Wire

T = TypeVar("T")

CALL_SECONDS = 10.0


class Network:
    """Routes by name, such as ``streams-kafka-1``. As a context manager: started, and stopped at the end."""

    def __init__(self) -> None:
        """Starts nothing."""
        self._routes: dict[str, Route] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)
        self._running = threading.Event()

    def start(self) -> None:
        """Starts the thread and opens every route. Does nothing if it runs.

        Raises:
            OSError: a port was taken meanwhile.
        """
        if not self._thread.is_alive():
            self._thread.start()
            self._running.wait()
            for route in self._routes.values():
                self._call(route.open())

    def stop(self) -> None:
        """Resets every connection, and ends the thread. It cannot be started again."""
        if self._loop is None or not self._thread.is_alive():
            return
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.call_soon(self._running.set)
        self._loop.run_forever()

    def __enter__(self) -> Self:
        """Starts it."""
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stops it."""
        self.stop()

    def add(self, name: str, target: int, wire: Callable[[], Wire] = Opaque) -> int:
        """A route to a port of 127.0.0.1, where something need not listen yet; its own port.

        Open at once where the network runs, else from its start on.
        """
        self._routes[name] = route = Route(target, free_port(), wire)
        if self._thread.is_alive():
            self._call(route.open())
        return route.port

    def port(self, name: str) -> int:
        """Where a route begins."""
        return self._routes[name].port

    def names(self, beginning: str = "") -> list[str]:
        """The routes whose names begin so."""
        return [name for name in self._routes if name.startswith(beginning)]

    @contextmanager
    def troubled(self, names: Collection[str], trouble: Trouble) -> Iterator[Strikes]:
        """Has routes misbehave meanwhile; counts how often they did.

        Raises:
            ServiceError: there is no such route.
        """
        missing = set(names) - set(self._routes) or (set() if names else {"(none named)"})
        if missing:
            raise ServiceError(f"no such routes: {', '.join(sorted(missing))}; is the system started without proxies?")
        strikes = Strikes()
        routes = [self._routes[name] for name in names]
        self._call(self._begin(routes, trouble, strikes))
        try:
            yield strikes
        finally:
            self._call(self._end(routes, trouble))

    @staticmethod
    async def _begin(routes: Collection[Route], trouble: Trouble, strikes: Strikes) -> None:
        for route in routes:
            route.begin(trouble, strikes)

    @staticmethod
    async def _end(routes: Collection[Route], trouble: Trouble) -> None:
        for route in routes:
            await route.end(trouble)

    async def _close(self) -> None:
        for route in self._routes.values():
            route.close()
        carrying = asyncio.all_tasks() - {asyncio.current_task()}
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop is None or not self._thread.is_alive():
            work.close()
            raise ServiceError("the network of this system does not run")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_SECONDS)
