"""`meterstream config`: the settings file."""

import click

from operations.invocation import Commands, config_option, settings


@click.group(cls=Commands)
def config() -> None:
    """The settings."""


@config.command()
@config_option
def check() -> None:
    """Checks the whole settings file – every source, every receiver – and names every problem."""
    found = settings(needs=("sources", "receivers"))
    click.echo(
        f"the configuration is valid: epoch {found.epoch}, "
        f"{len(found.sources)} sources, {len(found.receivers)} receivers"
    )
