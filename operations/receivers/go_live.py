"""``go-live``, ``pause``, ``resume``, ``retire``: whether values are delivered."""

import click

from operations.invocation import config_option
from operations.receivers.catching_up import ends, watch
from operations.receivers.signed_off import SignOff, signed_off
from operations.receivers.stages import Chosen, choose, stage_option, who_option
from runtime.errors import ConfigError
from runtime.kafka_admin import admin
from runtime.settings.receiver import Stage
from runtime.topics import TopicNames
from sinks.upkeep import entry


@click.command("go-live")
@config_option
@click.argument("name")
@who_option
@click.option("--without-sign-off", metavar="REASON", help="Although nobody signed off its test stage; is recorded.")
@click.option("--within", type=float, default=600.0, show_default=True, help="Seconds to wait until it has caught up.")
def go_live(name: str, who: str | None, without_sign_off: str | None, within: float) -> None:
    """Starts production, and waits until it has caught up.

    Its worker may run already: it waits for this. Where the receiver has a test stage, somebody must have signed that
    off, with the points, layouts and policy that production has now (meterstream receivers sign-off).
    """
    chosen = choose(name)
    confirmed = _confirmed(chosen, without_sign_off)
    goal = ends(chosen)
    detail = {"without": without_sign_off} if confirmed is None else {"sha256": confirmed.sha256, "by": confirmed.who}
    before = chosen.upkeep().enter("live", entry("go_live", who, **detail), new=True)
    said = f"signed off by {confirmed.who}" if confirmed else f"without sign-off: {without_sign_off}"
    click.echo(f"{name}: {'was live already' if before == 'live' else 'production starts'} ({said})")
    if chosen.address.history_from:
        click.echo(f"{name}: periods from {chosen.address.history_from} on")
    seconds = watch(chosen, goal, within)
    click.echo(f"{name} is live: {sum(goal.values()):,} records of the feed read in {seconds:.1f} s")


def _confirmed(chosen: Chosen, without: str | None) -> SignOff | None:
    if without is not None or chosen.receiver.test is None:
        return None
    found = signed_off(choose(chosen.name, "test"))
    if found is None:
        raise ConfigError(
            [f"{chosen.name}: nobody has signed off its test stage; meterstream receivers sign-off {chosen.name}"]
        )
    if found.changed:
        raise ConfigError(
            [
                f"{chosen.name}: {', '.join(found.changed)} changed since {found.who} signed off its test stage; "
                f"sign off what is to be delivered: meterstream receivers sign-off {chosen.name}"
            ]
        )
    return found


@click.command()
@config_option
@click.argument("name")
@stage_option
@who_option
def pause(name: str, stage: Stage, who: str | None) -> None:
    """Has nothing delivered until ``resume``. The worker keeps its place; it hears of it within seconds."""
    chosen = choose(name, stage)
    upkeep = chosen.upkeep()
    if (state := upkeep.state()) != "live":
        raise ConfigError([f"{chosen.label} is {state}: there is nothing to pause"])
    upkeep.enter("paused", entry("pause", who))
    click.echo(f"{chosen.label} is paused; meterstream receivers resume {chosen.arguments} has it go on")


@click.command()
@config_option
@click.argument("name")
@stage_option
@who_option
def resume(name: str, stage: Stage, who: str | None) -> None:
    """Has values delivered again, from where the worker stopped: nothing is left out."""
    chosen = choose(name, stage)
    upkeep = chosen.upkeep()
    if (state := upkeep.state()) == "waiting":
        raise ConfigError([f"{chosen.label} was never live; meterstream receivers go-live {name}"])
    upkeep.enter("live", entry("resume", who))
    click.echo(f"{chosen.label} {'was live already' if state == 'live' else 'goes on where it stopped'}")


@click.command()
@config_option
@click.argument("name")
@stage_option
@who_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def retire(name: str, stage: Stage, who: str | None, yes: bool) -> None:
    """Ends the delivery for good. The tables stay; the group in Kafka that lag tools see is deleted."""
    chosen = choose(name, stage)
    if not yes:
        click.confirm(f"{chosen.label} is given nothing any more. Go on?", abort=True)
    chosen.upkeep().enter("retired", entry("retire", who))
    group = TopicNames.of(chosen.settings).sink_group(chosen.label)
    with admin(chosen.settings.kafka) as client:
        said = client.delete_groups([group])[group]
    click.echo(
        f"{chosen.label} is retired. Its section in the settings can go; its tables are its owner's. "
        f"Group {group}: {'deleted' if said == 'OK' else said}"
    )
