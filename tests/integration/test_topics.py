"""The topics of an epoch on a real cluster: created, verified, never altered."""

import gc
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.cluster import Cluster
from local.ports import free_port
from runtime.errors import ConfigError, Transient
from runtime.kafka_admin import admin
from runtime.settings.tree import Settings
from runtime.topic_admin import create, require, verify
from runtime.topics import TopicNames, specs

pytestmark = pytest.mark.services

ONE_BROKER: dict[str, Any] = {"partitions": 2, "replication_factor": 1, "min_insync_replicas": 1}


@pytest.fixture
def settings(kafka: Cluster, unique: str) -> Settings:
    return Settings.model_validate(
        {
            "kafka": {"bootstrap_servers": kafka.bootstrap_servers, "request_timeout": 10},
            "topics": ONE_BROKER | {"prefix": unique},
        }
    )


def changed(settings: Settings, **topics: Any) -> Settings:
    """The same settings, wishing other topics."""
    return Settings.model_validate(
        {
            "kafka": settings.kafka.model_dump(),
            "topics": settings.topics.model_dump() | topics,
        }
    )


@pytest.fixture
def create_by_hand(settings: Settings) -> Callable[..., None]:
    """Creates a topic as the settings want it, but for some changes."""

    def by_hand(name: str, partitions: int | None = None, **configs: str) -> None:
        wanted = next(spec for spec in specs(settings) if spec.name == name)
        shape = {
            "num_partitions": partitions or wanted.partitions,
            "replication_factor": 1,
            "configs": wanted.configs | {key.replace("_", "."): value for key, value in configs.items()},
        }
        with admin(settings.kafka) as client:
            client.create_topics({name: shape}, wait_for_metadata=True)

    return by_hand


def test_nothing_is_there_then_everything_is(settings: Settings) -> None:
    names = [spec.name for spec in specs(settings)]
    assert verify(settings) == [f"topic {name} is missing: meterstream topics create" for name in names]
    assert create(settings).created == tuple(names)
    assert verify(settings) == []
    require(settings, names)


def test_creating_again_changes_nothing(settings: Settings) -> None:
    create(settings)
    again = create(settings)
    assert again.created == ()
    assert len(again.present) == 6


def test_what_is_missing_is_created_beside_what_is_there(
    settings: Settings, create_by_hand: Callable[..., None]
) -> None:
    """And what is there in another shape stays as it is."""
    names = TopicNames.of(settings)
    create_by_hand(names.values, cleanup_policy="delete")
    done = create(settings)
    assert done.present == (names.values,)
    assert len(done.created) == 5
    assert [problem for problem in verify(settings) if "cleanup.policy = delete" in problem]


DIFFERENCES = [
    ("values", {"cleanup_policy": "delete"}, "has cleanup.policy = delete, it must be compact: kafka-configs.sh"),
    ("values", {"cleanup_policy": "compact,delete"}, "cleanup.policy = compact,delete, it must be compact"),
    ("values", {"min_compaction_lag_ms": "0"}, "min.compaction.lag.ms = 0, it must be 604800000"),
    ("state", {"cleanup_policy": "delete"}, "cleanup.policy"),
    ("polls", {"cleanup_policy": "delete"}, "cleanup.policy"),
    ("readings", {"retention_ms": "1000"}, "retention.ms = 1000, it must be -1"),
    ("readings", {"retention_bytes": "1000"}, "retention.bytes = 1000, it must be -1"),
    ("readings", {"message_timestamp_type": "CreateTime"}, "message.timestamp.type = CreateTime"),
    ("readings", {"max_message_bytes": "1000"}, "max.message.bytes = 1000, it must be 4194304"),
    ("readings", {"unclean_leader_election_enable": "true"}, "unclean.leader.election.enable = true"),
    ("dead_letters", {"retention_ms": "1000"}, "retention.ms = 1000, it must be -1"),
    ("readings", {"partitions": 3}, "has 3 partitions, the settings say 2. The number is fixed for an epoch"),
    ("dead_letters", {"partitions": 2}, "has 2 partitions, the settings say 1"),
]


@pytest.mark.parametrize(("topic", "shape", "problem"), DIFFERENCES)
def test_each_difference_is_named_with_what_must_be(
    settings: Settings, create_by_hand: Callable[..., None], topic: str, shape: dict[str, Any], problem: str
) -> None:
    name = getattr(TopicNames.of(settings), topic)
    create_by_hand(name, **shape)
    create(settings)
    (found,) = verify(settings)
    assert found.startswith(f"topic {name} ")
    assert problem in found
    with pytest.raises(ConfigError) as caught:
        require(settings, [name])
    assert caught.value.problems == (found,)


@pytest.mark.parametrize("shape", [{"max_message_bytes": "9999999"}, {"min_compaction_lag_ms": "999999999999"}])
def test_more_than_asked_for_is_no_difference_where_it_does_no_harm(
    settings: Settings, create_by_hand: Callable[..., None], shape: dict[str, str]
) -> None:
    create_by_hand(TopicNames.of(settings).values, **shape)
    create(settings)
    assert verify(settings) == []


def test_fewer_replicas_than_asked_for_are_named(settings: Settings) -> None:
    create(settings)
    found = verify(changed(settings, replication_factor=3, min_insync_replicas=2))
    assert len([problem for problem in found if "has 1 replicas, the settings say 3" in problem]) == 6
    assert len([problem for problem in found if "min.insync.replicas = 1, it must be 2" in problem]) == 6


def test_a_process_looks_only_at_its_own_topics(settings: Settings, create_by_hand: Callable[..., None]) -> None:
    create_by_hand(TopicNames.of(settings).values)
    require(settings, [TopicNames.of(settings).values])
    with pytest.raises(ConfigError, match=r"\.polls is missing: meterstream topics create"):
        require(settings, [TopicNames.of(settings).polls])


def test_more_replicas_than_brokers_is_a_clear_error(settings: Settings) -> None:
    with pytest.raises(ConfigError, match=r"1 broker\(s\).*set topics.replication_factor to the number of brokers"):
        create(changed(settings, replication_factor=3, min_insync_replicas=2))


@pytest.fixture
def lost_sockets(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """kafka-python leaves refused connections to the garbage collector: it runs here, not in another's test.

    Its log records would hold them longer.
    """
    caplog.set_level(logging.CRITICAL + 1, logger="kafka")
    yield
    gc.collect()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("lost_sockets")
@pytest.mark.parametrize("call", [create, verify, lambda settings: require(settings, ["x"])])
def test_a_cluster_that_is_not_there_may_come_later(call: Callable[[Settings], object]) -> None:
    server = f"127.0.0.1:{free_port()}"
    away = Settings.model_validate({"kafka": {"bootstrap_servers": server, "request_timeout": 0.5}})
    threads = set(threading.enumerate())
    with pytest.raises(Transient, match=f"Kafka at {server} does not answer"):
        call(away)
    assert set(threading.enumerate()) <= threads
