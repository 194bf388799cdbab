"""The moment at which the simulated utility notes what it says: before the last bytes, and only to someone there."""

import asyncio
import json

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from local.utility.bodies import Body
from local.utility.delivery import Delays, Delivery

BODY = Body(json.dumps({"Consumption": [1] * 1000}).encode())


def _full_disk() -> None:
    raise OSError("no space left")


@pytest.mark.parametrize("way", ["whole", "slow"])
async def test_what_cannot_be_noted_is_not_said(way: str) -> None:
    """So a kill between the two leaves a broken answer, which is asked for again, never one without a line."""
    delivery = Delivery(Delays(slow=0.01))

    async def handler(request: web.Request) -> web.StreamResponse:
        deliver = delivery.whole if way == "whole" else delivery.slow
        return await deliver(request, BODY, _full_disk)

    app = web.Application()
    app.router.add_get("/", handler)
    got = b""
    async with TestClient(TestServer(app)) as client:
        try:
            async with client.get("/") as response:
                got = await response.read()
        except aiohttp.ClientError:
            got = b""
    assert got != BODY.data


async def test_nothing_is_noted_for_someone_who_has_gone() -> None:
    delivery, ended = Delivery(Delays(slow=0.5)), asyncio.Event()
    noted: list[int] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            return await delivery.slow(request, BODY, lambda: noted.append(1))
        finally:
            ended.set()

    app = web.Application()
    app.router.add_get("/", handler)
    async with TestClient(TestServer(app)) as client:
        with pytest.raises(TimeoutError):
            async with client.get("/", timeout=aiohttp.ClientTimeout(total=0.15)) as response:
                await response.read()
        await asyncio.wait_for(ended.wait(), 5)
    assert noted == []
