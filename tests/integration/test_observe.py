"""`meterstream observe` on a real cluster: what no stage knows is told, and nothing that is no longer so."""

import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition

from local.cluster import Cluster
from local.network import Network
from local.proxy import Trouble
from operations.observe.observer import Observer
from runtime.dead_letters import Context, Original, dead_letter
from runtime.logs import Pseudonyms
from runtime.process import Process
from runtime.settings.system import KafkaSettings, LogSettings, ObserverSettings, TopicSettings
from runtime.settings.tree import Settings
from runtime.topic_admin import create
from runtime.topics import TopicNames
from schemas.codec import Codec
from schemas.events import DeadLetter, PutBack
from schemas.reasons import Reason, Stage
from schemas.registry import EmbeddedRegistry
from tests.producer_system import eventually
from tests.sample_events import put_back

pytestmark = pytest.mark.services

PATIENCE = 60.0
LETTERS = Codec(DeadLetter, EmbeddedRegistry())
PUT_BACKS = Codec(PutBack, EmbeddedRegistry())


class Place:
    """Topics of their own, reached through a network that can fail; and what happens on them."""

    def __init__(self, servers: str, prefix: str, network: Network) -> None:
        self._servers = servers
        door = network.add("kafka", int(servers.rpartition(":")[2]))
        topics = TopicSettings(prefix=prefix, partitions=2, replication_factor=1, min_insync_replicas=1)
        kafka = KafkaSettings(bootstrap_servers=f"127.0.0.1:{door}", request_timeout=5)
        self.settings = Settings(kafka=kafka, topics=topics, observer=ObserverSettings(every=0.2))
        self.names = TopicNames.of(self.settings)
        create(self.settings)

    def put(self, topic: str, *values: bytes) -> None:
        with closing(KafkaProducer(bootstrap_servers=self._servers)) as producer:
            for value in values:
                producer.send(topic, value, partition=0)
            producer.flush()

    def commit(self, offset: int) -> None:
        """Moves the position of streams in a partition of readings."""
        with closing(KafkaConsumer(bootstrap_servers=self._servers, group_id=self.names.streams_group)) as consumer:
            consumer.commit({TopicPartition(self.names.readings, 0): OffsetAndMetadata(offset, "", -1)})


@contextmanager
def running(settings: Settings) -> Iterator[Process]:
    """An observer in a thread of its own."""
    process = Process(settings, {}, Pseudonyms(LogSettings()))
    thread = threading.Thread(target=Observer(process).run)
    thread.start()
    try:
        yield process
    finally:
        process.stop.request()
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.fixture
def network() -> Iterator[Network]:
    with Network() as network:
        yield network


@pytest.fixture
def place(kafka: Cluster, unique: str, network: Network) -> Place:
    return Place(kafka.bootstrap_servers, unique, network)


def refused(number: int, reason: Reason) -> DeadLetter:
    return dead_letter(Original("t", b"%d" % number), Context(Stage.STREAMS), reason, "detail")


def test_it_tells_of_letters_topics_groups_and_brokers_and_of_nothing_while_kafka_is_away(
    place: Place, network: Network
) -> None:
    wrong, other = refused(1, Reason.WRONG_KEY), refused(2, Reason.WRONG_KEY)
    lost = refused(3, Reason.UNDECODABLE_RECORD)
    names = place.names
    place.put(names.readings, b"a", b"b", b"c")
    place.commit(1)
    place.put(names.dead_letters, *map(LETTERS.encode, (wrong, other, lost)), b"garbage")
    with running(place.settings) as process:

        def value(name: str, **labels: str) -> float | None:
            return process.registry.get_sample_value(f"meterstream_{name}", labels)

        def letters(what: str, reason: Reason) -> float | None:
            return value(f"dead_letters_{what}", stage="streams", reason=reason)

        def become(**expected: float) -> None:
            eventually(lambda: {what: letters(what, Reason.WRONG_KEY) for what in expected} == expected, PATIENCE)

        eventually(lambda: process.health.waiting_for is None, PATIENCE)
        become(open=2, parked=0, oldest_open_timestamp_seconds=wrong.seen_at / 1e6)
        assert letters("open", Reason.UNDECODABLE_RECORD) == 1
        assert value("topic_end_offset", topic=names.readings) == 3
        assert value("topic_under_replicated_partitions", topic=names.values) == 0
        assert value("group_lag_records", group=names.streams_group) == 2
        assert value("brokers") == 1
        total, usable = (value(f"broker_disk_{what}_bytes", broker="1") for what in ("total", "usable"))
        assert total is not None
        assert usable is not None
        assert 0 < usable < total
        assert total == pytest.approx(os.statvfs("/tmp").f_frsize * os.statvfs("/tmp").f_blocks, rel=0.5)
        assert (value("topic_bytes", topic=names.readings) or 0) > 61
        assert value("topic_bytes", topic=names.values) == 0
        before = value("observer_last_success_timestamp_seconds") or 0
        assert before > 0

        # Put back; then one is seen again, and the other refused as often as parks it.
        settled = put_back(letter_id=wrong.id, sighting=wrong.seen_at)
        place.put(names.put_backs, PUT_BACKS.encode(settled))
        become(open=1, oldest_open_timestamp_seconds=other.seen_at / 1e6)
        again = put_back(letter_id=other.id, sighting=other.seen_at, result="refused_again")
        place.put(names.put_backs, *[PUT_BACKS.encode(again)] * 3)
        become(open=0, parked=1)
        place.put(names.dead_letters, LETTERS.encode(refused(1, Reason.WRONG_KEY)))
        become(open=1, parked=1, oldest_open_timestamp_seconds=wrong.seen_at / 1e6)

        with network.troubled(["kafka"], Trouble(cut=True)):
            eventually(lambda: process.health.waiting_for is not None, PATIENCE)
            assert "does not answer" in str(process.health.waiting_for)
            assert letters("open", Reason.WRONG_KEY) is value("brokers") is None
            assert value("group_lag_records", group=names.streams_group) is None
            assert (value("observer_last_success_timestamp_seconds") or 0) >= before
            assert process.health.live
        become(open=1, parked=1)
        eventually(lambda: process.health.waiting_for is None, PATIENCE)


def test_it_is_a_process_like_the_others_and_tells_what_there_is_where_topics_are_missing(
    place: Place, tmp_path: Path
) -> None:
    """Those of a new epoch have not been made yet; the dead letters belong to all epochs."""
    config = tmp_path / "meterstream.toml"
    config.write_text(
        f'epoch = "2"\n[kafka]\nbootstrap_servers = "{place.settings.kafka.bootstrap_servers}"\n'
        "[observer]\nevery = 0.2\n"
        f'[topics]\nprefix = "{place.settings.topics.prefix}"\npartitions = 2\nreplication_factor = 1\n'
        "min_insync_replicas = 1\n",
        "utf-8",
    )
    command = [sys.executable, "-m", "operations.command", "--config", str(config), "observe"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        address = next(line for line in process.stderr if "serving health" in line)
        address = address.partition('"address": "')[2].partition("/metrics")[0]

        def told(path: str) -> str:
            try:
                with urllib.request.urlopen(f"{address}{path}", timeout=10) as answer:
                    return str(answer.read().decode())
            except urllib.error.HTTPError as error:
                with error:
                    return f"{error.code}: {error.read().decode()}"

        ends = f'meterstream_topic_end_offset{{topic="{place.names.dead_letters}"}} 0.0'
        eventually(lambda: ends in told("/metrics"), PATIENCE)
        missing = place.names.readings.replace(".1.", ".2.")
        assert told("/readyz") == f"503: topic {missing} is missing: meterstream topics create\n"
        assert 'process="observer"' in told("/metrics")
        assert told("/healthz") == "live\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert '"ERROR"' not in process.stderr.read()
