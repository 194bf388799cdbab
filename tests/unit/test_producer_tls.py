"""Asking a utility over real TLS: own authorities, client certificates, every kind of bad one, and where a key goes."""

import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from producer.auth import Unauthorised, credentials
from producer.client import Body, Client, Refused
from producer.gate import Gate
from producer.points import Point
from producer.windows import Window
from runtime.errors import ConfigError, Transient
from runtime.metrics import ProducerMetrics
from runtime.settings.load import load
from runtime.settings.source import SourceSettings
from runtime.tls import tls_context
from tests.certificates import Authority, Pair
from tests.polling import POINT, feed

ASKED, WINDOW = Point(POINT), Window(18_321, 18_323, "none", last=True)
KEY = "k7731-secret"
AUTH = {"type": "header", "key": KEY}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def ours(folder: Path) -> Authority:
    return Authority(folder, "ours")


@pytest.fixture(scope="module")
def foreign(folder: Path) -> Authority:
    return Authority(folder, "foreign")


class Utility:
    """A server that shows a certificate, and keeps the requests it was sent."""

    def __init__(
        self,
        shown: Pair,
        clients: Authority | None = None,
        handler: Handler | None = None,
    ) -> None:
        self.requests: list[web.Request] = []
        self.gate: Gate | None = None
        self.address = ""
        self._handler = handler
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(shown.certificate, shown.key)
        if clients is not None:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(clients.file)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        return web.Response(body=b"{}") if self._handler is None else await self._handler(request)

    @asynccontextmanager
    async def client(self, auth: dict[str, Any] | None = None, **tls: Any) -> AsyncIterator[Client]:
        """A client with these files."""
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        server = TestServer(app, scheme="https")
        await server.start_server(ssl=self._context)
        of = feed(url=str(server.make_url("/")), auth=auth or AUTH, tls=tls)
        metrics = ProducerMetrics(CollectorRegistry())
        self.gate = Gate("feed", 60, metrics.authorised)
        context = tls_context("sources.feed.tls", of.settings.tls, {})
        self.address = str(of.settings.url)
        try:
            async with Client(of, credentials(of.settings.auth, {}), self.gate, metrics, context) as client:
                yield client
        finally:
            await server.close()

    async def refusal(self, **tls: Any) -> str:
        """Why a client with these files gets no answer, as it stands in the log; nothing was sent."""
        async with self.client(**tls) as client:
            with pytest.raises(Unauthorised) as caught:
                await client.get(ASKED, WINDOW)
        assert self.requests == []
        assert self.gate is not None
        assert self.gate.why == str(caught.value)
        assert "\n" not in self.gate.why
        assert KEY not in self.gate.why
        return self.gate.why


async def answer(utility: Utility, **tls: Any) -> Body:
    async with utility.client(**tls) as client:
        return await client.get(ASKED, WINDOW)


async def test_an_authority_of_our_own_is_trusted(ours: Authority) -> None:
    utility = Utility(ours.issue("utility"))
    assert (await answer(utility, ca_file=ours.file)).data == b"{}"
    assert utility.requests[0].headers["X-Api-Key"] == KEY


async def test_without_a_setting_the_authorities_of_the_system_are_trusted(ours: Authority) -> None:
    why = await Utility(ours.issue("utility")).refusal()
    assert "its certificate is not accepted: unable to get local issuer certificate; see sources.feed.tls" in why


async def test_an_authority_of_others_is_not_trusted(ours: Authority, foreign: Authority) -> None:
    assert "unable to get local issuer" in await Utility(ours.issue("utility")).refusal(ca_file=foreign.file)


async def test_an_expired_certificate_is_refused(ours: Authority) -> None:
    assert "expired" in await Utility(ours.issue("late", days=-1)).refusal(ca_file=ours.file)


async def test_a_certificate_of_another_host_is_refused(ours: Authority) -> None:
    other = Utility(ours.issue("other", hosts=("utility.example",)))
    assert "127.0.0.1" in await other.refusal(ca_file=ours.file)


async def test_the_name_can_be_left_out_and_nothing_else(ours: Authority, foreign: Authority) -> None:
    other = ours.issue("other", hosts=("utility.example",))
    assert (await answer(Utility(other), ca_file=ours.file, check_hostname=False)).data == b"{}"
    await Utility(foreign.issue("utility")).refusal(ca_file=ours.file, check_hostname=False)


async def test_a_client_certificate_is_shown(ours: Authority) -> None:
    us = ours.issue("us")
    mutual = Utility(ours.issue("utility"), clients=ours)
    files = {"ca_file": ours.file, "certificate_file": us.certificate, "key_file": us.key}
    assert (await answer(mutual, **files)).data == b"{}"


@contextmanager
def refusing(shown: Pair, clients: Authority) -> Iterator[str]:
    """The address of a server that says why it ends a handshake (asyncio's own only hangs up)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.certificate, shown.key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(clients.file)

    def serve() -> None:
        with suppress(OSError):  # of the listening socket: the end
            while True:
                connection, _ = listening.accept()
                with suppress(OSError), context.wrap_socket(connection, server_side=True) as guarded:
                    guarded.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


async def test_a_missing_or_foreign_client_certificate_is_said_to_be_refused(
    ours: Authority, foreign: Authority
) -> None:
    """Now and then the end of the connection overtakes the reason, so a few tries are made."""
    them = foreign.issue("them")
    shown = {"certificate_file": them.certificate, "key_file": them.key}
    with refusing(ours.issue("utility"), clients=ours) as address:
        for files, why in (({}, "certificate required"), (shown, "unknown ca")):
            of = feed(url=address, auth=AUTH, tls={"ca_file": ours.file, **files})
            gate = Gate("feed", 0.01, ProducerMetrics(CollectorRegistry()).authorised)
            context = tls_context("sources.feed.tls", of.settings.tls, {})
            metrics = ProducerMetrics(CollectorRegistry())
            async with Client(of, credentials(of.settings.auth, {}), gate, metrics, context) as client:
                for _ in range(200):
                    with pytest.raises(Transient):
                        await client.get(ASKED, WINDOW)
                    if gate.why:
                        break
            assert "it does not accept our certificate, or misses one: tls" in gate.why
            assert why in gate.why


async def test_a_token_endpoint_that_is_not_trusted_is_said_so_and_not_told_the_secret(
    ours: Authority, foreign: Authority
) -> None:
    utility = Utility(foreign.issue("utility"))
    token = Utility(foreign.issue("token"))
    async with token.client():
        auth = {"type": "oauth2", "token_url": token.address + "token", "client_id": "us", "client_secret": KEY}
        async with utility.client(auth=auth, ca_file=ours.file) as client:
            with pytest.raises(Unauthorised, match="its certificate is not accepted"):
                await client.get(ASKED, WINDOW)
    assert token.requests == utility.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_so_the_key_goes_nowhere_else(ours: Authority, status: int) -> None:
    elsewhere = Utility(ours.issue("elsewhere"))
    async with elsewhere.client():

        async def redirect(_request: web.Request) -> web.StreamResponse:
            return web.Response(status=status, headers={"Location": elsewhere.address})

        async with Utility(ours.issue("utility"), handler=redirect).client(ca_file=ours.file) as client:
            with pytest.raises(Refused, match=f"status {status}"):
                await client.get(ASKED, WINDOW)
    assert elsewhere.requests == []


async def test_a_server_without_tls_is_a_transient_error(ours: Authority) -> None:
    async with TestServer(web.Application()) as plain:
        of = feed(url=str(plain.make_url("/")).replace("http:", "https:"), auth=AUTH, tls={"ca_file": ours.file})
        metrics = ProducerMetrics(CollectorRegistry())
        gate = Gate("feed", 60, metrics.authorised)
        context = tls_context("sources.feed.tls", of.settings.tls, {})
        async with Client(of, credentials(of.settings.auth, {}), gate, metrics, context) as client:
            with pytest.raises(Transient, match="no whole answer"):
                await client.get(ASKED, WINDOW)


def problems(**changes: Any) -> str:
    """Why the settings of a source are refused; empty: they are not."""
    given = {"mapping": "m", "url": "https://utility.example", "granularity": "hour", "points": "p", "auth": AUTH}
    try:
        SourceSettings.model_validate(given | changes)
    except ValueError as error:
        assert KEY not in str(error)
        return str(error)
    return ""


OAUTH = {"type": "oauth2", "token_url": "http://login.example/token", "client_id": "us", "client_secret": KEY}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, ""),
        ({"url": "http://127.0.0.1:8080"}, ""),
        ({"url": "http://localhost/"}, ""),
        ({"url": "http://[::1]:80/x"}, ""),
        ({"url": "http://utility.example", "auth": {"type": "none"}}, ""),
        ({"url": "http://utility.example", "plain_http": True}, ""),
        (
            {"url": "http://utility.example"},
            "url would send our credentials in the clear: use https, or set plain_http",
        ),
        ({"url": "HTTP://10.0.0.1"}, "url"),
        ({"url": "http://127.0.0.1.example"}, "url would send"),
        ({"url": "http://localhost@utility.example"}, "url"),
        ({"auth": OAUTH}, "auth.token_url would send our credentials in the clear"),
        ({"auth": OAUTH, "plain_http": True}, ""),
        ({"url": "http://127.0.0.1", "tls": {"ca_file": "x"}}, "tls is set, but url is not encrypted"),
        ({"tls": {"key_file": "x"}}, "tls.certificate_file and tls.key_file go together"),
    ],
)
def test_a_key_does_not_travel_in_the_clear_unless_that_is_wanted(changes: dict[str, Any], problem: str) -> None:
    assert problem in problems(**changes)
    assert bool(problem) == bool(problems(**changes))


def test_what_is_wrong_with_the_files_is_told_before_the_start(tmp_path: Path, ours: Authority) -> None:
    """Of the sources that a process needs."""
    late = ours.issue("expired-client", days=-2)
    (tmp_path / "points.csv").write_text("metering_point\n1\n")
    (tmp_path / "meterstream.toml").write_text(
        '[sources.a]\nmapping = "oresundskraft"\nurl = "https://utility.example"\ngranularity = "hour"\n'
        f'points = "points.csv"\n[sources.a.tls]\nca_file = "absent.pem"\ncertificate_file = "{late.certificate}"\n'
        f'key_file = "{late.key}"\n'
    )
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "meterstream.toml", {}, ("sources",))
    absent, expired = caught.value.problems
    assert "sources.a.tls.ca_file: " in absent
    assert "absent.pem cannot be read: No such file" in absent
    assert f"sources.a.tls.certificate_file: {late.certificate} expired on {late.valid_until:%Y-%m-%d}" in expired
    assert load(tmp_path / "meterstream.toml", {}, ("receivers",)).sources.keys() == {"a"}
