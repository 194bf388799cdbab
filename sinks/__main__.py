"""``python -m sinks --receiver NAME``: delivers the values of one receiver into its database."""

import os
import re
import sys
from pathlib import Path

import click

from runtime.process import Invocation, check_option, config_option, main
from sinks.build import builder
from sinks.consumer import Share


class _ShareType(click.ParamType):
    name = "i/n"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Share:
        if isinstance(value, Share):
            return value
        match = re.fullmatch(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})", str(value))
        if match is None or int(match[1]) > int(match[2]):
            self.fail(f"{value!r} is no share; write it as 2/3", param, ctx)
        return Share(int(match[1]), int(match[2]))


@click.command()
@click.option("--receiver", required=True, help="The receiver's name in the settings.")
@click.option("--share", type=_ShareType(), default="1/1", help="Deliver only this share of the partitions, as 2/3.")
@config_option
@check_option
def sinks(receiver: str, share: Share, config: Path | None, check_config: bool) -> None:
    """Delivers the values of one receiver into its database."""
    invocation = Invocation(config, check_config, os.environ)
    sys.exit(main(invocation, (f"receivers.{receiver}",), builder(receiver, share)))


if __name__ == "__main__":
    sinks()
