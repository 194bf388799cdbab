"""`meterstream status`: the running system, as Kafka and the processes themselves see it."""

import os
from dataclasses import dataclass

import click
import msgspec

from operations import status_tables
from operations.dead_letter_counts import DeadLetterCounts, dead_letter_counts
from operations.invocation import config_option, settings
from operations.paper import paper
from operations.progress import Progress, progress
from operations.scraped import ProcessState, ask
from operations.topic_reader import Bounds


@dataclass(frozen=True)
class Status:
    """Everything that is shown; ``--json`` prints it as it stands."""

    progress: Progress
    dead_letters: DeadLetterCounts
    processes: tuple[ProcessState, ...]


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option("--metrics", "addresses", multiple=True, metavar="URL", help="Ask this process too; may be repeated.")
@click.option("--dead-letters", "newest", default=Bounds.offsets, show_default=True, help="How many to read at most.")
def status(as_json: bool, addresses: tuple[str, ...], newest: int) -> None:
    """Shows the running system: topics, how far streams and each receiver are, dead letters by reason."""
    configured = settings()
    found = Status(
        progress=progress(configured),
        dead_letters=dead_letter_counts(configured, os.environ, Bounds(offsets=newest)),
        processes=tuple(ask(address) for address in addresses),
    )
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
        return
    console = paper()
    for table in status_tables.tables(found.progress, found.dead_letters, found.processes):
        console.print(table)
