"""``read-back``: Momentum's own figures, asked from its external API, beside the feed's."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import click
import msgspec
from rich.markup import escape
from rich.table import Table

from operations import momentum_feed
from operations.invocation import config_option
from operations.momentum_api import Figure, MomentumApi
from operations.momentum_figures import AGREE, KINDS, Compared, Kind, compare
from operations.paper import paper
from operations.receivers.stages import Chosen, choose
from runtime.errors import ConfigError, ExitCode
from runtime.settings.momentum_api import MomentumApiSettings
from runtime.settings.secret import MissingSecret
from runtime.zones import zone_of
from schemas import exact
from sinks.layouts import load

DEFAULT_LAYOUT = "momentum"
_COLUMNS = ("key", "month", "kind", "there", "here")


@click.command("read-back")
@config_option
@click.argument("name")
@click.option("--year", type=click.IntRange(1970, 9998), default=lambda: datetime.now(UTC).year, help="Default: this.")
@click.option("--layout", "layout_name", help="Which of the receiver's layouts was imported.  [default: its first]")
@click.option("--tolerance", type=Decimal, help="In Momentum's unit.  [default: the settings']")
@click.option("--show", "most", default=20, show_default=True, help="Differences at most; 0: all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def read_back(
    name: str, year: int, layout_name: str | None, tolerance: Decimal | None, most: int, as_json: bool
) -> None:
    """Asks Momentum for its monthly figures of every item key and compares them with the feed's consumption.

    Nothing is written there. A month without a figure is not a month of zero. Ends with 2 where they differ.
    """
    chosen = choose(name)
    api = chosen.receiver.momentum_api
    if api is None:
        raise ConfigError(
            [f"receivers.{name}.momentum_api: missing; write the section [receivers.{name}.momentum_api]"]
        )
    allowed = exact.parse(f"{api.tolerance if tolerance is None else tolerance:f}")
    found = _compared(chosen, api, year, layout_name, allowed)
    counts = Counter(each.kind for each in found)
    agree = sum(counts[kind] for kind in AGREE) == len(found)
    _print(found, counts, agree, most, as_json)
    if not agree:
        click.get_current_context().exit(ExitCode.CONFIG)


def _compared(
    chosen: Chosen, api: MomentumApiSettings, year: int, layout_name: str | None, tolerance: int
) -> Sequence[Compared]:
    receiver, points = chosen.receiver, chosen.points().read()
    span = momentum_feed.Span.of_year(year, zone_of(receiver.zone))
    names = [layout_name] if layout_name else list(receiver.layouts[:1]) or [DEFAULT_LAYOUT]
    (layout,) = load(names, Path(), receiver.policy, receiver.zone)
    here = momentum_feed.months(chosen.settings, points, layout, span)
    keys = list(momentum_feed.keys(points, span))
    where = f"receivers.{chosen.name}.momentum_api"
    there = asyncio.run(_figures(api, where, keys, (date(year, 1, 1), date(year + 1, 1, 1))))
    return [each for key in keys for each in compare(key, there[key], here.get(key, {}), tolerance)]


async def _figures(
    settings: MomentumApiSettings, where: str, keys: Iterable[str], days: tuple[date, date]
) -> dict[str, list[Figure] | None]:
    """Of each key Momentum's figures; None: it does not know the key."""
    found: dict[str, list[Figure] | None] = {}
    rest = iter(keys)

    async def ask(api: MomentumApi) -> None:
        for key in rest:
            found[key] = await api.figures(key, *days)

    try:
        api = MomentumApi(settings, where, os.environ)
    except MissingSecret as error:
        raise ConfigError([f"{where}.client_secret: {error}"]) from None
    async with api:
        tasks = [asyncio.create_task(ask(api)) for _ in range(settings.concurrency)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return found


def _print(found: Sequence[Compared], counts: Counter[Kind], agree: bool, most: int, as_json: bool) -> None:
    verdict = "equal" if agree else "different"
    if as_json:
        result = {"verdict": verdict, "counts": {kind: counts[kind] for kind in KINDS}, "months": found}
        click.echo(msgspec.json.format(msgspec.json.encode(result), indent=2))
        return
    differing = [each for each in found if each.kind not in AGREE]
    if differing:
        table = Table(title="Differences", title_justify="left")
        for column, title in zip(_COLUMNS, ("item key", "month", "", "Momentum", "feed"), strict=True):
            table.add_column(title, justify="right" if column in ("there", "here") else "left", overflow="fold")
        for each in differing[: most or None]:
            table.add_row(*(escape(getattr(each, column)) for column in _COLUMNS))
        paper().print(table)
        if most and len(differing) > most:
            click.echo(f"and {len(differing) - most:,} more; --show 0 shows all")
    told = ", ".join(f"{counts[kind]:,} {kind}" for kind in KINDS if counts[kind])
    click.echo(f"{verdict}: {told or 'no figures'}, of {len({each.key for each in found}):,} item keys")
