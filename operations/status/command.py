"""`meterstream status`: one screen that says whether everything is fresh, and whether everything is complete."""

import os

import click

from operations.invocation import config_option, settings
from operations.paper import paper
from operations.status.findings import findings, healthy
from operations.status.looking import Looking
from operations.status.report import as_json
from operations.status.screen import Screen
from operations.status.whom import Whom, whom_options
from operations.topic_reader import Bounds
from runtime.errors import Transient

UNHEALTHY = 1


@click.command()
@config_option
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object (docs/status.md).")
@whom_options
@click.option("--dead-letters", "newest", default=Bounds.offsets, show_default=True, help="How many to read at most.")
def status(as_object: bool, whom: Whom, newest: int) -> None:
    r"""Shows the running system, what is wrong with it, and what to do next.

    \b
    Exit codes: 0 healthy · 1 somebody has to do something · 2 the settings are not as they must be
    · 70 Kafka does not answer.
    """
    seen = Looking(settings(), os.environ, whom, Bounds(offsets=newest)).look()
    found = findings(seen)
    if as_object:
        click.echo(as_json(seen, found))
    else:
        paper().print(Screen(seen, found).drawn())
    if seen.progress is None:
        raise Transient(seen.trouble or "Kafka does not answer")
    if not healthy(found):
        click.get_current_context().exit(UNHEALTHY)
