"""`meterstream plan`: what a number of metering points takes, from measured unit costs. It asks no cluster."""

import json
from dataclasses import asdict
from typing import Any, get_args

import click

from operations.capacity import Demand, Polling, Wishes
from operations.paper import paper
from operations.plan_tables import tables
from operations.sizing import plan
from operations.unit_costs import shipped
from schemas.events import Granularity

_POLLING, _WISHES = Polling(), Wishes()
_SOME = click.IntRange(min=1)
_POSITIVE = click.FloatRange(min=0, min_open=True)


@click.command("plan")
@click.option("--points", type=click.IntRange(1, 1_000_000_000), required=True, help="Metering points.")
@click.option("--granularity", type=click.Choice(get_args(Granularity)), required=True)
@click.option("--receivers", type=click.IntRange(0, 10_000), default=_WISHES.receivers, show_default=True)
@click.option(
    "--poll-every", "every", type=_POSITIVE, help="Seconds between two polls of a point. [default: by granularity]"
)
@click.option("--window", type=_SOME, help="Span of a poll: months of month values, else days. [default: as in poll]")
@click.option("--history", type=_SOME, help="Span that streams keeps, likewise. [default: as in streams.history_…]")
@click.option(
    "--deliveries", type=click.IntRange(1, 24), default=1, show_default=True, help="New hours come so often a day."
)
@click.option(
    "--delivery-hours", type=_POSITIVE, default=_POLLING.delivery_hours, show_default=True, help="To be in within."
)
@click.option(
    "--calls-per-second",
    type=_POSITIVE,
    default=_POLLING.calls_per_second,
    show_default=True,
    help="That the utility allows, to all producers together.",
)
@click.option("--years", type=_POSITIVE, default=_WISHES.years, show_default=True, help="That rows are kept.")
@click.option("--retention-days", type=_POSITIVE, help="That readings are kept on their topic. [default: as rows]")
@click.option(
    "--reread-hours",
    type=_POSITIVE,
    default=_WISHES.reread_hours,
    show_default=True,
    help="Within them the last 30 days of all points are to be read again.",
)
@click.option(
    "--utilisation",
    type=click.FloatRange(0.05, 1.0),
    default=_WISHES.utilisation,
    show_default=True,
    help="Share of a core that is used at the peak.",
)
@click.option("--replication", type=click.IntRange(1, 10), default=_WISHES.replication, show_default=True)
@click.option(
    "--worker-gb", type=_POSITIVE, default=_WISHES.worker_gb, show_default=True, help="Memory of one process, at most."
)
@click.option("--json", "as_json", is_flag=True, help="The same for a program.")
def plan_command(points: int, granularity: Granularity, as_json: bool, **options: Any) -> None:
    """Says what so many metering points take: workers, partitions, cores, memory, disk, network, calls.

    A model of measured unit costs, linear in the points: docs/capacity.md says how it was checked, and how far.
    """
    polling = Polling(**{name: options[name] for name in vars(_POLLING)})
    wishes = Wishes(**{name: options[name] for name in vars(_WISHES)})
    demand = Demand(points, granularity, polling, wishes)
    if problems := demand.problems():
        raise click.UsageError("; ".join(problems))
    found = plan(demand, shipped())
    if as_json:
        click.echo(json.dumps(asdict(found) | {"total": asdict(found.total), "gives_way_first": asdict(found.first)}))
        return
    for table in tables(found):
        paper().print(table)
