"""``python -m tests.hostile_fetch URL...``: requests to hostile utilities, in a process of their own.

Prints one JSON object: what became of each, and by how many MiB the process grew at most. All are
sent at once.
"""

import asyncio
import json
import sys
from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from producer.auth import credentials
from producer.client import Client
from producer.gate import Gate
from producer.points import Point
from producer.windows import Window
from runtime.errors import MeterstreamError
from runtime.metrics import ProducerMetrics
from tests.hostile_answer import peak
from tests.polling import POINT, feed

WINDOW = Window(18_321, 18_323, "none", last=True)
LIMITS = {"total_timeout": 5.0, "read_timeout": 4.0}


async def outcome(url: str) -> str:
    """What a client says of the answer."""
    of = feed(url=url, limits=LIMITS)
    metrics = ProducerMetrics(CollectorRegistry())
    gate = Gate("feed", 60, metrics.authorised)
    async with Client(of, credentials(of.settings.auth, {}), gate, metrics) as client:
        try:
            return f"{len((await client.get(Point(POINT), WINDOW)).data)} bytes"
        except MeterstreamError as error:
            return str(error)


async def outcomes(urls: Sequence[str]) -> dict[str, str]:
    """What it says of each."""
    return dict(zip(urls, await asyncio.gather(*map(outcome, urls)), strict=True))


if __name__ == "__main__":
    before = peak()
    said = asyncio.run(outcomes(sys.argv[1:]))
    json.dump({"outcomes": said, "grown": peak() - before}, sys.stdout)
