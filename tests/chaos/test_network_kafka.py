"""The way to Kafka breaks: answers are lost, or the broker falls silent. Nothing is lost or doubled, nobody hangs."""

import itertools
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random

import pytest

from local.kafka import KafkaBroker
from local.network import Network
from local.proxy import Trouble
from local.ways import kafka_address, kafka_doors
from runtime.errors import ExitCode
from tests.producer_system import ProducerSystem, ScriptedUtility, eventually, spoken, stopped
from tests.receiver_databases import SQLiteReceiver
from tests.sink_rows import value
from tests.sink_system import SinkSystem, until
from tests.streams_system import StreamsSystem, hour

pytestmark = pytest.mark.services

SILENCE = "request_timeout = 4\n"
POINTS = [f"73599910000000{number:04d}" for number in range(6)]
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None) - timedelta(days=2)
DATES = [(START + timedelta(hours=hours)).isoformat() for hours in range(24)]


@dataclass(frozen=True)
class DistantKafka:
    """A broker, and the ways to it."""

    network: Network
    broker: KafkaBroker

    def address(self, client: str) -> str:
        """What a process of that kind connects to."""
        (servers,) = kafka_address(self.network, client).values()
        return servers


@pytest.fixture(scope="module")
def distant() -> Iterator[DistantKafka]:
    network = Network()
    (doors,) = kafka_doors(network, 1)
    temporary = tempfile.TemporaryDirectory(prefix="meterstream-kafka-")
    with temporary as directory, network, KafkaBroker(Path(directory), listeners=doors) as broker:
        yield DistantKafka(network, broker)


@pytest.fixture
def streams(distant: DistantKafka, unique: str, tmp_path: Path) -> Iterator[StreamsSystem]:
    with StreamsSystem(distant.broker.bootstrap_servers, unique, tmp_path, partitions=2) as system:
        settings = system.config.read_text().replace(distant.broker.bootstrap_servers, distant.address("streams"))
        settings = settings.replace("[topics]", SILENCE + "[topics]").replace(
            "[streams]", "[streams]\nstall_limit = 20\n"
        )
        system.config.write_text(settings)
        yield system


@pytest.fixture
def sinks(distant: DistantKafka, unique: str, tmp_path: Path) -> Iterator[SinkSystem]:
    there = SQLiteReceiver(tmp_path / "vitec.sqlite")
    system = SinkSystem(distant.broker.bootstrap_servers, unique, tmp_path, there)
    settings = system.config.read_text().replace(distant.broker.bootstrap_servers, distant.address("sinks"))
    system.config.write_text(settings.replace("[topics]", SILENCE + "[topics]"))
    yield system
    system.close()


@pytest.fixture
def utility() -> Iterator[ScriptedUtility]:
    with ScriptedUtility(lambda point: spoken(point, dict.fromkeys(DATES, 1))) as utility:
        yield utility


@pytest.fixture
def producer(distant: DistantKafka, utility: ScriptedUtility, unique: str, tmp_path: Path) -> ProducerSystem:
    system = ProducerSystem(tmp_path, distant.broker.bootstrap_servers, unique, utility.url, POINTS)
    system.create_topics()
    settings = system.config.read_text().replace(distant.broker.bootstrap_servers, distant.address("producer"))
    system.config.write_text(settings.replace("request_timeout = 5\n", SILENCE))
    return system


def has_drained(streams: StreamsSystem) -> bool:
    """Whether all is read; a worker that ended is started again, as a supervisor does."""
    if streams.workers[-1].code is not None:
        streams.worker()
    return streams.all_read()


def test_a_commit_of_streams_whose_answer_is_lost_is_one_commit(distant: DistantKafka, streams: StreamsSystem) -> None:
    streams.worker()
    streams.feed(hour(f"point-{number % 20}", number // 20, number) for number in range(200))
    streams.drain()
    with distant.network.troubled(["streams-kafka-1"], Trouble(unanswered=("EndTxn",))) as lost:
        streams.feed(hour(f"point-{number % 20}", 10 + number // 20, number) for number in range(200))
        until(lambda: lost.count)
    until(lambda: has_drained(streams))
    assert streams.outcome() == streams.expected()


def test_streams_at_a_silent_broker_say_so_and_go_on(distant: DistantKafka, streams: StreamsSystem) -> None:
    worker = streams.worker()
    streams.feed([hour("point", 0, 1)])
    streams.drain()
    until(lambda: worker.answer("/readyz"))
    with distant.network.troubled(["streams-kafka-1"], Trouble(silent=True)):
        streams.feed([hour("point", 1, 2)])
        until(lambda: not worker.answer("/readyz"))
    until(lambda: has_drained(streams))
    assert streams.outcome() == streams.expected()


def test_a_kafka_that_breaks_off_while_partitions_are_opened_is_waited_for(
    distant: DistantKafka, streams: StreamsSystem
) -> None:
    streams.feed([hour("point", 0, 1)])
    with distant.network.troubled(["streams-kafka-1"], Trouble(unanswered=("OffsetFetch",))):
        worker = streams.worker()
        until(lambda: "while partition" in worker.said())
        assert not worker.answer("/readyz")
    streams.drain()
    until(lambda: worker.answer("/readyz"))
    assert streams.outcome() == streams.expected()


def test_a_stop_of_streams_at_a_silent_broker_gives_up_what_is_in_hand(
    distant: DistantKafka, streams: StreamsSystem
) -> None:
    """The transaction stood open when the network fell silent; requests may take longer than a stop."""
    patient = streams.config.read_text().replace(SILENCE, "request_timeout = 30\n")
    streams.config.write_text(patient.replace("stall_limit = 20\n", "stall_limit = 70\n"))
    worker = streams.worker()
    streams.feed([hour("point", 0, 1)])
    streams.drain()
    numbers = count(1)

    def within_a_transaction() -> bool:
        """One follows the other, each as long as its requests are late."""
        streams.feed([hour("point", next(numbers), 1, kind="volume")])
        return streams.transaction_is_open()

    with distant.network.troubled(["streams-kafka-1"], Trouble(latency=0.3)):
        until(within_a_transaction)
        with distant.network.troubled(["streams-kafka-1"], Trouble(silent=True)):
            assert worker.stop() == ExitCode.DEFECT
    assert "the chunk in hand is given up" in worker.said()
    streams.worker()
    streams.drain()
    assert streams.outcome() == streams.expected()


def test_what_the_producer_wrote_is_there_once_though_the_answer_was_lost(
    distant: DistantKafka, producer: ProducerSystem, utility: ScriptedUtility
) -> None:
    """Every answer of the utility is another, so that readings are always under way when an answer of Kafka is lost."""
    versions = itertools.count(2)
    utility.say = lambda point: spoken(point, dict.fromkeys(DATES, next(versions)))
    chance = Random(7)
    with producer.producer() as process:
        eventually(lambda: producer.get("/readyz")[0] == 200, 120)
        for _ in range(12):
            with distant.network.troubled(["producer-kafka-1"], Trouble(unanswered=("Produce",))) as lost:
                eventually(lambda lost=lost: lost.count)  # type: ignore[misc]  # mypy knows no defaults
            utility.requests.clear()
            eventually(lambda: len(utility.requests) > chance.randrange(3 * len(POINTS)))
        assert stopped(process) == 0
    published = Counter((one.metering_point, one.reading_at, one.consumption) for one in producer.readings())
    assert published
    assert set(published.values()) == {1}


def test_a_producer_at_a_silent_broker_says_so_and_goes_on(
    distant: DistantKafka, producer: ProducerSystem, utility: ScriptedUtility
) -> None:
    with producer.producer() as process:
        eventually(lambda: producer.get("/readyz")[0] == 200, 120)
        with distant.network.troubled(["producer-kafka-1"], Trouble(silent=True)):
            utility.say = lambda point: spoken(point, dict.fromkeys(DATES, 2))
            eventually(lambda: producer.get("/readyz") == (503, "Kafka does not acknowledge\n"))
        eventually(lambda: producer.get("/readyz")[0] == 200, 120)
        eventually(lambda: sum(one.consumption == 2 * 10**12 for one in producer.readings()) >= len(POINTS))
        assert stopped(process) == 0


def test_a_sink_at_a_silent_broker_says_so_and_goes_on(distant: DistantKafka, sinks: SinkSystem) -> None:
    worker = sinks.start()
    sinks.publish([value(1, reading_at=1)])
    until(lambda: sinks.delivered([1]))
    until(worker.ready)
    with distant.network.troubled(["sinks-kafka-1"], Trouble(silent=True)):
        sinks.publish([value(2, reading_at=2)])
        until(lambda: worker.ask("readyz")[0] == 503)
        assert "Kafka" in worker.ask("readyz")[1]
    until(lambda: sinks.delivered([1, 2]))
    until(worker.ready)
