"""``python -m sinks --receiver NAME [--stage test]``: one receiver's values into its database; ``--all``: of all."""

import os
import sys
from pathlib import Path

import click

from runtime.process import Invocation, check_option, config_option, live, main
from runtime.settings.load import load_apart
from runtime.settings.receiver import Stage
from runtime.share import Share, ShareType
from sinks.build import Delivery, builder
from sinks.supervision import supervisor


@click.command()
@click.option("--receiver", default=None, help="The receiver's name in the settings.")
@click.option(
    "--stage", type=click.Choice(["production", "test"]), default="production", show_default=True, help="Which one."
)
@click.option("--all", "every", is_flag=True, help="A process for each receiver and stage, as the settings have them.")
@click.option("--share", type=ShareType(Share), default="1/1", help="Deliver only this share of the partitions.")
@click.option("--announce", type=int, default=None, hidden=True, help="A descriptor to write the served address to.")
@config_option
@check_option
def sinks(
    receiver: str | None,
    stage: Stage,
    every: bool,
    share: Share,
    announce: int | None,
    config: Path | None,
    check_config: bool,
) -> None:
    """Delivers the values of one receiver into its database; with --all those of every receiver."""
    invocation = Invocation("sinks" if every else "sink", config, check_config, os.environ, announce)
    if every and receiver is None:
        build = supervisor.builder(invocation.file, check_only=check_config)
        sys.exit(live(invocation, lambda file, environment: load_apart(file, environment).settings, build))
    if every or receiver is None:
        raise click.UsageError("give --receiver NAME, or --all")
    delivery = Delivery(receiver, stage, share)
    sys.exit(main(invocation, (delivery.section,), builder(delivery)))


if __name__ == "__main__":
    sinks()
