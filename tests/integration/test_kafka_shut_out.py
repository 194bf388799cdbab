"""Who is shut out of Kafka while at work says why and ends; a new process waits, and goes on once it is let in."""

import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from runtime.topic_admin import create
from tests.guarded_kafka import CLIENT_SECRET, GuardedKafka
from tests.guarded_road import GuardedRoad
from tests.producer_system import ScriptedUtility, eventually, spoken

pytestmark = pytest.mark.services

PATIENCE = 240.0
LATER = "2026-01-01T02:00:00"
ROLES = ("producer", "streams", "sink-vitec", "watcher", "operator")
STAGES = {"producer": ("producer",), "streams": ("streams",), "sink-vitec": ("sinks", "--receiver", "vitec")}


@pytest.fixture
def values() -> dict[str, float]:
    """What the utility says, by reading date."""
    return {"2026-01-01T01:00:00": 10.25}


@pytest.fixture
def road(guarded: GuardedKafka, unique: str, tmp_path: Path, values: dict[str, float]) -> Iterator[GuardedRoad]:
    """Clients whose tokens live for seconds, so that connections ask for new ones again and again."""
    guarded.tokens.clients |= {f"{unique}-{role}": CLIENT_SECRET for role in ROLES}
    guarded.tokens.life = 6
    with ScriptedUtility(lambda point: spoken(point, dict(values))) as utility:
        road = GuardedRoad(tmp_path, unique, utility.url, lambda role: guarded.oauth(f"{unique}-{role}"))
        road.grant(guarded, lambda role: f"User:{unique}-{role}")
        create(road.settings("operator"))
        yield road
        road.close()
    guarded.tokens.life = 3_600


def ended(stage: "subprocess.Popen[bytes]", values: dict[str, float]) -> bool:
    """Whether a process has ended; meanwhile there is something to do for all: a reading that changes."""
    values[LATER] = values.get(LATER, 0.5) + 1
    return stage.poll() is not None


def waits(road: GuardedRoad, role: str, says: str) -> bool:
    return says in road.ask(role, "/readyz")[1]


def test_a_stage_that_is_shut_out_ends_and_its_successor_waits(
    road: GuardedRoad, guarded: GuardedKafka, unique: str, values: dict[str, float]
) -> None:
    """Within a token's life: the secret of its client no longer counts, and later counts again."""
    stages = {role: road.start(role, *arguments) for role, arguments in STAGES.items()}
    eventually(lambda: road.rows() == ["10.25"], PATIENCE)
    for role in STAGES:
        del guarded.tokens.clients[f"{unique}-{role}"]
    for role, stage in stages.items():
        eventually(partial(ended, stage, values), PATIENCE)
        assert stage.returncode == 70, role
        assert f"refuses client {unique}-{role} (HTTP 401)" in road.log_file(role).read_text("utf-8")
        road.start(role, *STAGES[role])
    for role in STAGES:
        says = f"no token for Kafka: the token endpoint refuses client {unique}-{role} (HTTP 401)"
        eventually(partial(waits, road, role, says), PATIENCE)
        guarded.tokens.clients[f"{unique}-{role}"] = CLIENT_SECRET
    eventually(lambda: road.rows(running=False) == ["10.25", str(values[LATER])], PATIENCE)
    assert not any(token in road.said() for token in guarded.tokens.tokens)
