"""`meterstream reprocess`: a new epoch beside the old one."""

from collections.abc import Sequence

import click

from operations.invocation import config_option, settings
from operations.reprocessing import Reprocessing
from runtime.errors import ConfigError

_LOST = (
    "the new epoch cannot be built from these readings alone. With --reload what is left is copied, and the producer "
    "of the new epoch loads all that the utility still gives"
)


@click.command()
@config_option
@click.option("--from", "old", required=True, metavar="EPOCH", help="The old epoch; the settings name the new one.")
@click.option("--finish", is_flag=True, help="The old epoch's producers are stopped: carry their memory over, too.")
@click.option("--reload", "reloads", is_flag=True, help="Readings are gone: have the utility asked for them again.")
@click.option("--dry-run", is_flag=True, help="Look what there is to do, and change nothing.")
def reprocess(old: str, finish: bool, reloads: bool, dry_run: bool) -> None:
    """Builds the epoch that the settings name beside the old one, which stays as it is.

    Creates its topics and copies the readings of the old epoch, while everything runs. Run it again to copy what came
    since; with --finish once the old epoch's producers are stopped. May be interrupted and run again. Ends with 2, and
    has changed nothing, where readings are gone.
    """
    task = Reprocessing(settings(), old)
    _start(task, old, reloads=reloads)
    if dry_run:
        return
    copied = task.copy(click.echo)
    if not finish:
        click.echo(f"copied {copied:,} readings. Start streams with these settings; the next steps: docs/operations.md")
        return
    points = task.finish(click.echo, with_memory=not reloads)
    click.echo(f"finished: every reading is copied, {points:,} points are remembered. Start the producer with these")
    click.echo("settings; then the sinks, once `meterstream status` shows that streams has caught up.")


def _start(task: Reprocessing, old: str, *, reloads: bool) -> None:
    found = task.look()
    if found.lost and not reloads:
        raise ConfigError([*found.lost, _LOST])
    _list(found.lost)
    click.echo(f"{found.to_copy:,} readings of epoch {old} are to be copied")
    if reloads:
        click.echo("the producer's memory is not carried over: the utility is asked for everything again")


def _list(lost: Sequence[str]) -> None:
    for what in lost:
        click.echo(f"lost: {what}")
