"""A utility's key that is changed while it is asked: the other is tried before the source counts as unauthorised."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from producer.auth import Unauthorised, credentials
from producer.client import Client
from producer.gate import Gate
from producer.points import Point
from producer.windows import Window
from runtime.metrics import ProducerMetrics
from tests.polling import POINT, feed

WINDOW = Window(18_321, 18_323, "none", last=True)
ASKED = Point(POINT)


class Utility:
    """Takes one key, or one client secret, and knows which were shown to it."""

    def __init__(self, folder: Path, accepted: str) -> None:
        self.new, self.old = folder / "new", folder / "old"
        self.new.write_text("the-new-key")
        self.old.write_text("the-old-key")
        self.accepted = accepted
        self.shown: list[str] = []

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/token":
            secret = str((await request.post())["client_secret"])
            self.shown.append(secret)
            token = {"access_token": f"token-for-{secret}"}
            return web.json_response(token, status=200 if secret == self.accepted else 401)
        key = request.headers.get("X-Api-Key") or request.headers["Authorization"].removeprefix("Bearer ")
        if not key.startswith("token-for-"):
            self.shown.append(key)
        return web.Response(status=200 if key.removeprefix("token-for-") == self.accepted else 401, body=b"{}")

    @asynccontextmanager
    async def client(self, **auth: Any) -> AsyncIterator[Client]:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        async with TestServer(app) as server:
            if auth["type"] == "oauth2":
                auth |= {"client_id": "us", "token_url": str(server.make_url("/token"))}
            of = feed(
                url=str(server.make_url("/")),
                auth=auth,
                limits={"requests_per_second": 10_000},
                poll={"unauthorised_retry": 0.01},
            )
            metrics = ProducerMetrics(CollectorRegistry())
            gate = Gate("feed", of.settings.poll.unauthorised_retry, metrics.authorised)
            async with Client(of, credentials(of.settings.auth, {}), gate, metrics) as client:
                yield client

    @property
    def both(self) -> list[dict[str, str]]:
        return [{"file": str(self.new)}, {"file": str(self.old)}]


@pytest.fixture
def utility(tmp_path: Path) -> Utility:
    return Utility(tmp_path, accepted="the-old-key")


@pytest.mark.parametrize(("type_", "name"), [("header", "key"), ("bearer", "token"), ("oauth2", "client_secret")])
async def test_the_other_one_is_tried_in_both_directions(
    utility: Utility, type_: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with utility.client(type=type_, **{name: utility.both}) as client:
        assert (await client.get(ASKED, WINDOW)).data == b"{}"
        utility.accepted = "the-new-key"
        assert (await client.get(ASKED, WINDOW)).data == b"{}"
        assert (await client.get(ASKED, WINDOW)).data == b"{}"
    assert utility.shown[:2] == ["the-new-key", "the-old-key"]
    assert utility.shown[-1] == "the-new-key"
    assert "the-new-key" not in caplog.text
    assert "the-old-key" not in caplog.text
    assert f"the credentials of file {utility.new}" in caplog.text


@pytest.mark.parametrize(("type_", "name"), [("header", "key"), ("bearer", "token"), ("oauth2", "client_secret")])
async def test_a_file_that_was_changed_is_read_again_without_a_restart(utility: Utility, type_: str, name: str) -> None:
    async with utility.client(type=type_, **{name: {"file": str(utility.old)}}) as client:
        await client.get(ASKED, WINDOW)
        utility.accepted = "the-third-key"
        with pytest.raises(Unauthorised) as caught:
            await client.get(ASKED, WINDOW)
        assert "key" not in str(caught.value)
        utility.old.write_text("the-third-key\n")
        await client.get(ASKED, WINDOW)


async def test_where_none_is_accepted_the_source_is_unauthorised_after_one_try_of_each(utility: Utility) -> None:
    utility.accepted = "another"
    async with utility.client(type="header", key=utility.both) as client:
        with pytest.raises(Unauthorised):
            await client.get(ASKED, WINDOW)
    assert sorted(utility.shown) == ["the-new-key", "the-old-key"]


async def test_a_key_that_is_gone_when_it_is_refused_is_no_defect(utility: Utility) -> None:
    async with utility.client(type="header", key={"file": str(utility.old)}) as client:
        utility.accepted = "another"
        utility.old.unlink()
        with pytest.raises(Unauthorised):
            await client.get(ASKED, WINDOW)
