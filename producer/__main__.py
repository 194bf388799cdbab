"""``python -m producer``: polls the sources and publishes what they say."""

import os
import sys
from pathlib import Path

import click

from producer.build import Options, builder
from producer.points import Shard
from runtime.process import Invocation, check_option, config_option, main
from runtime.share import ShareType


@click.command()
@config_option
@check_option
@click.option("--shard", type=ShareType(Shard), default="1/1", help="Poll only this share of the points, such as 2/3.")
@click.option("--source", default=None, help="Poll only this source.")
@click.option("--full-sweep", is_flag=True, help="Begin by publishing the whole history again, changed or not.")
def producer(config: Path | None, check_config: bool, shard: Shard, source: str | None, full_sweep: bool) -> None:
    """Polls the utilities' APIs and publishes their readings."""
    needs = ("sources",) if source is None else (f"sources.{source}",)
    invocation = Invocation("producer", config, check_config, os.environ)
    sys.exit(main(invocation, needs, builder(Options(shard, source, full_sweep))))


if __name__ == "__main__":
    producer()
