"""`meterstream receivers`: the receiving systems' databases."""

import os

import click

from operations.invocation import Commands, config_option, settings
from runtime.errors import ConfigError
from sinks import upkeep
from sinks.build import database_of
from sinks.database import Database


@click.group(cls=Commands)
def receivers() -> None:
    """The receiving systems' databases."""


@receivers.command()
@config_option
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def refill(name: str, yes: bool) -> None:
    """Has a receiver filled anew from the values topic, which holds the newest of every row.

    For a table that was dropped, rows that were deleted, or rows that the database refused and would take now. Rows
    that are there are kept. Its worker may run: it ends with 72, and reads from the start when it is started again.
    """
    database, epoch = _receiver(name)
    if not yes:
        click.confirm(f"{name} reads every value of epoch {epoch} again. Go on?", abort=True)
    upkeep.refill(database, name, epoch)
    click.echo(f"{name} stands at the start of epoch {epoch}: its worker reads every value again.")


@receivers.command()
@config_option
@click.argument("name")
def switch(name: str) -> None:
    """Has a receiver's view turned to the configured epoch although the one before knows newer readings.

    Without it the view is turned when the new epoch knows as much of every series: never, where a series has ended.
    """
    database, epoch = _receiver(name)
    upkeep.switch(database, name, epoch)
    click.echo(f"the view of {name} shows epoch {epoch} as soon as its worker has caught up.")


def _receiver(name: str) -> tuple[Database, str]:
    configured = settings()
    receiver = configured.receivers.get(name)
    if receiver is None:
        known = ", ".join(sorted(configured.receivers)) or "none"
        raise ConfigError([f"receivers.{name}: there is no such receiver; the settings have: {known}"])
    return database_of(name, receiver, os.environ), configured.epoch
