"""An event loop in a thread of its own, for one asyncio client inside a worker that is written without."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")

FAREWELL = 0.5
"""Seconds that what is cancelled at the end may take."""


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class LoopThread:
    """Runs coroutines, one after the other, on behalf of another thread. A daemon: it never keeps the process."""

    def __init__(self, name: str) -> None:
        """Starts the thread."""
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, T], within: float) -> T:
        """Waits for what it returns.

        Raises:
            TimeoutError: it took more than ``within`` seconds and was cancelled, or was cancelled by itself. Whether it
                has ended is not waited for: a client that waits for a broker may not hear of it.
        """
        running = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return running.result(within)
        except TimeoutError:
            running.cancel()
            raise
        except CancelledError:
            raise TimeoutError("given up") from None

    def close(self) -> None:
        """Ends the loop, and with it what still runs in it; that gets a moment to clean up, and is then left behind."""
        with suppress(TimeoutError):
            self.do(_cancel_others(), FAREWELL)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(FAREWELL)

    def _run(self) -> None:
        """Closed here, where nobody waits: uvloop's close may wait for ever for a connection that TLS is ending."""
        self._loop.run_forever()
        self._loop.close()
