"""Which receiver and stage a command is for."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import click

from operations.invocation import settings_for
from runtime.errors import ConfigError
from runtime.settings.receiver import ReceiverSettings, Stage, StageSettings, label
from runtime.settings.tree import Settings
from sinks.build import database_of, points_of
from sinks.database import Database
from sinks.points.file import PointsFile
from sinks.upkeep import Upkeep

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Chosen:
    """A receiver's stage, as the settings have it."""

    settings: Settings
    name: str
    stage: Stage

    @property
    def label(self) -> str:
        """``vitec``, ``vitec.test``."""
        return label(self.name, self.stage)

    @property
    def receiver(self) -> ReceiverSettings:
        """The receiver, whichever the stage."""
        return self.settings.receivers[self.name]

    @property
    def address(self) -> StageSettings:
        """Where the stage stands."""
        return cast(StageSettings, self.receiver.stage(self.stage))  # looked at by choose()

    def database(self) -> Database:
        """A connection to the stage's database, not yet opened.

        Raises:
            ConfigError: its address is not as it must be.
        """
        return database_of(self.label, self.address, os.environ)

    @property
    def arguments(self) -> str:
        """How a command of this group names it."""
        return self.name if self.stage == "production" else f"{self.name} --stage {self.stage}"

    @property
    def options(self) -> str:
        """How its worker is started."""
        return f"--receiver {self.arguments}"

    def points(self) -> PointsFile:
        """The points that it is given.

        Raises:
            ConfigError: the file cannot be used; every problem with its line.
        """
        return points_of(self.name, self.receiver, self.address)

    def upkeep(self) -> Upkeep:
        """The stage's tables.

        Raises:
            ConfigError: its address is not as it must be.
        """
        return Upkeep(self.database(), self.label, self.settings.epoch)


def stage_option(command: F) -> F:
    """``--stage``."""
    option = click.option(
        "--stage", type=click.Choice(["production", "test"]), default="production", show_default=True, help="Which one."
    )
    return option(command)


def who_option(command: F) -> F:
    """``--who``."""
    option = click.option("--who", metavar="NAME", help="Who does it, for the journal; default: who is logged in.")
    return option(command)


def choose(name: str, stage: Stage = "production") -> Chosen:
    """The receiver's stage of this invocation's settings.

    Raises:
        ConfigError: there is no such receiver, or it has no such stage.
    """
    configured = settings_for(name)
    receiver = configured.receivers.get(name)
    if receiver is None:
        known = ", ".join(sorted(configured.receivers)) or "none"
        raise ConfigError([f"receivers.{name}: there is no such receiver; the settings have: {known}"])
    if receiver.stage(stage) is None:
        raise ConfigError(
            [f"receivers.{name}.{stage}: there is no such stage; write a section [receivers.{name}.test]"]
        )
    return Chosen(configured, name, stage)
