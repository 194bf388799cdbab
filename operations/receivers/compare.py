"""``compare``: the stages of a receiver, or its production and a table of the customer's own, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import click

from operations.grouped_options import grouped
from operations.invocation import config_option
from operations.paper import paper
from operations.proof.difference_tables import as_json, counted, spelled_out
from operations.proof.foreign_settings import read_foreign
from operations.proof.side_by_side import Extent, SideBySide, against, stages
from operations.receivers.stages import Chosen, choose
from operations.receivers.verify import NOT_EQUAL
from runtime.zones import Zone, zone_of
from schemas import exact, instants

_EPOCH_DAY = date(1970, 1, 1).toordinal()


class Number(click.ParamType):
    """An exact decimal that is not negative."""

    name = "decimal"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """In units of 10^-12."""
        try:
            number = value if isinstance(value, int) else exact.parse(str(value))
        except ValueError:
            number = -1
        if number < 0:
            self.fail(f"{value!r} is no decimal of at most 12 fractional digits, such as 0.001", param, ctx)
        return number


class Begin(click.ParamType):
    """A day in the receiver's zone, or an instant with its own."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """A date, or a datetime that has a zone."""
        text = str(value)
        try:
            found = date.fromisoformat(text) if len(text) == len("2026-01-31") else datetime.fromisoformat(text)
        except ValueError:
            found = datetime.min  # noqa: DTZ901 - refused below
        if isinstance(found, datetime) and found.tzinfo is None:
            self.fail(f"{value!r}: write a day, 2026-01-31, or a time with its zone, 2026-01-31T08:00:00Z", param, ctx)
        return found


@dataclass(frozen=True)
class Asked:
    """The extent as it was asked for."""

    since: date | None
    until: date | None
    tolerance: int
    show: int

    def extent(self, stages_compared: Sequence[Chosen]) -> Extent:
        """Without the time that only one of the stages is given."""
        zone = zone_of(stages_compared[0].receiver.zone)
        begins = [_instant(self.since, zone), *(_instant(each.address.history_from, zone) for each in stages_compared)]
        since = max((begin for begin in begins if begin is not None), default=None)
        return Extent(since, _instant(self.until, zone), self.tolerance, self.show)


extent_options = grouped(
    "asked",
    Asked,
    {
        "since": click.option(
            "--since", type=Begin(), help="Only periods that begin on this day (2026-01-31) or later."
        ),
        "until": click.option("--until", type=Begin(), help="Only periods that begin before this day."),
        "tolerance": click.option(
            "--tolerance", type=Number(), default="0", show_default=True, help="Numbers may be off by so much."
        ),
        "show": click.option(
            "--show", default=20, show_default=True, type=click.IntRange(0), help="So many differences at most."
        ),
    },
)


@click.command()
@config_option
@click.argument("name")
@click.option(
    "--against",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Compare production with the table that this file describes, instead of with the test stage.",
)
@extent_options
@click.option("--json", "as_text", is_flag=True, help="Print one JSON object instead of tables.")
@click.pass_context
def compare(context: click.Context, name: str, file: Path | None, asked: Asked, as_text: bool) -> None:
    """Compares the test stage of a receiver with its production, row by row and field by field.

    Or, with --against, a table of the customer's own with production. Compared is what the receiver reads, not how it
    came to be. Ends with 0 where they are equal, with 2 where they are not.
    """
    production = choose(name)
    if file is not None:
        found = against(read_foreign(file), production, asked.extent([production]))
    else:
        test = choose(name, "test")
        found = stages(test, production, asked.extent([production, test]))
    if as_text:
        click.echo(as_json(found))
    else:
        _print(found)
    context.exit(0 if found.verdict == "equal" else NOT_EQUAL)


def _instant(moment: date | None, zone: Zone) -> int | None:
    if moment is None or isinstance(moment, datetime):
        return None if moment is None else instants.from_datetime(moment)
    return zone.midnight(moment.toordinal() - _EPOCH_DAY)


def _print(found: SideBySide) -> None:
    console = paper()
    counts = {f"rows of {name}": count for name, count in found.rows.items()}
    counts |= {"equal": found.equal, "different": found.different}
    counts |= {f"only in {found.one}": found.missing, f"only in {found.other}": found.extra}
    console.print(counted(f"{found.one} and {found.other}, as of {found.at}", counts))
    for table in spelled_out(found.fields, found.first, (found.one, found.other)):
        console.print(table)
    console.print(f"{found.one} and {found.other} are {'equal' if found.verdict == 'equal' else 'NOT equal'}.")
