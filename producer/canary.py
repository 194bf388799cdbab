"""The canary of one source, sent into the readings topic again and again: it watches the road behind the utility."""

import asyncio
from collections.abc import Callable

from prometheus_client import Counter

from producer.log import Log
from producer.records import Records
from schemas import canary, instants


class Canary:
    """Sends until it is cancelled or asked to finish, whatever becomes of the source's polls."""

    def __init__(
        self,
        source: str,
        every: int,
        log: Log,
        records: Records,
        sent: Counter,
        now: Callable[[], int] = instants.now,
    ) -> None:
        """``every``: seconds. ``sent``: counts those that are acknowledged. To be made inside the event loop."""
        self._source = source
        self._every = every
        self._log = log
        self._records = records
        self._sent = sent
        self._now = now
        self._finishing = asyncio.Event()

    async def run(self) -> None:
        """Sends one at once, and one whenever the number rises.

        While Kafka is away one waits; the numbers that pass meanwhile are never sent, and missed by whoever receives.

        Raises:
            Fatal: Kafka refuses what we write.
        """
        sent = None
        while not self._finishing.is_set():
            now = self._now()
            number = canary.number_at(now, self._every)
            if number != sent:
                await self._send(number, now)
                sent = number
            await self._pause((canary.begin_of(number + 1, self._every) - self._now()) / instants.SECOND)

    def finish(self) -> None:
        """Sends no more."""
        self._finishing.set()

    async def _send(self, number: int, now: int) -> None:
        value = self._records.readings_codec.encode(canary.canary(self._source, number, now))
        await self._log.append(self._records.readings(canary.METERING_POINT, [value]))
        self._sent.inc()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._finishing.wait()
        except TimeoutError:
            return
