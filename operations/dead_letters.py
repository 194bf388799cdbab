"""`meterstream dead-letters`: what could not be used – looked at, and put back."""

import getpass
import os
import secrets
import socket
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from operations import dead_letter_views as views
from operations.dead_letter_box import Choice, DeadLetterBox
from operations.dead_letter_fold import Folded, State
from operations.dead_letter_options import Extent, attempts_option, choice_options, extent_options
from operations.invocation import Commands, config_option, settings
from operations.paper import paper
from runtime.errors import ConfigError
from runtime.logs import Pseudonyms
from runtime.topic_admin import require
from runtime.topics import TopicNames

if TYPE_CHECKING:
    from operations.put_back_plan import Plan

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
_LISTED = ("id", "stage", "reason", "whose", "count", "last_seen", "state")
_SUMMED = ("stage", "reason", "whose", "letters", "sightings", "open", "put_back", "parked")
_OUTCOME = ("stage", "reason", "result", "letters", "detail")


@click.group("dead-letters", cls=Commands)
def dead_letters() -> None:
    """What could not be used, folded by id: many sightings of one thing are one dead letter.

    A dead letter is open; or put_back: it was, and has not been seen since; or parked: putting it back was tried
    several times in vain. One that is cut was too large to be kept whole and cannot be put back.
    """


@dead_letters.command("list")
@config_option
@choice_options
@attempts_option
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="So many at most.")
@_json
def list_(choice: Choice, attempts: int, limit: int, as_json: bool) -> None:
    """Shows them one by one, the last seen first; no value and no metering point."""
    found = sorted(_chosen(choice, attempts), key=lambda letter: letter.last_seen, reverse=True)
    lines = [views.listed(letter, attempts) for letter in found[:limit]]
    _show(f"{len(lines)} of {len(found)} dead letters", lines, _LISTED, as_json)


@dead_letters.command()
@config_option
@choice_options
@attempts_option
@_json
def summary(choice: Choice, attempts: int, as_json: bool) -> None:
    """Counts them by stage, reason, and source or receiver."""
    _show("Dead letters", views.summary(_chosen(choice, attempts), attempts), _SUMMED, as_json)


@dead_letters.command()
@config_option
@click.argument("letter_id", metavar="ID")
@attempts_option
@click.option("--reveal", is_flag=True, help="Print the original too: key, headers and value, as they were.")
@_json
def show(letter_id: str, attempts: int, reveal: bool, as_json: bool) -> None:
    """Shows everything about one but its values, and what operators did with it."""
    configured = settings()
    box = DeadLetterBox(configured, os.environ)
    letter = box.read().by_id.get(letter_id)
    whole = next(box.whole([letter]), None) if letter is not None else None
    if letter is None or whole is None:
        raise ConfigError([f"there is no dead letter {letter_id}: meterstream dead-letters list"])
    description = views.described(letter, whole, attempts, Pseudonyms(configured.log, os.environ))
    if reveal:
        description |= views.revealed(whole)
    click.echo(views.as_json(description) if as_json else "\n".join(views.rows_of(description)))


@dead_letters.command()
@config_option
@choice_options
@attempts_option
@extent_options
@_json
def replay(choice: Choice, attempts: int, extent: Extent, as_json: bool) -> None:
    """Puts the originals back where they were refused, oldest first.

    What the producer refused is mapped anew; what streams refused goes onto the readings topic; what a receiver's
    database refused goes to its worker, and into that one database only. Nothing ever beats what is newer. What would
    be a dead letter again is not put back, and counts as a try. Each try is noted for ever, with who did it. May be
    interrupted and run again.
    """
    chosen: dict[State, bool] = {"open": True, "parked": extent.parked, "put_back": extent.again}
    choice = replace(choice, states=tuple(state for state, wanted in chosen.items() if wanted))
    title = "What would come of it" if extent.dry_run else "What has come of it"
    _show(title, views.outcomes(_put_back(choice, attempts, extent)), _OUTCOME, as_json)


def _put_back(choice: Choice, attempts: int, extent: Extent) -> Iterable["Plan"]:
    # Imported here: half a second, since it maps as the producer does, and most commands put nothing back.
    from operations.put_back import PuttingBack, Signature
    from operations.put_back_plan import Planner

    configured = settings()
    names = TopicNames.of(configured)
    require(configured, [names.readings, names.dead_letters, names.put_backs])
    box = DeadLetterBox(configured, os.environ)
    folded = box.read().by_id
    chosen = [letter for letter in folded.values() if choice.holds(letter, attempts)]
    planner = Planner(configured, box.registry)
    plans = _up_to(extent.most, (planner.plan(whole) for whole in box.whole(chosen)))
    if extent.dry_run:
        return plans
    if chosen and not extent.yes:
        click.confirm(f"{min(len(chosen), extent.most)} dead letters are put back. Go on?", abort=True, err=True)
    signature = Signature(extent.operator or _who(), secrets.token_hex(16))
    return PuttingBack(configured, os.environ, box, signature).carry_out(plans, folded)


def _up_to(most: int, plans: Iterable["Plan"]) -> Iterator["Plan"]:
    """The first ones; those that can never be put back do not take the place of others."""
    for plan in plans:
        yield plan
        most -= plan.result != "impossible"
        if not most:
            return


def _chosen(choice: Choice, attempts: int) -> list[Folded]:
    letters = DeadLetterBox(settings(), os.environ).read()
    if letters.unreadable:
        click.echo(f"{letters.unreadable} records of the topic are no dead letters", err=True)
    return [letter for letter in letters.by_id.values() if choice.holds(letter, attempts)]


def _show(title: str, lines: Iterable[object], fields: tuple[str, ...], as_json: bool) -> None:
    if as_json:
        click.echo(views.as_json(list(lines)))
    else:
        paper().print(views.table(title, lines, fields))


def _who() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in many a container
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
