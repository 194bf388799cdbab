"""Puts a sink worker together: settings and points in, a worker out. Connects to nothing."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from runtime.errors import ConfigError
from runtime.process import Build, Process, Run
from runtime.registry import schema_registry
from runtime.settings.receiver import StageSettings
from runtime.share import Share
from runtime.topics import TopicNames
from schemas.codec import Codec
from schemas.events import DeadLetter, MeterValue
from sinks import points
from sinks.circuits import Circuits
from sinks.consumer import KafkaValues
from sinks.database import Database
from sinks.decoding import Decoder
from sinks.letters import KafkaLetters
from sinks.meters import Meters
from sinks.patience import Patience
from sinks.postgresql import Address, PostgreSQL
from sinks.reporter import KafkaReporter
from sinks.road import Road
from sinks.sql_writer import SqlWriter
from sinks.sqlite import SQLite
from sinks.watch import Watch
from sinks.worker import Worker
from sinks.writer import Receiver


def builder(name: str, share: Share) -> Build:
    """The build function of one receiver's worker."""

    def build(process: Process) -> Run:
        return worker(process, name, share).run

    return build


def worker(process: Process, name: str, share: Share) -> Worker:
    """A receiver's worker.

    Raises:
        ConfigError: the points file, the DSN or the path is not as it must be; every problem of them.
    """
    settings = process.settings
    receiver = settings.receivers[name]
    wanted, database = _every_problem(
        lambda: points.read(receiver.points), lambda: database_of(name, receiver, process.environment)
    )
    names = TopicNames.of(settings)
    registry = schema_registry(settings.registry, process.environment)
    codec = Codec(MeterValue, registry)
    writer = SqlWriter(database, Receiver(name, settings.epoch, wanted.fingerprint))
    road = Road(
        values=KafkaValues(settings, receiver.batch, share),
        decoder=lambda partitions: Decoder(codec, writer.forms, wanted, partitions),
        letters=KafkaLetters(settings.kafka, names.dead_letters, Codec(DeadLetter, registry)),
        writer=writer,
        reporter=KafkaReporter(settings.kafka, names.values, names.sink_group(name)),
    )
    meters, patience = Meters(process.registry, name), Patience(process.health, process.stop)
    circuits = Circuits.of(settings.dead_letters, name, meters.stopped)
    watch = Watch(process.health, process.stop, meters, patience, circuits)
    return Worker(name, road, watch)


def _every_problem(
    read_points: Callable[[], points.Points], make_database: Callable[[], Database]
) -> tuple[points.Points, Database]:
    wanted: points.Points | None = None
    database: Database | None = None
    problems: list[str] = []
    try:
        wanted = read_points()
    except ConfigError as error:
        problems += error.problems
    try:
        database = make_database()
    except ConfigError as error:
        problems += error.problems
    if wanted is None or database is None:
        raise ConfigError(problems)
    return wanted, database


def database_of(name: str, stage: StageSettings, environment: Mapping[str, str]) -> Database:
    """A connection to the database of a receiver's stage, not yet opened. ``name``: as messages have it.

    Raises:
        ConfigError: the DSN or the path is not as it must be.
    """
    match stage.database:
        case "postgresql":
            return PostgreSQL(Address(name, _dsn(name, stage, environment), stage.database_schema, stage.timeout))
        case "sqlite":
            return SQLite(name, _writable(name, stage.path), stage.timeout)
    raise ConfigError([f"receivers.{name}.database: {stage.database} is not there yet"])


def _dsn(name: str, stage: StageSettings, environment: Mapping[str, str]) -> str:
    if stage.dsn is None:
        raise ConfigError([f"receivers.{name}.dsn: missing"])
    return stage.dsn.reveal(environment)


def _writable(name: str, path: Path | None) -> Path:
    """The path of a file that is, or can be made, where it is to stand."""
    if path is None:
        raise ConfigError([f"receivers.{name}.path: missing"])
    if not path.parent.is_dir():
        raise ConfigError([f"receivers.{name}.path: there is no directory {path.parent}; make it"])
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ConfigError([f"receivers.{name}.path: {path} cannot be written; choose another or give the right"])
    return path
