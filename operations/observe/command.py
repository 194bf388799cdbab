"""`meterstream observe`: a process beside the stages that tells what none of them can know."""

import os
import sys

import click

from operations.invocation import config_option, file, settings
from operations.observe.observer import build
from runtime.process import Invocation, main


@click.command()
@config_option
def observe() -> None:
    """Serves metrics of dead letters, topics, consumer groups and brokers, until it is stopped.

    One is enough for a system. It only reads, and keeps nothing.
    """
    settings()  # reports problems and heeds --check-config, as every command does
    sys.exit(main(Invocation("observer", file(), check_config=False, environment=os.environ), (), build))
