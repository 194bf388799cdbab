"""The least that asking a utility can be in Python: aiohttp in a loop, every body read and thrown away.

A process of its own; prints what :func:`benchmarks.child.pace` reads:

    python -m benchmarks.raw_client URL CONCURRENCY CALLS POINTS
"""

import asyncio
import sys
from collections.abc import Iterator

import aiohttp
import uvloop
from yarl import URL

from benchmarks.child import tell
from benchmarks.events import points


async def _ask(session: aiohttp.ClientSession, addresses: Iterator[URL]) -> None:
    for address in addresses:
        async with session.get(address) as response:
            await response.read()


async def _run(url: str, concurrency: int, calls: int, count: int) -> None:
    names = points(count)
    addresses = (
        URL(f"{url}/v1/hours/points/{names[number % count]}/consumption?from=2026-01-01&to=2026-01-16", encoded=True)
        for number in range(calls)
    )
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:
        with tell(calls):
            await asyncio.gather(*(_ask(session, addresses) for _ in range(concurrency)))


if __name__ == "__main__":
    url, *numbers = sys.argv[1:]
    uvloop.run(_run(url, *map(int, numbers)))
