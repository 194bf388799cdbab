"""``rewind``: what was delivered since a day is delivered again, beside the live feed."""

from datetime import UTC, datetime

import click

from operations.invocation import config_option
from operations.receivers.catching_up import offsets, watch
from operations.receivers.stages import choose, stage_option, who_option
from runtime.settings.receiver import Stage
from runtime.zones import zone_of
from schemas import instants
from sinks.points.file import Given
from sinks.upkeep import entry

MILLISECOND = instants.SECOND // 1000


@click.command()
@config_option
@click.argument("name")
@stage_option
@who_option
@click.option("--to", "since", type=click.DateTime(["%Y-%m-%d"]), required=True, help="A day in the receiver's zone.")
@click.option("--rewrite", is_flag=True, help="Also replaces rows of the same version; else only what is missing.")
@click.option("--within", type=float, default=600.0, show_default=True, help="Seconds to wait until it is done.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def rewind(name: str, stage: Stage, who: str | None, since: datetime, rewrite: bool, within: float, yes: bool) -> None:
    """Has everything that was published since a day delivered again.

    That is every period since, and what was corrected of earlier ones. Rows that are missing come back; no newer row
    is replaced by an older one. The worker need not be restarted, and what is new keeps its pace meanwhile.
    """
    chosen = choose(name, stage)
    begin = Given(zone_of(chosen.receiver.zone)).instant(since.date())
    if not yes:
        click.confirm(f"{chosen.label} reads what was published since {since:%Y-%m-%d} again. Go on?", abort=True)
    found = offsets(chosen, begin // MILLISECOND)
    noted = entry("rewind", who, to=f"{since:%Y-%m-%d}", rewrite=rewrite)
    count = chosen.upkeep().rewind(found, rewrite, noted)
    click.echo(f"{chosen.label}: {count:,} records are read again")
    seconds = watch(chosen, {}, within)
    click.echo(f"{chosen.label}: done in {seconds:.1f} s ({datetime.now(UTC):%H:%M:%S} UTC)")
