"""``refill`` and ``switch``: mending and turning what a receiver sees."""

import click

from operations.invocation import config_option
from operations.receivers.stages import choose, stage_option
from runtime.settings.receiver import Stage


@click.command()
@config_option
@click.argument("name")
@stage_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def refill(name: str, stage: Stage, yes: bool) -> None:
    """Has a receiver filled anew from the values topic, which holds the newest of every row.

    For a table that was dropped, rows that were deleted, or rows that the database refused and would take now. Rows
    that are there are kept. Its worker may run: it ends with 72, and reads from the start when it is started again.
    """
    chosen = choose(name, stage)
    epoch = chosen.settings.epoch
    if not yes:
        click.confirm(f"{chosen.label} reads every value of epoch {epoch} again. Go on?", abort=True)
    chosen.upkeep().refill()
    click.echo(f"{chosen.label} stands at the start of epoch {epoch}: its worker reads every value again.")


@click.command()
@config_option
@click.argument("name")
@stage_option
def switch(name: str, stage: Stage) -> None:
    """Has a receiver's view turned to the configured epoch although the one before knows newer readings.

    Without it the view is turned when the new epoch knows as much of every series: never, where a series has ended.
    """
    chosen = choose(name, stage)
    chosen.upkeep().switch()
    click.echo(f"the view of {chosen.label} shows epoch {chosen.settings.epoch} as soon as its worker has caught up.")
