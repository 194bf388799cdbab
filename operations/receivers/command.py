"""The group of commands; each has a file of its own, a new one is added to the list below."""

import click

from operations.invocation import Commands
from operations.receivers import go_live, rewind, upkeep, verify


@click.group(cls=Commands)
def receivers() -> None:
    """The receiving systems: from the choice of metering points to live."""


for command in (
    go_live.go_live,
    go_live.pause,
    go_live.resume,
    rewind.rewind,
    go_live.retire,
    upkeep.refill,
    upkeep.switch,
    verify.verify,
):
    receivers.add_command(command)
