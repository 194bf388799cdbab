"""`meterstream schemas`: what the events are written with."""

import os

import click

from operations.invocation import Commands, config_option, settings
from runtime.registry import schema_registry
from schemas.registry import NAMES


@click.group(cls=Commands)
def schemas() -> None:
    """The Avro schemas of this release's events."""


@schemas.command()
@config_option
def register() -> None:
    """Registers them with the schema registry of the settings, as the processes would at their start.

    Run by a new release before its processes are started, it tells whether the registry takes its schemas. Nothing
    changes for the processes that run. Ends with 2 where one is refused. Without a registry it lists the ids that ship.
    """
    configured = settings()
    registry = schema_registry(configured.registry, os.environ)
    for name in NAMES:
        click.echo(f"{registry.id_of(name):>10}  meterstream.{name}")
