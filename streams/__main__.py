"""``python -m streams``: one streams worker. Several share the partitions."""

import os
import sys
from pathlib import Path

import click

from runtime.process import Invocation, check_option, config_option, main
from streams.worker import build


@click.command()
@config_option
@check_option
def streams(config: Path | None, check_config: bool) -> None:
    """Turns readings into meter values."""
    sys.exit(main(Invocation("streams", config, check_config, os.environ), ("streams",), build))


if __name__ == "__main__":
    streams()
