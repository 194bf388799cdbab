"""What the simulated utility suffers as a whole, by order, over real HTTP."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from local.utility.access import Access, Credentials
from local.utility.delivery import Delays, Delivery
from local.utility.faults import Faults
from local.utility.ledger import Ledger
from local.utility.meters import metering_point
from local.utility.server import UtilityServer
from local.utility.settings import DEFAULT_FEEDS, ZONE, FaultRates, WorldSettings
from local.utility.simulation import Keeping, Pace, Simulation
from local.utility.state import WorldState
from local.utility.trouble import STALE_TICKS
from local.utility.world import World

ANCHOR = datetime(2026, 3, 10, 12, tzinfo=ZONE)
NONE = FaultRates(**dict.fromkeys(FaultRates.__dataclass_fields__, 0.0))
PAGE = "/v1/hours/points/{}/consumption?from=2026-03-01&to=2026-03-12"


@pytest.fixture
def simulation() -> Simulation:
    world = World(WorldSettings(seed=3, points=8, anchor=ANCHOR, feeds=DEFAULT_FEEDS), lambda: ANCHOR)
    keeping = Keeping(None, WorldState("", ANCHOR))
    return Simulation(world, Ledger(world, None), Faults(NONE, 3), Pace(0), keeping)


def client(simulation: Simulation) -> TestClient:  # type: ignore[type-arg]  # generic in no released version we support
    server = UtilityServer(simulation, Access(Credentials("k", "i", "s", 60.0), lambda: 0.0), Delivery(Delays()))
    return TestClient(TestServer(server.application()), headers={"X-Api-Key": "k"})


@pytest.mark.parametrize(("trouble", "status"), [("error_500", 500), ("error_503", 503), ("too_many", 429)])
async def test_every_request_meets_it_until_it_ends(simulation: Simulation, trouble: str, status: int) -> None:
    async with client(simulation) as asking:
        await asking.post("/_control", json={"trouble": trouble})
        met = [(await asking.get(PAGE.format(metering_point(number)))).status for number in range(4)]
        await asking.post("/_control", json={"trouble": "none"})
        after = (await asking.get(PAGE.format(metering_point(0)))).status
    assert met == [status] * 4
    assert after == 200


async def test_silence_lasts_longer_than_anybody_waits(simulation: Simulation) -> None:
    async with client(simulation) as asking:
        await asking.post("/_control", json={"trouble": "silent"})
        with pytest.raises(TimeoutError):
            await asking.get(PAGE.format(metering_point(0)), timeout=aiohttp.ClientTimeout(total=0.3))


async def test_every_second_answer_is_an_old_one(simulation: Simulation) -> None:
    """And the ledger knows which: the newest word stays the truth."""
    simulation.advance(STALE_TICKS)
    async with client(simulation) as asking:
        await asking.post("/_control", json={"trouble": "stale"})
        got = [len(await _readings(asking)) for _ in range(4)]
    assert len(set(got)) == 2
    assert got[0] == got[2]
    assert got[1] == got[3]


async def _readings(asking: TestClient) -> list[object]:  # type: ignore[type-arg]  # as above
    body = await (await asking.get(PAGE.format(metering_point(1)))).json()
    readings: list[object] = (body[0] if isinstance(body, list) else body)["ConsumptionReadings"]
    return readings


async def test_its_clock_goes_wrong(simulation: Simulation) -> None:
    async with client(simulation) as asking:
        await asking.post("/_control", json={"trouble": "clock"})
        answers = [await asking.get(PAGE.format(metering_point(0))) for _ in range(4)]
    assert sorted(answer.status for answer in answers) == [200, 200, 429, 429]
    for answer in answers:
        ahead = (parsedate_to_datetime(answer.headers["Date"]) - datetime.now(UTC)).total_seconds()
        assert 500 < ahead < 700


async def test_an_unknown_trouble_is_refused_by_name(simulation: Simulation) -> None:
    async with client(simulation) as asking:
        answer = await asking.post("/_control", json={"trouble": "locusts"})
        assert answer.status == 400
        assert "locusts" in await answer.text()
