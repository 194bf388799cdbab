"""A receiver with both stages on a real Kafka and real databases, filled as its workers would fill them."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaProducer

from local.cluster import Cluster
from operations.command import main
from operations.progress import topic_ends
from operations.receivers.stages import Chosen
from operations.topic_reader import TopicReader
from runtime.settings.load import load
from runtime.settings.receiver import Stage, label
from runtime.topic_admin import create
from runtime.topics import TopicNames
from schemas.codec import Codec
from schemas.events import DeadLetter, MeterValue
from schemas.registry import EmbeddedRegistry
from sinks.batch import Batch, Positions
from sinks.build import layouts_of
from sinks.decoding import Decoder
from sinks.layouts import Layout
from sinks.points.points import Points
from sinks.sql_writer import SqlWriter
from sinks.writer import Receiver, Topic
from tests.receiver_databases import MariaDBReceiver, PostgreSQLReceiver, ReceiverDatabase, SQLiteReceiver
from tests.sink_rows import CODEC, PARTITIONS, canary_value, record
from tests.sink_writing import no_refusals

STAGES: Sequence[Stage] = ("production", "test")


class StagedReceiver:
    """The receiver vitec: its topics, its settings, and where each stage stands."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path, there: dict[Stage, ReceiverDatabase]) -> None:
        self.folder = folder
        self.there = there
        self._bootstrap = bootstrap
        self.config = folder / "meterstream.toml"
        production, test = ("\n".join(there[stage].settings()) for stage in STAGES)
        self.config.write_text(
            f'[kafka]\nbootstrap_servers = "{bootstrap}"\n[topics]\nprefix = "{prefix}"\npartitions = {PARTITIONS}\n'
            "replication_factor = 1\nmin_insync_replicas = 1\n"
            f'[receivers.vitec]\n{production}\npoints = "points.csv"\nlayouts = ["plain"]\n'
            f"[receivers.vitec.test]\n{test}\n",
            "utf-8",
        )
        self.give("p0", "p1", "p2")
        self.settings = load(self.config, {})
        self.topic = TopicNames.of(self.settings).values
        create(self.settings)

    def give(self, *given: str) -> None:
        """Writes the receiver's points."""
        lines = "".join(f"{point},\n" for point in given)
        (self.folder / "points.csv").write_text("metering_point,category\n" + lines, "utf-8")

    def publish(self, values: Sequence[MeterValue]) -> None:
        """As streams would, acknowledged; a canary comes with them."""
        with closing(KafkaProducer(bootstrap_servers=[self._bootstrap])) as producer:
            for each in map(record, [*values, canary_value(1, 1)]):
                producer.send(self.topic, key=each.key, value=each.value, partition=each.partition)
            producer.flush()

    def lay(self, *letters: DeadLetter) -> None:
        """Onto the topic of dead letters."""
        with closing(KafkaProducer(bootstrap_servers=[self._bootstrap])) as producer:
            for each in letters:
                data = Codec(DeadLetter, EmbeddedRegistry()).encode(each)
                producer.send(TopicNames.of(self.settings).dead_letters, key=each.id.encode(), value=data)
            producer.flush()

    def chosen(self, stage: Stage) -> Chosen:
        """A stage, as the settings have it."""
        return Chosen(load(self.config, {}), "vitec", stage)

    @contextmanager
    def _writing(self, stage: Stage) -> Iterator[tuple[SqlWriter, Positions, Points]]:
        """A worker's writer that has taken the points, and where it stands."""
        wanted = self.chosen(stage).points().read()
        with closing(
            SqlWriter(self.chosen(stage).database(), Receiver(label("vitec", stage), "1", layouts=self._layouts(stage)))
        ) as writer:
            id_ = topic_ends(self.settings, self.topic).id
            opened = writer.open(Topic(self.topic, id_, PARTITIONS), range(PARTITIONS))
            writer.take_points(wanted)
            yield writer, opened.positions, wanted

    def _layouts(self, stage: Stage) -> tuple[Layout, ...]:
        chosen = self.chosen(stage)
        return layouts_of("vitec", chosen.receiver, chosen.address)

    def take_points(self, stage: Stage) -> None:
        """As a worker does that was started after the points file was changed."""
        with self._writing(stage):
            pass

    def deliver(self, *stages: Stage) -> None:
        """What the topic holds, into the tables of these stages, with its positions."""
        ends = topic_ends(self.settings, self.topic).ends
        for stage in stages:
            with self._writing(stage) as (writer, positions, wanted):
                decoder = Decoder(CODEC, writer.forms, wanted, PARTITIONS)
                rows = decoder.decode(TopicReader(self.settings.kafka, self.topic).records()).rows
                writer.write(Batch(rows, positions, ends), no_refusals)

    def run(self, *words: str) -> Result:
        """``meterstream receivers`` and these words."""
        return CliRunner().invoke(main, ["--config", str(self.config), "receivers", *words])


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def staged(request: pytest.FixtureRequest, kafka: Cluster, unique: str, tmp_path: Path) -> StagedReceiver:
    """On each database."""
    there: dict[Stage, ReceiverDatabase] = {stage: SQLiteReceiver(tmp_path / f"{stage}.sqlite") for stage in STAGES}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        there = {stage: PostgreSQLReceiver.on(server, f"{unique}_{stage}") for stage in STAGES}
    elif request.param == "mariadb":
        mariadb = request.getfixturevalue("mariadb")
        there = {stage: MariaDBReceiver.on(mariadb, f"{unique}_{stage}") for stage in STAGES}
    return StagedReceiver(kafka.bootstrap_servers, unique, tmp_path, there)
