"""The broker from packages: what it is set to, and that its data survives stop, crash and another port."""

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from local.cluster import Cluster, existing_cluster
from local.kafka import KafkaBroker, random_cluster_id
from local.kafka_probe import answers
from local.kafka_settings import Listener
from local.ports import free_port
from local.process import ServiceError
from tests.freezing import freeze

pytestmark = pytest.mark.services

# A killed broker's session keeps its successor waiting: not the default 9 s here.
QUICK = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}
JAAS = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
ELSEWHERE = 19_092
"""A port that the listener PROXIED names to its clients; nothing listens there."""


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """A broker of this module's own: its tests stop and kill it."""
    mechanism = {"sasl.enabled.mechanisms": "SCRAM-SHA-512", "scram-sha-512.sasl.jaas.config": JAAS}
    doors = [
        Listener("PROXIED", advertised_port=ELSEWHERE),
        Listener("KNOWN", protocol="SASL_PLAINTEXT", properties=mechanism),
    ]
    directory = tmp_path_factory.mktemp("kafka")
    with KafkaBroker(directory, properties=QUICK, listeners=doors, scram={"anna": "right"}) as running:
        yield running


@pytest.fixture
def broker(own_broker: KafkaBroker) -> KafkaBroker:
    """The module's broker, running whatever the test before did to it."""
    own_broker.start()
    return own_broker


def write(cluster: Cluster, topic: str, *values: bytes, compression: str = "none") -> None:
    """By librdkafka, which brings every compression along."""
    failed: list[object] = []
    producer = Producer({"bootstrap.servers": cluster.bootstrap_servers, "compression.type": compression})
    for value in values:
        producer.produce(topic, value, on_delivery=lambda error, _: failed.append(error) if error else None)
    assert producer.flush(10) == 0
    assert failed == []


def create(cluster: Cluster, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=cluster.bootstrap_servers)
    admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})
    admin.close()


def read(cluster: Cluster, topic: str) -> list[bytes | str | None]:
    """Every record of partition 0, up to its end."""
    settings = {"bootstrap.servers": cluster.bootstrap_servers, "group.id": topic, "enable.partition.eof": True}
    consumer = Consumer(settings)
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[bytes | str | None] = []
    for record in iter(lambda: consumer.poll(10), None):
        error = record.error()
        if error is None:
            found.append(record.value())
        elif error.code() == KafkaError._PARTITION_EOF:
            break
    consumer.close()
    return found


@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_records_come_back_in_every_compression(kafka: Cluster, unique: str, compression: str) -> None:
    create(kafka, unique)
    write(kafka, unique, b"one", b"two", compression=compression)
    assert read(kafka, unique) == [b"one", b"two"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("auto.create.topics.enable", "false"),
        ("group.initial.rebalance.delay.ms", "0"),
        ("offsets.topic.replication.factor", "1"),
        ("transaction.state.log.replication.factor", "1"),
        ("transaction.state.log.min.isr", "1"),
        ("broker.session.timeout.ms", "3000"),
    ],
)
def test_it_is_set_up_for_one_broker_and_declared_topics(broker: KafkaBroker, name: str, value: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    found = admin.describe_configs([ConfigResource(ConfigResourceType.BROKER, "1")], config_filter="all")
    admin.close()
    assert found["broker"]["1"][name]["value"] == value


def test_records_survive_a_stop(broker: KafkaBroker, unique: str) -> None:
    create(broker, unique)
    write(broker, unique, b"kept")
    first, address = broker.pid, broker.bootstrap_servers
    broker.stop()
    assert not broker.alive
    broker.start()
    assert (broker.pid != first, broker.bootstrap_servers) == (True, address)
    assert read(broker, unique) == [b"kept"]


def test_records_survive_a_crash(broker: KafkaBroker, unique: str) -> None:
    create(broker, unique)
    write(broker, unique, b"kept")
    broker.kill()
    assert not broker.alive
    broker.start()
    assert read(broker, unique) == [b"kept"]


def test_another_object_on_another_port_carries_on_the_cluster(broker: KafkaBroker, unique: str) -> None:
    """A supervisor that was itself started again finds the topics, although the ports are new ones."""
    create(broker, unique)
    write(broker, unique, b"kept")
    broker.stop()
    with KafkaBroker(broker.data_dir, properties=QUICK) as successor:
        assert read(successor, unique) == [b"kept"]


def test_it_listens_on_loopback_only(broker: KafkaBroker) -> None:
    other = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with other:
        other.bind(("127.0.0.2", broker.port))  # refused if the broker held every address of this machine
    assert answers(broker.port)


def brokers_seen(address: str, within: float = 30, /, **settings: str) -> set[str]:
    """Where a client that comes in at this address is sent; none where it is not let in for so many seconds."""
    client = AdminClient(
        {"bootstrap.servers": address, **{name.replace("_", "."): to for name, to in settings.items()}}
    )
    try:
        found = client.list_topics(timeout=within).brokers.values()
    except KafkaException:
        return set()
    return {f"{broker.host}:{broker.port}" for broker in found}


def test_each_listener_sends_its_clients_to_its_own_advertised_port(broker: KafkaBroker) -> None:
    """So that a proxy before one listener carries all that its clients say, and nobody else's."""
    assert brokers_seen(broker.bootstrap_servers) == {broker.bootstrap_servers}
    assert brokers_seen(broker.listeners[0].address) == {f"127.0.0.1:{ELSEWHERE}"}


def test_a_listener_may_ask_who_comes(broker: KafkaBroker) -> None:
    door = broker.listeners[1].address
    anna = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "SCRAM-SHA-512", "sasl_username": "anna"}
    assert brokers_seen(door, **anna, sasl_password="right") == {door}
    assert brokers_seen(door, 5, **anna, sasl_password="wrong") == set()
    assert brokers_seen(door, 5) == set()


def test_it_has_a_session_of_its_own(broker: KafkaBroker) -> None:
    """Ctrl-C in a terminal reaches the supervisor, not the broker."""
    assert os.getsid(broker.pid) == broker.pid


def test_a_broker_that_cannot_start_says_why_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"(?s)formatted.*num\.io\.threads"):
        KafkaBroker(tmp_path, properties={"num.io.threads": "many"}).start()


def test_a_broker_that_falls_at_its_start_shows_its_log(broker: KafkaBroker) -> None:
    """Its storage is locked by the running one."""
    second = KafkaBroker(broker.data_dir)
    with pytest.raises(ServiceError, match=r"(?s)ended with code.*broker\.log.*lock"):
        second.start()
    assert broker.alive


def test_a_taken_port_is_named(tmp_path: Path, broker: KafkaBroker) -> None:
    with pytest.raises(ServiceError, match=f"port {broker.port} "):
        KafkaBroker(tmp_path, port=broker.port).start()


def test_other_servers_do_not_pass_for_a_broker() -> None:
    """Nothing listening; a listener that says nothing; one that speaks another language."""
    assert not answers(free_port(), within=0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not answers(port, within=0.2)
        server.accept()[0].close()
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(answers, port)
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request")
                assert not asked.result(timeout=10)


def test_a_frozen_broker_does_not_pass_for_a_ready_one(broker: KafkaBroker) -> None:
    freeze(broker.pid)
    assert not answers(broker.port, within=0.2)
    os.kill(broker.pid, signal.SIGCONT)
    assert answers(broker.port, within=5)


def test_cluster_ids_are_sixteen_bytes_without_a_leading_dash() -> None:
    ids = [random_cluster_id() for _ in range(500)]
    assert {len(one) for one in ids} == {22}
    assert len(set(ids)) == 500
    assert not any(one.startswith("-") for one in ids)


def test_an_existing_cluster_is_used_where_the_variable_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", " 127.0.0.1:9092 ")
    existing = existing_cluster()
    assert existing is not None
    assert existing.bootstrap_servers == "127.0.0.1:9092"
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "")
    assert existing_cluster() is None
