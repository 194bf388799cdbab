"""The whole road on a broker that asks who comes, by certificates and by tokens; by passwords: test_kafka_rights."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.topic_admin import create
from tests.guarded_kafka import CLIENT_SECRET, PASSWORD, GuardedKafka
from tests.guarded_road import GuardedRoad, Login
from tests.producer_system import ScriptedUtility, eventually, spoken

pytestmark = pytest.mark.services

PATIENCE = 240.0
ROLES = ("producer", "streams", "sink-vitec", "watcher", "operator")


@pytest.fixture
def values() -> dict[str, object]:
    """What the utility says, by reading date."""
    return {"2026-01-01T01:00:00": 10.25}


@pytest.fixture
def utility(values: dict[str, object]) -> Iterator[ScriptedUtility]:
    with ScriptedUtility(lambda point: spoken(point, values)) as running:
        yield running


def certificates(guarded: GuardedKafka, unique: str) -> tuple[Login, Callable[[str], str]]:
    pairs = {role: guarded.authority.issue(f"{unique}-{role}") for role in ROLES}
    return lambda role: guarded.mutual(pairs[role]), lambda role: f"User:CN={unique}-{role}"


def tokens(guarded: GuardedKafka, unique: str) -> tuple[Login, Callable[[str], str]]:
    guarded.tokens.clients |= {f"{unique}-{role}": CLIENT_SECRET for role in ROLES}
    return lambda role: guarded.oauth(f"{unique}-{role}"), lambda role: f"User:{unique}-{role}"


@pytest.fixture(params=[certificates, tokens])
def road(
    request: pytest.FixtureRequest, guarded: GuardedKafka, unique: str, tmp_path: Path, utility: ScriptedUtility
) -> Iterator[GuardedRoad]:
    login, principal = request.param(guarded, unique)
    road = GuardedRoad(tmp_path, unique, utility.url, login)
    road.grant(guarded, principal)
    yield road
    road.close()


def test_readings_travel_the_whole_road(road: GuardedRoad, values: dict[str, Any], guarded: GuardedKafka) -> None:
    """Each process as somebody of its own; a second reading later, after tokens and sessions were renewed."""
    create(road.settings("operator"))
    road.start_all()
    eventually(lambda: road.rows() == ["10.25"], PATIENCE)
    values["2026-01-01T02:00:00"] = 11.5
    eventually(lambda: road.rows() == ["10.25", "11.5"], PATIENCE)
    for secret in (PASSWORD, CLIENT_SECRET, *guarded.tokens.tokens):
        assert secret not in road.said()
