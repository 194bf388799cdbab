"""The table of rights on a broker with its authoriser on: enough for everything each role does, and not more."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.errors import (
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
    for_code,
)

from operations.dead_letter_counts import dead_letter_counts
from operations.observe import cluster
from operations.progress import progress
from operations.rebuild import look, rebuild
from operations.topic_reader import Bounds
from runtime.errors import ConfigError
from runtime.kafka import kafka_python_options
from runtime.kafka_admin import admin
from runtime.settings.tree import Settings
from runtime.topic_admin import create, require, verify
from runtime.topics import TopicNames
from tests.guarded_kafka import CLIENT_SECRET, PASSWORD, GuardedKafka
from tests.guarded_road import GuardedRoad
from tests.producer_system import ScriptedUtility, eventually, spoken, stopped

pytestmark = pytest.mark.services

PATIENCE = 240.0
ROLES = ("producer", "streams", "sink-vitec", "watcher", "operator")


@pytest.fixture
def road(guarded: GuardedKafka, unique: str, tmp_path: Path) -> Iterator[GuardedRoad]:
    """Users with the rights of the table, and topics that the operator has made."""
    said = {"2026-01-01T01:00:00": 10.25, "2026-01-01T02:00:00": "many"}
    with ScriptedUtility(lambda point: spoken(point, said)) as utility:
        road = GuardedRoad(tmp_path, unique, utility.url, lambda role: guarded.scram(f"{unique}-{role}"))
        for role in (*ROLES, "nobody"):
            guarded.add_user(f"{unique}-{role}")
        road.grant(guarded, lambda role: f"User:{unique}-{role}")
        create(road.settings("operator"))
        yield road
        road.close()


def spoil(guarded: GuardedKafka, topic: str) -> None:
    """Puts onto a topic what nobody can read."""
    producer = KafkaProducer(bootstrap_servers=[guarded.broker.bootstrap_servers])
    producer.send(topic, value=b"garbage", key=b"garbage", partition=0).get(30)
    producer.close()


def letters(road: GuardedRoad) -> set[str]:
    """The stages that have left dead letters, as the watcher sees it."""
    counted = dead_letter_counts(road.settings("watcher"), os.environ, Bounds())
    return {each.stage for each in counted.counts}


def test_the_rights_are_enough(road: GuardedRoad, guarded: GuardedKafka) -> None:
    """For readings, dead letters of each stage, a memory that is recalled, positions, and a state that is rebuilt."""
    watcher, names = road.settings("watcher"), TopicNames.of(road.settings("watcher"))
    road.start("sink-vitec", "sinks", "--receiver", "vitec")
    streams = road.start("streams", "streams")
    producer = road.start("producer", "producer")
    eventually(lambda: road.rows() == ["10.25"], PATIENCE)
    for topic in (names.readings, names.values):
        spoil(guarded, topic)
    eventually(lambda: letters(road) == {"producer", "streams", "sinks"}, PATIENCE)
    assert verify(watcher) == []
    assert cluster.look(watcher).disks
    eventually(lambda: None not in progress(watcher).receivers[0].positions.values(), PATIENCE)
    assert (stopped(producer), stopped(streams)) == (0, 0)

    operator = road.settings("operator")
    assert look(operator, print).readings == 2
    rebuild(operator)
    road.start("producer", "producer")
    road.start("streams", "streams")
    eventually(lambda: progress(watcher).streams.positions[0] == progress(watcher).topics[0].ends[0], PATIENCE)
    eventually(lambda: road.ask("producer", "/readyz")[0] == 200, PATIENCE)
    assert road.rows() == ["10.25"]
    assert "recalled records=" in road.log_file("producer").read_text("utf-8")
    assert not any(secret in road.said() for secret in (PASSWORD, CLIENT_SECRET))


Act = Callable[[Settings, TopicNames], object]


def write(topic: str) -> Act:
    def act(settings: Settings, names: TopicNames) -> None:
        producer = KafkaProducer(**kafka_python_options(settings.kafka), enable_idempotence=False)
        try:
            producer.send(getattr(names, topic), value=b"x", partition=0).get(30)
        finally:
            producer.close(timeout=1)

    return act


def read(topic: str) -> Act:
    """A consumer of a topic that it may not even see waits for ever: so it is looked for first."""

    def act(settings: Settings, names: TopicNames) -> None:
        with admin(settings.kafka) as client:
            (found,) = client.describe_topics([getattr(names, topic)])
        if found["error_code"]:
            raise for_code(found["error_code"])
        consumer = KafkaConsumer(**kafka_python_options(settings.kafka))
        try:
            place = TopicPartition(getattr(names, topic), 0)
            consumer.assign([place])
            consumer.seek(place, 0)
            for _ in range(30):
                consumer.poll(1_000)
        finally:
            consumer.close()

    return act


def delete(topic: str) -> Act:
    def act(settings: Settings, names: TopicNames) -> None:
        with admin(settings.kafka) as client:
            client.delete_topics([getattr(names, topic)])

    return act


def commit(group: Callable[[TopicNames], str], topic: str) -> Act:
    def act(settings: Settings, names: TopicNames) -> None:
        consumer = KafkaConsumer(**kafka_python_options(settings.kafka), group_id=group(names))
        try:
            consumer.commit({TopicPartition(getattr(names, topic), 0): OffsetAndMetadata(1, "", -1)})
        finally:
            consumer.close()

    return act


def transact(settings: Settings, names: TopicNames) -> None:
    producer = KafkaProducer(**kafka_python_options(settings.kafka), transactional_id=f"{names.generation}.other")
    try:
        producer.init_transactions()
    finally:
        producer.close(timeout=1)


def create_elsewhere(settings: Settings, names: TopicNames) -> None:
    create(settings.model_copy(update={"topics": settings.topics.model_copy(update={"prefix": "elsewhere"})}))


def streams_group(names: TopicNames) -> str:
    return names.streams_group


BEYOND: list[tuple[str, str, Act, type[Exception]]] = [
    ("producer", "write values", write("values"), TopicAuthorizationFailedError),
    ("producer", "write state", write("state"), TopicAuthorizationFailedError),
    ("producer", "read readings", read("readings"), TopicAuthorizationFailedError),
    ("producer", "read dead letters", read("dead_letters"), TopicAuthorizationFailedError),
    ("streams", "write readings", write("readings"), TopicAuthorizationFailedError),
    ("streams", "write polls", write("polls"), TopicAuthorizationFailedError),
    ("streams", "read values", read("values"), TopicAuthorizationFailedError),
    ("streams", "delete state", delete("state"), ConfigError),
    ("streams", "open another's transactions", transact, TransactionalIdAuthorizationFailedError),
    ("sink-vitec", "write values", write("values"), TopicAuthorizationFailedError),
    ("sink-vitec", "read readings", read("readings"), TopicAuthorizationFailedError),
    ("sink-vitec", "move streams", commit(streams_group, "values"), GroupAuthorizationFailedError),
    ("watcher", "write dead letters", write("dead_letters"), TopicAuthorizationFailedError),
    ("watcher", "read values", read("values"), TopicAuthorizationFailedError),
    ("watcher", "delete values", delete("values"), ConfigError),
    ("operator", "create outside of the prefix", create_elsewhere, ConfigError),
]


def test_nobody_may_do_more(road: GuardedRoad) -> None:
    names = TopicNames.of(road.settings("operator"))
    for role, what, act, refusal in BEYOND:
        try:
            act(road.settings(role), names)
        except refusal as error:
            assert not isinstance(error, ConfigError) or "grant this user the right" in str(error)
        else:
            pytest.fail(f"{role} may {what}")


def test_who_has_no_right_is_told_which_is_missing(road: GuardedRoad) -> None:
    settings = road.settings("nobody")
    names = TopicNames.of(settings)
    with pytest.raises(ConfigError) as caught:
        require(settings, [names.values, names.state])
    assert sorted(caught.value.problems) == [
        f"topic {name} may not be seen by this user: grant this user the right: `meterstream topics acls` prints what "
        "each process needs"
        for name in (names.state, names.values)
    ]
