"""``python -m sinks --receiver NAME [--stage test]``: delivers the values of one receiver into its database."""

import os
import sys
from pathlib import Path

import click

from runtime.process import Invocation, check_option, config_option, main
from runtime.settings.receiver import Stage
from runtime.share import Share, ShareType
from sinks.build import Delivery, builder


@click.command()
@click.option("--receiver", required=True, help="The receiver's name in the settings.")
@click.option(
    "--stage", type=click.Choice(["production", "test"]), default="production", show_default=True, help="Which one."
)
@click.option("--share", type=ShareType(Share), default="1/1", help="Deliver only this share of the partitions.")
@config_option
@check_option
def sinks(receiver: str, stage: Stage, share: Share, config: Path | None, check_config: bool) -> None:
    """Delivers the values of one receiver into its database."""
    invocation = Invocation(config, check_config, os.environ)
    delivery = Delivery(receiver, stage, share)
    sys.exit(main(invocation, (delivery.section,), builder(delivery)))


if __name__ == "__main__":
    sinks()
