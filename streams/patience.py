"""Waiting that gets on, and that can be given up: for a registry, for a state that loads."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from runtime.errors import Transient
from runtime.health import Health
from runtime.retry import Backoff
from streams.pulse import Pulse

log = logging.getLogger(__name__)

R = TypeVar("R")

_PIECE = 2.0


class GivenUp(Exception):
    """The work in hand was given up before anything of it was done; it will be taken up again from the log."""


class Patience:
    """How this worker waits: marking its pulse, saying what it waits for, and ready to give up when asked.

    Asked it is by a stop, or by a rebalance that cannot wait longer.
    """

    def __init__(self, pulse: Pulse, health: Health, backoff: Backoff | None = None) -> None:
        """Patient until :meth:`end` is called."""
        self._pulse = pulse
        self._health = health
        self._backoff = backoff or Backoff(maximum=10.0)
        self._over = asyncio.Event()

    def end(self) -> None:
        """Has whatever can be given up given up."""
        self._over.set()

    def renew(self) -> None:
        """Patient again."""
        self._over.clear()

    async def turn(self) -> None:
        """Lets others run; marks a step."""
        self._pulse.stepped()
        await asyncio.sleep(0)

    def check(self) -> None:
        """Between two steps of work that may be given up.

        Raises:
            GivenUp: it was asked for.
        """
        if self._over.is_set():
            raise GivenUp

    async def retried(self, whom: str, call: Callable[[], Awaitable[R]]) -> R:
        """The result of ``call``, repeated with back-off while it raises Transient.

        Raises:
            GivenUp: it was asked for while waiting.
        """
        attempt = 0
        while True:
            try:
                result = await call()
            except Transient as error:
                attempt += 1
                wait = self._backoff.wait(attempt, error)
                log.warning("waiting for %s: %s", whom, error, extra={"attempt": attempt, "seconds": round(wait, 1)})
                self._health.waiting(f"waiting for {whom}: {error}")
                await self._sleep(wait)
            else:
                if attempt:
                    self._health.ready()
                return result

    async def _sleep(self, seconds: float) -> None:
        """Sleeps in short pieces: to wait, however long another asks for it, is no stall."""
        while seconds > 0:
            self.check()
            piece = min(seconds, _PIECE)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), piece)
            self._pulse.stepped()
            seconds -= piece
        self.check()
