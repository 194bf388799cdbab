"""What the lookout makes of what it sees."""

import pytest

from runtime.errors import Fatal, PositionError
from runtime.health import Health
from runtime.lookout import Sight
from runtime.mends import NEW_EPOCH, REBUILD_STATE
from runtime.settings.tree import Settings
from runtime.topics import TopicNames
from streams.lookout import Lookout

NAMES = TopicNames.of(Settings())
KNOWN = {NAMES.readings: "r1", NAMES.values: "v1", NAMES.state: "s1"}


class World:
    def __init__(self) -> None:
        self.health = Health()
        self.failed: list[BaseException] = []
        self.lookout = Lookout(NAMES, KNOWN, self.health, self.failed.append)

    def waiting_for(self) -> str | None:
        return self.health.waiting_for


@pytest.fixture
def world() -> World:
    return World()


def test_while_kafka_is_away_the_worker_is_not_ready_and_says_why(world: World) -> None:
    world.health.ready()
    world.lookout.saw(Sight(KNOWN))
    assert world.waiting_for() is None
    world.lookout.saw("Kafka does not answer (one reason)")
    assert world.waiting_for() == "Kafka does not answer (one reason)"
    world.lookout.saw("Kafka does not answer (another reason)")
    assert world.waiting_for() == "Kafka does not answer (another reason)"
    world.lookout.saw(Sight(KNOWN))
    assert world.waiting_for() is None


def test_who_waits_for_something_else_goes_on_waiting_for_it(world: World) -> None:
    world.health.waiting("opening 3 partitions")
    world.lookout.saw("Kafka does not answer")
    world.lookout.saw(Sight(KNOWN))
    assert world.waiting_for() == "opening 3 partitions"


def test_what_was_set_while_kafka_was_away_stays(world: World) -> None:
    world.health.ready()
    world.lookout.saw("Kafka does not answer")
    world.health.waiting("opening partitions")
    world.lookout.saw(Sight(KNOWN))
    assert world.waiting_for() == "opening partitions"


def test_a_worker_that_is_shut_out_ends_and_says_why(world: World) -> None:
    """Its successor reads the secrets anew, and asks slowly."""
    world.lookout.saw(Fatal("Kafka refuses user streams"))
    assert [str(error) for error in world.failed] == ["Kafka refuses user streams"]


def test_a_topic_that_is_missing_is_waited_for(world: World) -> None:
    world.health.ready()
    world.lookout.saw(Sight({NAMES.readings: "r1", NAMES.state: "s1"}))
    assert world.waiting_for() == f"topic {NAMES.values} is missing: meterstream topics create"
    assert not world.failed


@pytest.mark.parametrize(
    ("name", "mend"), [(NAMES.readings, NEW_EPOCH), (NAMES.values, NEW_EPOCH), (NAMES.state, REBUILD_STATE)]
)
def test_a_topic_that_was_made_anew_ends_the_process_with_its_mend(world: World, name: str, mend: str) -> None:
    world.lookout.saw(Sight(KNOWN | {name: "another"}))
    (error,) = world.failed
    assert isinstance(error, PositionError)
    assert name in str(error)
    assert str(error).endswith(mend)
