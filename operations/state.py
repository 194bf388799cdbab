"""`meterstream state`: what streams remembers of the readings."""

import click

from operations import rebuild as rebuilding
from operations.invocation import Commands, config_option, settings


@click.group(cls=Commands)
def state() -> None:
    """What streams remembers of the readings."""


@state.command()
@config_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def rebuild(yes: bool) -> None:
    """Has streams build its state anew from the readings, for a state that does not match its group's offset.

    Every streams worker must be stopped. The group's offsets and the state topic are deleted, the topic is created
    anew; the workers then read every reading again. Ends with 2, and has changed nothing, where the readings are not
    whole or workers run. May be interrupted and run again.
    """
    configured = settings()
    task = rebuilding.look(configured, say=click.echo)
    if not yes:
        click.confirm(f"{task.state} is deleted, and {task.readings:,} readings are read again. Go on?", abort=True)
    rebuilding.rebuild(configured)
    click.echo(
        f"{task.state} is empty. Start the streams workers: they read {task.readings:,} readings again and publish the "
        "same rows under the same sequences; the receivers change nothing."
    )
