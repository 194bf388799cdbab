"""Asking a utility over real HTTP on loopback: addresses, credentials, limits, and what each answer means."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from producer.auth import Unauthorised, credentials
from producer.client import Client, Limited, Refused, retry_after
from producer.gate import Gate
from producer.points import Point
from producer.report import Report
from producer.response import Unreadable
from producer.windows import Window
from runtime.errors import Transient
from runtime.metrics import ProducerMetrics
from runtime.settings.source import NoAuth
from tests.polling import POINT, feed

WINDOW = Window(18_321, 18_323, "none", last=True)
ASKED = Point(POINT)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Utility:
    """A server of one handler, and a client that asks it."""

    def __init__(self, handler: Handler, token: Handler | None = None) -> None:
        self.registry = CollectorRegistry()
        self.requests: list[web.Request] = []
        self._handler = handler
        self._token = token

    @asynccontextmanager
    async def client(self, **changes: Any) -> AsyncIterator[Client]:
        """A client with these settings of the source."""

        async def answer(request: web.Request) -> web.StreamResponse:
            self.requests.append(request)
            if request.path == "/token" and self._token is not None:
                return await self._token(request)
            return await self._handler(request)

        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", answer)
        async with TestServer(app) as server:
            changes.setdefault("limits", {"requests_per_second": 10_000})
            if "auth" in changes and changes["auth"]["type"] == "oauth2":
                changes["auth"]["token_url"] = str(server.make_url("/token"))
            of = feed(url=str(server.make_url("/")), **changes)
            metrics = ProducerMetrics(self.registry)
            gate = Gate("feed", of.settings.poll.unauthorised_retry, metrics.authorised)
            login = credentials(of.settings.auth, {"KEY": "secret"}, Report("feed", metrics).token)
            async with Client(of, login, gate, metrics) as client:
                yield client

    def calls(self, outcome: str) -> float:
        """How many requests had an outcome."""
        labels = {"source": "feed", "outcome": outcome}
        return self.registry.get_sample_value("meterstream_producer_calls_total", labels) or 0.0

    def told(self, name: str) -> float | None:
        """What a metric of the source says."""
        return self.registry.get_sample_value(f"meterstream_producer_{name}", {"source": "feed"})

    @property
    def authorised(self) -> float | None:
        """What the metric says."""
        return self.registry.get_sample_value("meterstream_producer_source_authorised", {"source": "feed"})


def answering(status: int = 200, body: bytes = b"{}", **headers: str) -> Handler:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return handler


def in_turn(*handlers: Handler) -> Handler:
    """One handler after another; the last one for ever."""
    left = list(handlers)

    async def handler(request: web.Request) -> web.StreamResponse:
        return await (left.pop(0) if len(left) > 1 else left[0])(request)

    return handler


async def test_a_point_is_asked_for_by_feed_dates_and_key() -> None:
    utility = Utility(answering(Content_Type="application/json; charset=iso-8859-1"))
    auth = {"type": "header", "key": {"env": "KEY"}}
    async with utility.client(auth=auth) as client:
        before = time.time_ns() // 1_000
        body = await client.get(ASKED, WINDOW)
    (request,) = utility.requests
    assert request.raw_path == f"/v1/hours/points/{POINT}/consumption?from=2020-02-29&to=2020-03-02"
    assert request.headers["X-Api-Key"] == "secret"
    assert (body.data, body.charset) == (b"{}", "iso-8859-1")
    assert before <= body.sent_at <= time.time_ns() // 1_000


@pytest.mark.parametrize("name", ["a/b", "å ä+ö", "100%", "a?b#c", "a%2Fb", "x&y=z;"])
async def test_any_metering_point_arrives_as_it_is(name: str) -> None:
    utility = Utility(answering())
    async with utility.client() as client:
        await client.get(Point(name), WINDOW)
    path = utility.requests[0].raw_path.partition("?")[0]
    assert path.count("/") == 5
    assert utility.requests[0].match_info["tail"] == f"v1/hours/points/{name}/consumption"


async def test_a_mapping_decides_parameters_format_and_inclusive_ends(tmp_path: Any) -> None:
    mapping = tmp_path / "other.toml"
    mapping.write_text(
        '[request]\npath = "/readings"\nfrom_parameter = "start"\nto_parameter = "stop"\nto_inclusive = true\n'
        'date_format = "%Y-%m-%dT00:00:00+01:00"\n'
        'parameters = { id = "{metering_point}", customer = "{customer_number}" }\n'
        '[envelope]\nshape = "page"\npage_parameter = "p"\n',
        encoding="utf-8",
    )
    utility = Utility(answering())
    async with utility.client(mapping=str(mapping), customer_number="7 å") as client:
        await client.get(Point("1+2"), WINDOW, page="2")
    assert dict(utility.requests[0].query) == {
        "id": "1+2",
        "customer": "7 å",
        "start": "2020-02-29T00:00:00+01:00",
        "stop": "2020-03-01T00:00:00+01:00",
        "p": "2",
    }


@pytest.mark.parametrize(
    ("status", "error", "outcome"),
    [
        (400, Refused, "refused"),
        (404, Refused, "refused"),
        (410, Refused, "refused"),
        (204, Refused, "refused"),
        (301, Refused, "refused"),
        (302, Refused, "refused"),
        (500, Transient, "failed"),
        (503, Transient, "failed"),
        (408, Transient, "failed"),
        (429, Limited, "limited"),
        (401, Unauthorised, "unauthorised"),
        (403, Unauthorised, "unauthorised"),
    ],
)
async def test_each_status_has_its_meaning(status: int, error: type[Transient], outcome: str) -> None:
    utility = Utility(answering(status, b"secret reading", Location="/elsewhere"))
    async with utility.client() as client:
        with pytest.raises(error) as caught:
            await client.get(ASKED, WINDOW)
    assert type(caught.value) is error
    assert utility.calls(outcome) == 1
    assert len(utility.requests) == 1, "a redirect is not followed: it could carry the key elsewhere"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_retry_after_is_passed_on_and_bounded(status: int) -> None:
    utility = Utility(answering(status, Retry_After="86400"))
    async with utility.client(poll={"retry_after_maximum": 90}) as client:
        with pytest.raises(Transient) as caught:
            await client.get(ASKED, WINDOW)
    assert caught.value.retry_after == 90


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("7", 7), (" 7 ", 7), ("0", 0), ("999", 100), ("-1", None), ("soon", None), ("", None)],
)
def test_retry_after_in_seconds(header: str | None, seconds: float | None) -> None:
    assert retry_after({} if header is None else {"Retry-After": header}, 100) == seconds


@pytest.mark.parametrize(("ahead", "least", "most"), [(50, 48, 50), (-50, 0, 0), (5_000, 100, 100)])
def test_retry_after_as_a_date(ahead: int, least: float, most: float) -> None:
    seconds = retry_after({"Retry-After": formatdate(time.time() + ahead, usegmt=True)}, 100)
    assert seconds is not None
    assert least <= seconds <= most


@pytest.mark.parametrize("wrong_by", [-600, 600, 86_400])
def test_a_retry_after_of_a_clock_that_is_wrong(wrong_by: int) -> None:
    """The utility's clock ten minutes ahead must not make us wait ten minutes, nor behind not at all."""
    now = time.time() + wrong_by
    told = {"Date": formatdate(now, usegmt=True), "Retry-After": formatdate(now + 7, usegmt=True)}
    assert retry_after(told, 3_600) == 7


async def test_a_body_that_is_cut_off_is_no_answer() -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"half":')
        assert request.transport is not None
        request.transport.abort()
        return response

    utility = Utility(cut)
    async with utility.client() as client:
        with pytest.raises(Transient, match="no whole answer"):
            await client.get(ASKED, WINDOW)
    assert utility.calls("failed") == 1


async def test_an_answer_that_does_not_come_is_given_up() -> None:
    async def slow(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(5)
        return web.Response()

    utility = Utility(slow)
    async with utility.client(limits={"read_timeout": 0.1}) as client:
        with pytest.raises(Transient, match="no whole answer"):
            await client.get(ASKED, WINDOW)


async def test_a_utility_that_is_away_is_a_transient_error() -> None:
    metrics = ProducerMetrics(CollectorRegistry())
    gate = Gate("feed", 1, metrics.authorised)
    async with Client(feed(url="http://127.0.0.1:9"), credentials(NoAuth(), {}), gate, metrics) as away:
        with pytest.raises(Transient, match="no whole answer"):
            await away.get(ASKED, WINDOW)


@pytest.mark.parametrize("compressed", [False, True])
async def test_a_body_above_the_limit_is_unreadable(compressed: bool) -> None:
    async def large(_request: web.Request) -> web.StreamResponse:
        response = web.Response(body=b" " * 300_000)
        if compressed:
            response.enable_compression()
        return response

    utility = Utility(large)
    async with utility.client(limits={"max_body_bytes": 100_000}) as client:
        with pytest.raises(Unreadable, match="larger than 100000 bytes") as caught:
            await client.get(ASKED, WINDOW)
    assert len(caught.value.body) == 100_000


async def test_not_more_requests_are_under_way_than_allowed() -> None:
    under_way, most = 0, 0

    async def counting(_request: web.Request) -> web.StreamResponse:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        return web.Response(body=b"{}")

    utility = Utility(counting)
    async with utility.client(limits={"concurrency": 3, "requests_per_second": 10_000}) as client:
        await asyncio.gather(*(client.get(ASKED, WINDOW) for _ in range(20)))
    assert most == 3


async def test_requests_keep_to_the_rate() -> None:
    utility = Utility(answering())
    async with utility.client(limits={"requests_per_second": 50, "concurrency": 50}) as client:
        started = time.monotonic()
        await asyncio.gather(*(client.get(ASKED, WINDOW) for _ in range(25)))
        took = time.monotonic() - started
    assert 0.35 <= took < 3
    waited = utility.told("rate_limit_wait_seconds_total")
    assert waited is not None
    assert waited >= took, "they waited side by side"


async def test_a_resent_request_is_counted() -> None:
    """Aiohttp repeats a GET by itself when a kept connection was closed by the other side."""

    async def closing(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    utility = Utility(in_turn(answering(), closing, answering()))
    async with utility.client() as client:
        await client.get(ASKED, WINDOW)
        await client.get(ASKED, WINDOW)
    assert utility.calls("resent") == 1
    assert len(utility.requests) == 3


async def test_a_bearer_token_is_sent() -> None:
    utility = Utility(answering())
    async with utility.client(auth={"type": "bearer", "token": {"env": "KEY"}}) as client:
        await client.get(ASKED, WINDOW)
    assert utility.requests[0].headers["Authorization"] == "Bearer secret"


OAUTH = {"type": "oauth2", "client_id": "us", "client_secret": {"env": "KEY"}, "scope": "read"}


def tokens(*, expires_in: object = 3_600) -> tuple[Handler, list[dict[str, object]]]:
    """A token endpoint that numbers its tokens, and the forms it was sent."""
    forms: list[dict[str, object]] = []

    async def token(request: web.Request) -> web.StreamResponse:
        forms.append(dict(await request.post()))
        answer = {"access_token": f"token-{len(forms)}", "token_type": "Bearer", "expires_in": expires_in}
        return web.json_response({key: value for key, value in answer.items() if value is not None})

    return token, forms


@pytest.mark.parametrize("expires_in", [3_600, "3600", None])
async def test_one_oauth2_token_serves_many_requests(expires_in: object) -> None:
    token, forms = tokens(expires_in=expires_in)
    utility = Utility(answering(), token)
    async with utility.client(auth=dict(OAUTH)) as client:
        await asyncio.gather(*(client.get(ASKED, WINDOW) for _ in range(5)))
    assert forms == [
        {"grant_type": "client_credentials", "client_id": "us", "client_secret": "secret", "scope": "read"}
    ]
    sent = {request.headers.get("Authorization") for request in utility.requests if request.path != "/token"}
    assert sent == {"Bearer token-1"}
    obtained, expires = (
        utility.told("token_obtained_timestamp_seconds"),
        utility.told("token_expires_timestamp_seconds"),
    )
    assert obtained is not None
    assert expires is not None
    assert 0 <= time.time() - obtained < 60
    assert expires - obtained == pytest.approx(float(str(expires_in or 300)), abs=1)


async def test_a_token_is_renewed_before_it_expires() -> None:
    token, forms = tokens(expires_in=0.1)
    utility = Utility(answering(), token)
    async with utility.client(auth=dict(OAUTH)) as client:
        await client.get(ASKED, WINDOW)
        await asyncio.sleep(0.1)
        await client.get(ASKED, WINDOW)
    assert len(forms) == 2


async def test_a_refused_token_is_renewed_once_and_the_request_repeated() -> None:
    token, forms = tokens()
    utility = Utility(in_turn(answering(401), answering()), token)
    async with utility.client(auth=dict(OAUTH)) as client:
        assert (await client.get(ASKED, WINDOW)).data == b"{}"
    assert len(forms) == 2
    assert utility.authorised == 1


async def test_a_second_refusal_is_unauthorised() -> None:
    token, forms = tokens()
    utility = Utility(answering(401), token)
    async with utility.client(auth=dict(OAUTH)) as client:
        with pytest.raises(Unauthorised):
            await client.get(ASKED, WINDOW)
    assert len(forms) == 2
    assert utility.authorised == 0


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (answering(401), Unauthorised),
        (answering(400, b'{"error":"invalid_client"}'), Unauthorised),
        (answering(500), Transient),
        (answering(200, b"<html>"), Transient),
        (answering(200, b"\xff"), Transient),
        (answering(200, b'{"token":"x"}'), Transient),
    ],
)
async def test_a_token_endpoint_that_gives_none_is_told_apart(answer: Handler, error: type[Transient]) -> None:
    utility = Utility(answering(), answer)
    async with utility.client(auth=dict(OAUTH)) as client:
        with pytest.raises(error) as caught:
            await client.get(ASKED, WINDOW)
    assert type(caught.value) is error
    assert "secret" not in str(caught.value)


async def test_after_two_refusals_the_source_waits_then_one_request_tries() -> None:
    """Nobody is skipped: those who wait get their answers when the utility accepts us again."""
    refusing = True

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=401 if refusing else 200, body=b"{}")

    utility = Utility(handler)
    async with utility.client(poll={"unauthorised_retry": 0.3}, limits={"concurrency": 20}) as client:
        for _ in range(2):
            with pytest.raises(Unauthorised):
                await client.get(ASKED, WINDOW)
        waiting = [asyncio.create_task(client.get(ASKED, WINDOW)) for _ in range(10)]
        await asyncio.sleep(0.1)
        assert len(utility.requests) == 2, "the gate is closed"
        await asyncio.sleep(0.4)
        assert len(utility.requests) == 3, "one has tried"
        refusing = False
        results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(result, Unauthorised) for result in results].count(True) == 1
    assert utility.authorised == 1


async def test_one_forbidden_point_does_not_close_the_source() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=403 if "forbidden" in request.path else 200, body=b"{}")

    utility = Utility(handler)
    async with utility.client() as client:
        with pytest.raises(Unauthorised):
            await client.get(Point("forbidden"), WINDOW)
        assert utility.authorised == 0
        async with asyncio.timeout(1):
            await client.get(ASKED, WINDOW)
    assert utility.authorised == 1


async def test_several_429_in_a_row_slow_the_whole_source() -> None:
    utility = Utility(in_turn(*[answering(429, Retry_After="1")] * 3, answering()))
    async with utility.client() as client:
        for _ in range(3):
            with pytest.raises(Limited):
                await client.get(ASKED, WINDOW)
        started = time.monotonic()
        await client.get(ASKED, WINDOW)
    assert time.monotonic() - started >= 0.9


async def test_at_the_end_nobody_waits_for_a_closed_gate() -> None:
    gate = Gate("feed", 60, ProducerMetrics(CollectorRegistry()).authorised)
    gate.refused("status 401")
    gate.refused("status 401")

    async def wait() -> None:
        async with gate.passage():
            raise AssertionError("it is closed")

    waiting = [asyncio.create_task(wait()) for _ in range(3)]
    await asyncio.sleep(0.01)
    gate.abandon()
    async with asyncio.timeout(1):
        results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [Transient] * 3


async def test_a_token_may_come_in_pieces() -> None:
    """The token endpoint's answer is read to its end, not to the end of the first piece."""

    async def endpoint(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in (b'{"access_', b'token":"t', b'1"}'):
            await response.write(piece)
            await asyncio.sleep(0.05)
        await response.write_eof()
        return response

    utility = Utility(answering(), token=endpoint)
    async with utility.client(auth=dict(OAUTH)) as client:
        await client.get(ASKED, WINDOW)
    assert utility.requests[-1].headers["Authorization"] == "Bearer t1"


async def test_a_token_that_would_write_headers_of_its_own_is_refused() -> None:
    utility = Utility(answering(), token=answering(body=b'{"access_token":"t1\\r\\nX-Api-Key: k"}'))
    async with utility.client(auth=dict(OAUTH)) as client:
        with pytest.raises(Transient, match="none that a header can carry"):
            await client.get(ASKED, WINDOW)
