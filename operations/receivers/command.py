"""The group of commands; each has a file of its own, a new one is added to the list below."""

import click

from operations.invocation import Commands
from operations.receivers.check import check
from operations.receivers.compare import compare
from operations.receivers.go_live import go_live, pause, resume, retire
from operations.receivers.layouts import layouts
from operations.receivers.points import points
from operations.receivers.read_back import read_back
from operations.receivers.rewind import rewind
from operations.receivers.sign_off import sign_off
from operations.receivers.upkeep import refill, switch
from operations.receivers.verify import verify


@click.group(cls=Commands)
def receivers() -> None:
    """The receiving systems: from the choice of metering points to live."""


for command in (
    points,
    check,
    layouts,
    sign_off,
    go_live,
    compare,
    verify,
    read_back,
    pause,
    resume,
    rewind,
    retire,
    refill,
    switch,
):
    receivers.add_command(command)
