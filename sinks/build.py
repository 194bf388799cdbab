"""Puts a sink worker together: settings and points in, a worker out. Connects to nothing."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

from runtime.errors import ConfigError
from runtime.process import Build, Process, Run
from runtime.registry import schema_registry
from runtime.settings.receiver import ReceiverSettings, Stage, StageSettings, label
from runtime.share import Share
from runtime.topics import TopicNames
from runtime.zones import zone_of
from schemas.codec import Codec
from schemas.events import DeadLetter, MeterValue
from sinks.circuits import Circuits
from sinks.consumer import KafkaValues
from sinks.database import Database
from sinks.decoding import Decoder
from sinks.files.build import Said, files_writer
from sinks.files.state import FilesState
from sinks.layouts import Layout, layout_statements, load
from sinks.letters import KafkaLetters
from sinks.mariadb.database import MariaDB
from sinks.meters import Meters
from sinks.patience import Patience
from sinks.points.file import Given, PointsFile
from sinks.postgresql.database import Address, PostgreSQL
from sinks.projections.projection import projected, projections_of
from sinks.projections.writer import ProjectingWriter
from sinks.reporter import KafkaReporter
from sinks.road import Road
from sinks.rotation import rotating
from sinks.sql_writer import SqlWriter
from sinks.sqlite.database import SQLite
from sinks.sqlserver import database as sqlserver
from sinks.sqlserver.database import SQLServer
from sinks.watch import Watch
from sinks.worker import Worker
from sinks.writer import Receiver, Writer

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
T = TypeVar("T")


@dataclass(frozen=True)
class Delivery:
    """What one process delivers: a share of the partitions to a receiver's stage."""

    receiver: str
    stage: Stage
    share: Share

    @property
    def section(self) -> str:
        """The section of the settings that it needs."""
        return f"receivers.{self.receiver}" + ("" if self.stage == "production" else f".{self.stage}")


def builder(delivery: Delivery) -> Build:
    """The build function of one worker."""

    def build(process: Process) -> Run:
        return worker(process, delivery).run

    return build


def worker(process: Process, delivery: Delivery) -> Worker:
    """The worker of a receiver's stage.

    Raises:
        ConfigError: the points file, the DSN or the path is not as it must be; every problem of them.
    """
    settings, receiver = process.settings, process.settings.receivers[delivery.receiver]
    stage, name = receiver.stage(delivery.stage), label(delivery.receiver, delivery.stage)
    if stage is None:
        raise ConfigError([f"receivers.{delivery.receiver}: it has no stage {delivery.stage}"])
    points, database, layouts = _every_problem(
        lambda: points_of(delivery.receiver, receiver, stage),
        lambda: database_of(name, stage, process.environment),
        lambda: layouts_of(delivery.receiver, receiver, stage),
    )
    if delivery.share.count > 1 and isinstance(database, FilesState):
        raise ConfigError([f"receivers.{name}: its drops are made by one worker; start it without --share"])
    names = TopicNames.of(settings)
    registry = schema_registry(settings.registry, process.environment)
    codec = Codec(MeterValue, registry)
    waits = delivery.stage == "production" and receiver.test is not None
    meters = Meters(process.registry, delivery.receiver, delivery.stage)
    writer = _writer(database, Receiver(name, settings.epoch, waits, layouts), delivery, receiver, meters)

    def values() -> KafkaValues:
        return KafkaValues(settings, stage.batch, delivery.share)

    road = Road(
        values=values(),
        again=values,
        points=points,
        decoder=lambda partitions, some: Decoder(codec, writer.forms, some, partitions),
        letters=KafkaLetters(settings.kafka, names.dead_letters, Codec(DeadLetter, registry)),
        writer=writer,
        reporter=KafkaReporter(settings.kafka, names.values, names.sink_group(name)),
    )
    patience = Patience(process.health, process.stop)
    circuits = Circuits.of(settings.dead_letters, name, meters.condition.stopped)
    watch = Watch(process.health, process.stop, meters, patience, circuits)
    return Worker(name, road, watch)


def _writer(
    database: Database, whose: Receiver, delivery: Delivery, settings: ReceiverSettings, meters: Meters
) -> Writer:
    if isinstance(database, FilesState):
        about = Said(delivery.receiver, delivery.stage, zone_of(settings.zone), meters.drops().inc)
        return files_writer(database, whose, (settings.stage(delivery.stage) or settings).files, about)
    rows = SqlWriter(database, whose)
    return ProjectingWriter(rows) if projections_of(whose.layouts) else rows


def _every_problem(
    read_points: Callable[[], A], make_database: Callable[[], B], read_layouts: Callable[[], C]
) -> tuple[A, B, C]:
    """What three calls give.

    Raises:
        ConfigError: what any of them says.
    """
    problems: list[str] = []

    def tried(call: Callable[[], T]) -> T | None:
        try:
            return call()
        except ConfigError as error:
            problems.extend(error.problems)
            return None

    found = tried(read_points), tried(make_database), tried(read_layouts)
    if problems:
        raise ConfigError(problems)
    return cast(tuple[A, B, C], found)


def layouts_of(name: str, receiver: ReceiverSettings, stage: StageSettings) -> tuple[Layout, ...]:
    """The layouts of a receiver's stage.

    Raises:
        ConfigError: every problem: one that there is not, or that cannot be made, two of one name.
    """
    try:
        found = load(receiver.layouts, Path(), receiver.policy, receiver.zone)
        for layout in found if stage.database != "files" else ():
            layout_statements(layout, stage.database)
    except ConfigError as error:
        raise ConfigError([f"receivers.{name}.layouts: {problem}" for problem in error.problems]) from None
    return projected(found, stage.into, f"receivers.{name}.into")


def points_of(name: str, receiver: ReceiverSettings, stage: StageSettings) -> PointsFile:
    """The points file of a receiver's stage, which was read once.

    Raises:
        ConfigError: it cannot be used; every problem with its line.
    """
    try:
        zone = zone_of(receiver.zone)
    except ValueError as error:
        raise ConfigError([f"receivers.{name}.zone: {error}"]) from None
    file = PointsFile(receiver.points, Given(zone, stage.history_from))
    file.read()
    return file


def database_of(name: str, stage: StageSettings, environment: Mapping[str, str]) -> Database:
    """A connection to the database of a receiver's stage, not yet opened. ``name``: as messages have it.

    Raises:
        ConfigError: the DSN or the path is not as it must be.
    """
    match stage.database:
        case "postgresql":
            return _rotating(
                name,
                stage,
                environment,
                lambda dsn: PostgreSQL(Address(name, dsn, stage.database_schema, stage.timeout)),
            )
        case "mariadb":
            return _rotating(name, stage, environment, lambda dsn: MariaDB(name, dsn, stage.timeout))
        case "sqlite":
            return SQLite(name, _writable(name, stage.path), stage.timeout)
        case "files":
            return FilesState(name, _folder(name, stage.path), stage.timeout)
        case "sqlserver":
            return _rotating(
                name,
                stage,
                environment,
                lambda dsn: SQLServer(sqlserver.Address(name, dsn, stage.database_schema, stage.timeout)),
            )
    raise ConfigError([f"receivers.{name}.database: {stage.database} is not there yet"])


def _rotating(
    name: str, stage: StageSettings, environment: Mapping[str, str], make: Callable[[str], Database]
) -> Database:
    """A database whose DSN is read at each connection. ``make``: of one DSN."""
    if stage.dsn is None:
        raise ConfigError([f"receivers.{name}.dsn: missing"])
    return rotating(name, partial(stage.dsn.readable, environment), make)


def _writable(name: str, path: Path | None) -> Path:
    """The path of a file that is, or can be made, where it is to stand."""
    if path is None:
        raise ConfigError([f"receivers.{name}.path: missing"])
    if not path.parent.is_dir():
        raise ConfigError([f"receivers.{name}.path: there is no directory {path.parent}; make it"])
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ConfigError([f"receivers.{name}.path: {path} cannot be written; choose another or give the right"])
    return path


def _folder(name: str, path: Path | None) -> Path:
    """The path of a folder that is there and takes files."""
    if path is None:
        raise ConfigError([f"receivers.{name}.path: missing"])
    if not path.is_dir():
        raise ConfigError([f"receivers.{name}.path: there is no folder {path}; make it"])
    if not os.access(path, os.W_OK | os.X_OK):
        raise ConfigError([f"receivers.{name}.path: the folder {path} cannot be written; give the right"])
    return path
