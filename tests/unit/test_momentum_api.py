"""The client of Momentum's external API, against a stand-in that has tokens, pages and troubles."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from operations.momentum_api import Figure, MomentumApi
from producer.auth import Unauthorised
from runtime.errors import ConfigError, Transient
from runtime.settings.momentum_api import MomentumApiSettings
from schemas import exact
from tests.momentum_stand_in import MomentumStandIn

YEAR = date(2026, 1, 1), date(2027, 1, 1)
WHERE = "receivers.momentum.momentum_api"


def item(key: str, start: date, amount: str | None) -> dict[str, Any]:
    stop = date(start.year + start.month // 12, start.month % 12 + 1, 1)
    consumption = None if amount is None else Decimal(amount)
    return {"ItemKey": key, "StartDate": start, "StopDate": stop, "Consumption": consumption, "ConsumptionUnit": "kWh"}


LARGEST = "123456789012345678901234.123456789012"
ITEMS = [
    *(item("Skola å/1", date(2026, month, 1), f"{month}.000000000001") for month in range(1, 12)),
    item("Skola å/1", date(2026, 12, 1), None),
    item("Skola å/1", date(2025, 12, 1), "1"),
    item("Skola å/1", date(2027, 1, 1), "1"),
    item("big", date(2026, 2, 1), LARGEST),
]


@pytest.fixture
def momentum() -> Iterator[MomentumStandIn]:
    with MomentumStandIn(ITEMS) as running:
        yield running


def settings(momentum: MomentumStandIn, **changed: object) -> MomentumApiSettings:
    written: dict[str, object] = {
        "url": momentum.url,
        "token_url": f"{momentum.url}/token",
        "client_id": "us",
        "client_secret": "battery-staple",
        "requests_per_second": 1000,
        "attempts": 3,
    }
    return MomentumApiSettings.model_validate(written | changed)


async def figures(momentum: MomentumStandIn, key: str, **changed: object) -> list[Figure] | None:
    async with MomentumApi(settings(momentum, **changed), WHERE, {}) as api:
        return await api.figures(key, *YEAR)


async def test_all_pages_are_read_exactly_and_half_open(momentum: MomentumStandIn) -> None:
    found = await figures(momentum, "Skola å/1")
    assert found is not None
    assert [each.consumption for each in found] == [
        *(exact.parse(f"{month}.000000000001") for month in range(1, 12)),
        None,
    ]
    assert found[-1] == Figure(date(2026, 12, 1), date(2027, 1, 1), None, "kWh")
    assert len(momentum.asked) == 3  # of 5 figures at most, whatever was asked for
    assert momentum.asked[0] == (
        "/api/external/v2/statistics/bykey/Skola%20%C3%A5%2F1/2026-01-01/2027-01-01/groupbyusage?take=100&skip=0"
    )


async def test_no_digit_is_lost(momentum: MomentumStandIn) -> None:
    (found,) = await figures(momentum, "big") or []
    assert found.consumption == exact.parse(LARGEST)


async def test_a_key_that_is_unknown_is_none(momentum: MomentumStandIn) -> None:
    assert await figures(momentum, "nobody's") is None


async def test_a_token_that_has_ended_is_renewed(momentum: MomentumStandIn) -> None:
    momentum.token_ends = 1
    assert len(await figures(momentum, "Skola å/1") or []) == 12
    assert momentum.tokens == 3


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_may_pass_is_asked_again(momentum: MomentumStandIn, status: int) -> None:
    momentum.troubles = [status, status]
    assert len(await figures(momentum, "big") or []) == 1
    assert len(momentum.asked) == 3


async def test_what_does_not_pass_is_an_error(momentum: MomentumStandIn) -> None:
    momentum.troubles = [503] * 3
    with pytest.raises(Transient, match=f"{WHERE}: HTTP 503"):
        await figures(momentum, "big", attempts=3)


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"client_secret": "wrong"}, "the token endpoint answered 401"), ({"client_id": "them"}, "answered 401")],
)
async def test_credentials_that_are_refused_are_said_without_the_secret(
    momentum: MomentumStandIn, changed: dict[str, object], said: str
) -> None:
    with pytest.raises(Unauthorised, match=said) as error:
        await figures(momentum, "big", **changed)
    assert "wrong" not in str(error.value)


async def test_a_token_that_is_never_accepted_is_an_error(momentum: MomentumStandIn) -> None:
    momentum.token_ends = 0
    with pytest.raises(Unauthorised, match=f"{WHERE}: HTTP 401; check client_id, client_secret and scope"):
        await figures(momentum, "big")
    assert momentum.tokens == 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"names": {"data": "Items"}}, "no 'Items'"),
        ({"names": {"start": "From"}}, "no 'From'"),
        ({"names": {"consumption": "Usage"}}, "NotANumber"),
        ({"names": {"total": "Data"}}, "ValidationError"),
        ({"path": "/elsewhere/{key}"}, "HTTP 400; check url and path"),
    ],
)
async def test_an_answer_of_another_form_is_an_error(
    momentum: MomentumStandIn, changed: dict[str, object], said: str
) -> None:
    if "path" in changed:
        momentum.troubles, changed = [400], {}
    with pytest.raises(ConfigError, match=WHERE) as error:
        await figures(momentum, "big", **changed)
    assert said in str(error.value)
    assert LARGEST not in str(error.value)


async def test_nobody_there_is_said(momentum: MomentumStandIn) -> None:
    with pytest.raises(Transient, match="no whole answer"):
        await figures(momentum, "big", url="http://127.0.0.1:1", attempts=1)


@pytest.mark.parametrize("name", ["url", "token_url"])
def test_a_secret_goes_nowhere_in_the_clear(momentum: MomentumStandIn, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} would send a secret in the clear: use https"):
        settings(momentum, **{name: "http://momentum.example"})
