"""The gate of a source: closed while the utility refuses our credentials, or asks us to slow down.

401 or 403 twice in a row closes it for a while. Then one request goes through to try, and the others follow only when
that one was accepted. One refusal closes nothing: a single point may be forbidden to us, which the next one shows.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import Gauge

from runtime.errors import Transient

log = logging.getLogger(__name__)

_IN_A_ROW = 2
_LIMITED_IN_A_ROW = 3


class Gate:
    """What all requests of one source pass."""

    def __init__(self, source: str, retry: float, authorised: Gauge) -> None:
        """``retry``: seconds between tries after 401 or 403; ``authorised``: the metric."""
        self.source = source
        self._retry = retry
        self._metric = authorised.labels(source)
        self._metric.set(1)
        self._probe = asyncio.Lock()
        self._refused = 0
        self._why = ""
        self._limited = 0
        self._closed_until = 0.0
        self._abandoned = asyncio.Event()

    @property
    def authorised(self) -> bool:
        """Whether the utility accepted us when it last said."""
        return self._refused == 0

    @property
    def why(self) -> str:
        """How it refused us last, and what to look at."""
        return self._why

    @property
    def shut_out(self) -> bool:
        """Whether it refused us again and again."""
        return self._refused >= _IN_A_ROW

    @asynccontextmanager
    async def passage(self) -> AsyncIterator[None]:
        """Waits until a request may go, and for as long as one is trying whether we are accepted again.

        Raises:
            Transient: the process stops.
        """
        while True:
            await self._open()
            if self.authorised:
                yield
                return
            async with self._probe:
                if not self.authorised and self._wait() <= 0:
                    yield
                    return

    def abandon(self) -> None:
        """The process stops: whoever waits need not."""
        self._abandoned.set()

    def accepted(self) -> None:
        """The utility answered as to someone it knows."""
        if not self.authorised:
            log.info("the utility accepts our credentials again", extra={"source": self.source})
            self._metric.set(1)
        self._refused = self._limited = 0

    def refused(self, why: str) -> None:
        """It does not know us, or this is not for us, or we do not trust it."""
        self._refused += 1
        self._why = why
        self._metric.set(0)
        if self._refused == 1:
            log.error(
                "the utility refuses our credentials (%s); nothing is skipped, tried again slowly",
                why,
                extra={"source": self.source},
            )
        if self.shut_out:
            self._close(self._retry)

    def limited(self, retry_after: float | None) -> None:
        """It answered 429; several in a row mean that all requests are too many, not one."""
        self._limited += 1
        if self._limited >= _LIMITED_IN_A_ROW:
            self._close(retry_after or 1.0)

    def _close(self, seconds: float) -> None:
        self._closed_until = max(self._closed_until, asyncio.get_running_loop().time() + seconds)

    def _wait(self) -> float:
        return self._closed_until - asyncio.get_running_loop().time()

    async def _open(self) -> None:
        while (wait := self._wait()) > 0:
            try:
                async with asyncio.timeout(wait):
                    await self._abandoned.wait()
            except TimeoutError:
                continue
            raise Transient("the process stops")
