"""A loop in a thread: what it is asked for comes back, or is given up in time."""

import asyncio
from collections.abc import Iterator

import pytest

from sinks.loop_thread import LoopThread


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    loop = LoopThread("test")
    yield loop
    loop.close()


async def two() -> int:
    await asyncio.sleep(0)
    return 2


async def broken() -> None:
    raise LookupError("broken")


async def cancelled() -> None:
    raise asyncio.CancelledError


async def deaf() -> None:
    """Takes no notice of being cancelled, as some of aiokafka's calls do while a broker is away."""
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            continue


def test_it_gives_what_is_returned_or_raised(loop: LoopThread) -> None:
    assert loop.do(two(), within=60) == 2
    with pytest.raises(LookupError, match="broken"):
        loop.do(broken(), within=60)


def test_what_cancels_itself_has_been_given_up(loop: LoopThread) -> None:
    with pytest.raises(TimeoutError):
        loop.do(cancelled(), within=60)


def test_what_takes_long_is_given_up_also_where_it_does_not_listen(loop: LoopThread) -> None:
    with pytest.raises(TimeoutError):
        loop.do(deaf(), within=0.05)
    assert loop.do(two(), within=60) == 2
