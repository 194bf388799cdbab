"""The simulated utility over HTTP: what a client can trust, what troubles it meets, and what the ledger says."""

import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from local.utility.access import Access, Credentials
from local.utility.bodies import UNREADABLE
from local.utility.delivery import Delays, Delivery
from local.utility.faults import Faults
from local.utility.ledger import Ledger
from local.utility.meters import metering_point
from local.utility.server import UtilityServer
from local.utility.settings import ZONE, FaultRates, Style, WorldSettings
from local.utility.simulation import Keeping, Pace, Simulation
from local.utility.state import WorldState
from local.utility.world import World
from tests.utility_worlds import BUSY, QUIET, settings

KEY = {"X-Api-Key": "key"}
EVER = {"from": "2020-01-01", "to": "2030-01-01"}
CALM = FaultRates(**dict.fromkeys(FaultRates.__slots__, 0.0))
Client = TestClient[aiohttp.web.Request, aiohttp.web.Application]
Start = Callable[[WorldSettings, FaultRates], Coroutine[None, None, Client]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts a utility on loopback; its ledger is in tmp_path/ledger."""
    async with AsyncExitStack() as stack:

        async def start_one(world_settings: WorldSettings, faults: FaultRates) -> Client:
            world = World(world_settings, lambda: datetime(2026, 12, 1, tzinfo=ZONE))
            ledger = Ledger(world, tmp_path / "ledger")
            stack.callback(ledger.close)
            keeping = Keeping(None, WorldState("", world_settings.anchor))
            simulation = Simulation(world, ledger, Faults(faults, 1), Pace(0), keeping)
            access = Access(Credentials("key", "me", "secret"), time.monotonic)
            server = UtilityServer(simulation, access, Delivery(Delays(slow=0.1)))
            return await stack.enter_async_context(TestClient(TestServer(server.application())))

        yield start_one


def address(number: int, feed: str = "hours") -> str:
    return f"/v1/{feed}/points/{metering_point(number)}/consumption"


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (path / "ledger").read_text(encoding="utf-8").splitlines()]


async def test_the_answer_has_the_published_form(start: Start) -> None:
    client = await start(settings(QUIET), CALM)
    async with client.get(address(0, "months"), params=EVER, headers=KEY) as response:
        assert (response.status, response.charset) == (200, "utf-8")
        message = json.loads(await response.text(), parse_float=str)
    assert list(message) == ["CustomerNumber", "MeteringPoint", "ConsumptionReadings"]
    first = message["ConsumptionReadings"][0]
    names = ["DeliveryCategory", "Unit", "Consumption", "ReadingDate", "ReadingMethod", "ReadingReason"]
    assert list(first) == names
    assert len(first["Consumption"].partition(".")[2]) == 12
    assert first["ReadingMethod"] == "Fjärr"


@pytest.mark.parametrize(
    ("path", "params", "headers", "status"),
    [
        (address(0), EVER, {}, 401),
        (address(0), EVER, {"X-Api-Key": "wrong"}, 401),
        (address(0), EVER, {"Authorization": "Bearer key"}, 200),
        (address(99_999), EVER, KEY, 404),
        (address(0, "weeks"), EVER, KEY, 404),
        (address(0), {}, KEY, 400),
        (address(0), {"from": "2026-02-30", "to": "2026-03-01"}, KEY, 400),
        (address(0), {"from": "2026-03-02", "to": "2026-03-01"}, KEY, 400),
        ("/v1/hours/consumption", EVER | {"size": "0"}, KEY, 400),
    ],
)
async def test_requests_get_their_status(
    start: Start, path: str, params: dict[str, str], headers: dict[str, str], status: int
) -> None:
    client = await start(settings(QUIET), CALM)
    async with client.get(path, params=params, headers=headers) as response:
        assert response.status == status


async def test_a_token_opens_the_door(start: Start) -> None:
    client = await start(settings(QUIET), CALM)
    form = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "secret"}
    async with client.post("/oauth/token", data=form) as response:
        token = (await response.json())["access_token"]
    async with client.get(address(0), params=EVER, headers={"Authorization": f"Bearer {token}"}) as response:
        assert response.status == 200
    async with client.post("/oauth/token", data=form | {"client_id": "you"}) as response:
        assert response.status == 401


async def test_all_styles_tell_the_same(start: Start) -> None:
    asked = {"from": "2026-02-20", "to": "2026-03-20"}

    async def told(style: Style, params: dict[str, str]) -> object:
        client = await start(settings(BUSY, style=style), CALM)
        async with client.get(address(0), params=params, headers=KEY) as response:
            return json.loads(await response.text(), parse_float=str, parse_int=str)

    whole = await told("object", asked)
    assert isinstance(whole, dict)
    assert await told("list", asked) == [whole]
    pages = [await told("paged", asked | {"page": str(number)}) for number in (1, 2, 3, 4, 5)]
    assert [(page["Page"], page["Pages"]) for page in pages if isinstance(page, dict)][-1] == ("5", "4")
    paged = [
        str(reading) for page in pages if isinstance(page, dict) for reading in page["Data"][0]["ConsumptionReadings"]
    ]
    assert sorted(paged) == sorted(map(str, whole["ConsumptionReadings"]))


async def test_pages_of_all_points_hold_every_point_once(start: Start) -> None:
    client = await start(settings(QUIET), CALM)
    points: list[str] = []
    for number in range(1, 6):
        params = EVER | {"page": str(number), "size": "7"}
        async with client.get("/v1/days/consumption", params=params, headers=KEY) as response:
            points += [message["MeteringPoint"] for message in (await response.json())["Data"]]
    assert points == [metering_point(number) for number in range(30)]


async def test_what_a_client_got_whole_is_in_the_ledger_and_nothing_else(start: Start, tmp_path: Path) -> None:
    """With every fault at work: bodies that were cut or refused leave no reading behind."""
    rates = FaultRates(**dict.fromkeys(FaultRates.__slots__, 0.035))
    client = await start(settings(QUIET), rates)
    got: set[tuple[str, str]] = set()
    unreadable = 0
    for attempt in range(300):
        point = metering_point(attempt % 30)
        params = {"from": f"2026-03-0{attempt % 5 + 1}", "to": f"2026-03-0{attempt % 5 + 2}"}
        try:
            async with client.get(address(attempt % 30), params=params, headers=KEY) as response:
                text = await response.text(errors="strict")
                message = json.loads(text, parse_constant=_refuse) if response.status == 200 else {}
        except (aiohttp.ClientError, ConnectionError):
            continue
        except ValueError:
            unreadable += 1
            continue
        if message.get("MeteringPoint") == point:
            got |= {(point, str(reading)) for reading in map(_identity, message["ConsumptionReadings"])}
        unreadable += "ErrorCode" in message
    kept = lines(tmp_path)
    assert got == {(str(line["point"]), _line_identity(line)) for line in kept if line["kind"] == "reading"}
    assert unreadable == sum(line["kind"] == "body" for line in kept)
    assert {line["broken"] for line in kept if line["kind"] == "body"} == UNREADABLE
    assert {line["dead_letter"] for line in kept if line["kind"] == "message"} == {"wrong_point", "unreadable_message"}


def _refuse(name: str) -> object:
    raise ValueError(name)


def _identity(reading: dict[str, object]) -> str:
    return f"{reading['DeliveryCategory']} {reading['ReadingDate']}"


def _line_identity(line: dict[str, object]) -> str:
    return f"{line['category']} {line['reading_date']}"


async def test_a_cut_body_breaks_and_leaves_no_line(start: Start, tmp_path: Path) -> None:
    client = await start(settings(QUIET), replace(CALM, cut=0.49))
    broken = 0
    for number in range(30):
        try:
            async with client.get(address(number), params=EVER, headers=KEY) as response:
                await response.read()
        except (aiohttp.ClientError, ConnectionError):
            broken += 1
    status = await (await client.get("/_status")).json()
    told = {line["point"] for line in lines(tmp_path)}
    assert broken > 0
    assert len(told) == 30 - broken == status["requests"]["ok"]


async def test_retry_after_comes_in_both_forms(start: Start) -> None:
    client = await start(settings(QUIET), replace(CALM, too_many=0.49))
    forms = set()
    for number in range(30):
        async with client.get(address(number), params=EVER, headers=KEY) as response:
            if response.status == 429:
                forms.add(response.headers["Retry-After"].isdigit())
    assert forms == {True, False}


async def test_a_slow_body_arrives_whole(start: Start, tmp_path: Path) -> None:
    client = await start(settings(QUIET), replace(CALM, slow=0.49))
    for number in range(6):
        async with client.get(address(number), params=EVER, headers=KEY) as response:
            assert len((await response.json())["ConsumptionReadings"]) >= 240
    assert len({line["point"] for line in lines(tmp_path)}) == 6


async def test_quiet_ends_changes_and_faults_and_pending_reaches_nought(start: Start) -> None:
    client = await start(settings(BUSY, points=3), replace(CALM, error_500=0.3, html=0.1))
    async with client.post("/_control", json={"ticks": 30}) as response:
        assert (await response.json())["tick"] == 30
    async with client.post("/_control", json={"quiet": True}) as response:
        assert (await response.json())["pending"] == 9
    async with client.post("/_control", json={"ticks": 30}) as response:
        assert (await response.json())["tick"] == 30
    for feed in ("months", "days", "hours"):
        for number in range(3):
            async with client.get(address(number, feed), params=EVER, headers=KEY) as response:
                assert response.status == 200
                json.loads(await response.text())
    status = await (await client.get("/_status")).json()
    assert (status["pending"], status["requests"]) == (0, {"ok": 9})


async def test_unknown_orders_are_refused(start: Start) -> None:
    client = await start(settings(QUIET), CALM)
    for order in ({"quite": True}, {"ticks": -1}, {"tick_seconds": "fast"}):
        async with client.post("/_control", json=order) as response:
            assert response.status == 400


async def test_the_ledger_is_served_as_it_stands(start: Start, tmp_path: Path) -> None:
    client = await start(settings(QUIET), CALM)
    async with client.get(address(0), params=EVER, headers=KEY) as response:
        await response.read()
    async with client.get("/_ledger") as response:
        assert await response.read() == (tmp_path / "ledger").read_bytes()
