"""The options of `meterstream dead-letters`: which dead letters, and how much is done with them."""

from dataclasses import dataclass
from datetime import datetime

import click

from operations.dead_letter_box import Choice
from operations.dead_letter_fold import PARKED_AFTER
from operations.grouped_options import grouped
from schemas import instants
from schemas.reasons import Reason, Stage


class Moment(click.ParamType):
    """An instant in ISO 8601, with its zone."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Microseconds since 1970 in UTC."""
        if isinstance(value, int):
            return value
        try:
            return instants.from_datetime(datetime.fromisoformat(str(value)))
        except ValueError:
            self.fail(f"{value!r} is no time with a zone; write it as 2026-11-23T08:00:00Z", param, ctx)


@dataclass(frozen=True)
class Extent:
    """How much of what is chosen is put back, and how. ``operator``: None for user@host."""

    most: int
    parked: bool
    again: bool
    dry_run: bool
    yes: bool
    operator: str | None


choice_options = grouped(
    "choice",
    Choice,
    {
        "ids": click.option("--id", "ids", multiple=True, help="This one. May be repeated, as the next four."),
        "reasons": click.option("--reason", "reasons", multiple=True, type=click.Choice([*map(str, Reason)])),
        "stages": click.option("--stage", "stages", multiple=True, type=click.Choice([*map(str, Stage)])),
        "sources": click.option("--source", "sources", multiple=True),
        "receivers": click.option("--receiver", "receivers", multiple=True),
        "since": click.option("--since", type=Moment(), help="Last seen then or later: 2026-11-23T08:00:00Z."),
        "until": click.option("--until", type=Moment(), help="Last seen before."),
    },
)

extent_options = grouped(
    "extent",
    Extent,
    {
        "most": click.option(
            "--max", "most", type=click.IntRange(1), default=1_000, show_default=True, help="So many at most."
        ),
        "parked": click.option("--parked", is_flag=True, help="Those that are parked, too."),
        "again": click.option("--again", is_flag=True, help="Those that were put back already, too."),
        "dry_run": click.option("--dry-run", is_flag=True, help="Only show what would come of it."),
        "yes": click.option("--yes", is_flag=True, help="Do not ask."),
        "operator": click.option("--operator", help="Who does it, for the audit (default: user@host)."),
    },
)

attempts_option = click.option(
    "--attempts",
    type=click.IntRange(1),
    default=PARKED_AFTER,
    show_default=True,
    help="So many tries in vain park a dead letter.",
)
