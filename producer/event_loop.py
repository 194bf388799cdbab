"""The producer's event loop, from its start to an end that comes, whatever still hangs in it."""

import asyncio
import logging
from collections.abc import Coroutine
from functools import partial

import uvloop

from runtime.backstop import backstop
from runtime.errors import ExitCode, MeterstreamError
from runtime.process import leave

log = logging.getLogger(__name__)

FAREWELL = 2.0
"""Seconds that what is left in the loop may take: aiokafka's calls wait for a Kafka that is away, cancelled or not."""


def run_to_end(work: Coroutine[object, object, None], farewell: float = FAREWELL) -> None:
    """Runs the work in a loop of its own; raises what ended it. Where the loop cannot be closed the process is left."""
    ended: BaseException | None = None
    runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    try:
        runner.run(work)
    except BaseException as error:  # noqa: BLE001  # raised below, when the loop is closed
        ended = _first(error)
    with backstop(farewell, partial(_leave, ended)):
        runner.close()
    if ended is not None:
        raise ended


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _leave(ended: BaseException | None) -> None:
    """What the process's main would do with it."""
    if ended is None:
        leave(ExitCode.DONE)
    if isinstance(ended, MeterstreamError):
        log.critical("stopped: %s", ended)
        leave(ended.exit_code)
    log.critical("stopped by a defect", exc_info=ended)
    leave(ExitCode.DEFECT)
