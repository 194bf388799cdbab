"""`meterstream config`: the settings file."""

import os
from contextlib import suppress

import click

from operations.invocation import Commands, config_option, file, settings
from runtime.errors import ConfigError
from runtime.settings.tree import Settings
from sinks.supervision import roster


@click.group(cls=Commands)
def config() -> None:
    """The settings."""


@config.command()
@config_option
def check() -> None:
    """Checks the whole settings file – every source, every receiver – and names every problem."""
    found = _checked()
    click.echo(
        f"the configuration is valid: epoch {found.epoch}, "
        f"{len(found.sources)} sources, {len(found.receivers)} receivers"
    )


def _checked() -> Settings:
    """The settings of this invocation, where nothing is wrong with any of them.

    Raises:
        ConfigError: every problem; of receivers what ``python -m sinks --all`` would say, too.
    """
    problems: list[str] = []
    try:
        found = settings(needs=("sources", "receivers"))
    except ConfigError as error:
        problems += error.problems
    with suppress(ConfigError):  # what concerns all of them has been said
        wrong = roster.every_problem(roster.read(file(), os.environ), os.environ)
        problems += [line for lines in wrong.values() for line in lines]
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return found
