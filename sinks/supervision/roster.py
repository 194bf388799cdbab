"""Which workers the settings ask for – one for each receiver and stage – and what is wrong with each."""

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime import logs
from runtime.errors import ConfigError
from runtime.process import Process
from runtime.settings.load import load_apart
from runtime.settings.receiver import IN_A_FILE, ReceiverSettings, Stage, StageSettings, label
from runtime.settings.secret import MissingSecret, Secrets
from runtime.settings.tree import Settings
from runtime.share import Share
from sinks.build import Delivery, builder

STAGES: tuple[Stage, ...] = ("production", "test")


@dataclass(frozen=True, order=True)
class Place:
    """What one worker is for."""

    receiver: str
    stage: Stage

    @property
    def label(self) -> str:
        """``vitec``, ``vitec.test``."""
        return label(self.receiver, self.stage)


@dataclass(frozen=True)
class Roster:
    """The workers of one settings file.

    Attributes:
        settings: without the receivers that are in ``wrong``.
        sections: what each worker's settings are; it is started again where they have become others.
        wrong: what is not as it must be in the sections of other receivers, by their names.
    """

    settings: Settings
    sections: Mapping[Place, Hashable]
    wrong: Mapping[str, Sequence[str]]


def read(file: Path | None, environment: Mapping[str, str]) -> Roster:
    """Reads the settings; of receivers their form only: :func:`problems` says the rest.

    Raises:
        ConfigError: what concerns all receivers is not as it must be.
    """
    apart = load_apart(file, environment)
    settings = apart.settings
    common = (settings.epoch, settings.kafka, settings.topics, settings.registry, settings.log, settings.dead_letters)
    sections = {
        Place(name, stage): (common, *own)
        for name, receiver in settings.receivers.items()
        for stage, own in _sections(receiver)
    }
    return Roster(settings, sections, apart.wrong)


def _sections(receiver: ReceiverSettings) -> Iterator[tuple[Stage, tuple[object, ...]]]:
    yield "production", (receiver.model_copy(update={"test": None}), receiver.test is None)
    if receiver.test is not None:
        shared = (receiver.points, receiver.layouts, receiver.zone, receiver.policy)
        yield "test", (receiver.test, *shared)


def problems(settings: Settings, place: Place, environment: Mapping[str, str]) -> Sequence[str]:
    """Why its worker would not start: its points, layouts, secrets, and an address that is another's too."""
    found = [*_shared(settings, place, environment), *_shared_tables(settings, place, environment)]
    try:
        delivery = Delivery(place.receiver, place.stage, Share(1, 1))
        builder(delivery)(Process(settings, environment, logs.Pseudonyms(settings.log, environment)))
    except ConfigError as error:
        found += error.problems
    return list(dict.fromkeys(found))


def every_problem(roster: Roster, environment: Mapping[str, str]) -> dict[str, Sequence[str]]:
    """What is wrong with each receiver's stage, by its label, or with a receiver's section, by its name."""
    found = dict(roster.wrong)
    for place in roster.sections:
        if lines := problems(roster.settings, place, environment):
            found[place.label] = lines
    return found


def look(settings: Settings, place: Place, environment: Mapping[str, str]) -> Hashable:
    """Another value as soon as the points file, a layout of one's own or the secret has changed."""
    receiver = settings.receivers[place.receiver]
    stage = receiver.stage(place.stage)
    files = (receiver.points, *map(Path, receiver.layouts))
    return (*map(_stamp, files), None if stage is None else _digest(stage.dsn, environment))


def _stamp(file: Path) -> Hashable:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _digest(secrets: Secrets | None, environment: Mapping[str, str]) -> str | None:
    """Equal for equal secrets, without being one."""
    try:
        texts = [] if secrets is None else [text for _, text in secrets.readable(environment)]
    except MissingSecret:
        return None
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _shared(settings: Settings, place: Place, environment: Mapping[str, str]) -> Iterator[str]:
    """Two workers must not write into the same tables: the second to come would only say whose they are."""
    standing: dict[Hashable, list[str]] = defaultdict(list)
    for name, receiver in settings.receivers.items():
        for stage in STAGES:
            address = receiver.stage(stage)
            if address is not None and (where := _where(address, environment)):
                standing[where].append(label(name, stage))
    for labels in standing.values():
        if place.label in labels and len(labels) > 1:
            others = ", ".join(other for other in labels if other != place.label)
            yield (
                f"receivers.{place.label}: its address is that of {others} too; give each its own "
                "(another database, database_schema or path)"
            )


def _shared_tables(settings: Settings, place: Place, environment: Mapping[str, str]) -> Iterator[str]:
    """Nor into the same table of the customer's."""
    standing: dict[tuple[Hashable, str], list[str]] = defaultdict(list)
    for name, receiver in settings.receivers.items():
        for stage in STAGES:
            if (address := receiver.stage(stage)) is not None:
                where = address.path if address.dsn is None else _digest(address.dsn, environment)
                for table in address.into.values():
                    standing[where, table].append(label(name, stage))
    for (_, table), labels in standing.items():
        if place.label in labels and len(labels) > 1:
            others = ", ".join(other for other in labels if other != place.label)
            yield f"receivers.{place.label}.into: table {table} is that of {others} too; give each its own"


def _where(address: StageSettings, environment: Mapping[str, str]) -> Hashable:
    if address.database in IN_A_FILE:
        return None if address.path is None else str(address.path.absolute())
    digest = _digest(address.dsn, environment)
    return None if digest is None else (digest, address.database_schema)
