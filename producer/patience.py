"""Calling again, with back-off, until what is needed is there."""

import asyncio
import itertools
import logging
from collections.abc import Callable, Coroutine
from typing import TypeVar

from runtime.errors import ExitCode, Transient
from runtime.health import Health
from runtime.process import leave
from runtime.retry import Backoff

log = logging.getLogger(__name__)

T = TypeVar("T")


async def patiently(call: Callable[[], Coroutine[object, object, T]], stopping: asyncio.Event, health: Health) -> T:
    """Calls until it succeeds; nothing is in hand meanwhile, so that a stop ends the process at once."""
    backoff = Backoff(maximum=3.0)
    stopped = asyncio.create_task(stopping.wait())
    for attempt in itertools.count(1):
        calling = asyncio.create_task(call())
        await asyncio.wait((calling, stopped), return_when=asyncio.FIRST_COMPLETED)
        if stopped.done():
            leave(ExitCode.DONE)  # a thread of the call may still wait for Kafka
        try:
            return calling.result()
        except Transient as error:
            health.waiting(str(error))
            log.warning("waiting: %s", error)
            await asyncio.wait((stopped,), timeout=backoff.wait(attempt, error))
    raise AssertionError("never reached")
