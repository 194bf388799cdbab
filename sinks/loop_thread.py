"""An event loop in a thread of its own, for one asyncio client inside a worker that is written without."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")


class LoopThread:
    """Runs coroutines, one after the other, on behalf of another thread. A daemon: it never keeps the process."""

    def __init__(self, name: str) -> None:
        """Starts the thread."""
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, T], within: float) -> T:
        """Waits for what it returns.

        Raises:
            TimeoutError: it took more than ``within`` seconds, and was cancelled.
        """
        running = asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, within), self._loop)
        return running.result()

    def close(self) -> None:
        """Ends the loop, and with it what still runs in it."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
