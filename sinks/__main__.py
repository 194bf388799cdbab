"""``python -m sinks --receiver NAME``: delivers the values of one receiver into its database."""

import os
import sys
from pathlib import Path

import click

from runtime.process import Invocation, check_option, config_option, main
from runtime.share import Share, ShareType
from sinks.build import builder


@click.command()
@click.option("--receiver", required=True, help="The receiver's name in the settings.")
@click.option("--share", type=ShareType(Share), default="1/1", help="Deliver only this share of the partitions.")
@config_option
@check_option
def sinks(receiver: str, share: Share, config: Path | None, check_config: bool) -> None:
    """Delivers the values of one receiver into its database."""
    invocation = Invocation(config, check_config, os.environ)
    sys.exit(main(invocation, (f"receivers.{receiver}",), builder(receiver, share)))


if __name__ == "__main__":
    sinks()
