"""``points``: which metering points a receiver gets – a person's list imported, and what the feed carries."""

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from rich.markup import escape
from rich.table import Table

from operations.invocation import Commands, config_option, settings
from operations.paper import paper
from operations.points import carried, feed_findings, kept, list_findings, polled, written
from operations.points.carried import Carried, Feed
from operations.points.difference import difference
from operations.points.feed_findings import Beside
from operations.points.finding import Finding
from operations.points.line import COLUMNS, Line
from operations.points.list_findings import Rules
from operations.points.report import Report, counted
from operations.points.words import DISCOVERED
from operations.receivers.stages import Chosen, choose
from runtime.errors import ExitCode
from runtime.settings.receiver import ReceiverSettings
from runtime.settings.tree import Settings
from schemas import instants
from sinks.build import layouts_of, points_of


@click.group(cls=Commands)
def points() -> None:
    """Which metering points and categories a receiver gets, and under which keys."""


@points.command("import")
@config_option
@click.argument("name")
@click.argument("file", metavar="LIST", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--write", is_flag=True, help="Replace the points file, unless there are problems; a copy is kept.")
@click.option("--without-feed", is_flag=True, help="Do not look at what the feed carries: without Kafka.")
@click.option("--quiet-days", default=90, show_default=True, help="Without a reading for longer, it has ended.")
@click.option("--show", "most", default=20, show_default=True, help="Lines of each kind at most; 0: all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def import_(name: str, file: Path, write: bool, without_feed: bool, quiet_days: int, most: int, as_json: bool) -> None:
    """Looks through a list of points, as a spreadsheet exports it or TOML, and makes it a receiver's points file.

    Without --write it only reports: what changes, and what is wrong, line by line. With problems it ends with 2.
    """
    chosen = choose(name)
    report = _report(chosen, file, None if without_feed else quiet_days)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report.data()), indent=2))
    else:
        console = paper()
        for line in report.heading():
            console.print(escape(line), soft_wrap=True)
        for table in report.tables(most):
            console.print(table)
    click.echo(f"{report.verdict}: {_written(chosen, report) if write else _left(report)}", err=as_json)
    if report.problems:
        click.get_current_context().exit(ExitCode.CONFIG)


def _report(chosen: Chosen, file: Path, quiet_days: int | None) -> Report:
    """``quiet_days``: None: the feed is not looked at."""
    wanted, receiver = written.read(file), chosen.receiver
    before = written.read(receiver.points).lines if receiver.points.exists() else []
    found: list[Finding] = list(wanted.findings)
    layouts = layouts_of(chosen.name, receiver, chosen.address)
    max_keys = {layout.name: layout.max_key for layout in layouts if layout.keyed}
    found += list_findings.findings(wanted.lines, Rules(max_keys, datetime.now(UTC).date()))
    feed = "not looked at"
    if quiet_days is not None:
        beside = _beside(chosen, quiet_days)
        found += feed_findings.findings(wanted.lines, beside)
        feed = f"{counted(len(beside.feed.by_point), 'metering point')} of epoch {chosen.settings.epoch}"
    return Report(chosen.name, receiver.points, wanted, difference(before, wanted.lines), found, feed)


def _beside(chosen: Chosen, quiet_days: int) -> Beside:
    others = {name: lines for name, lines in _lists(chosen.settings).items() if name != chosen.name}
    return Beside(
        feed=carried.read(chosen.settings),
        polled=polled.read(chosen.settings),
        others=others,
        now=instants.now(),
        quiet_days=quiet_days,
    )


def _lists(configured: Settings) -> dict[str, Sequence[Line]]:
    """The points of every receiver that has a points file."""
    receivers = configured.receivers.items()
    return {name: written.read(receiver.points).lines for name, receiver in receivers if receiver.points.exists()}


def _written(chosen: Chosen, report: Report) -> str:
    file = chosen.receiver.points
    if report.problems:
        return "nothing was written"
    if not report.difference.changes and file.exists():
        return f"{file} says this already"
    receiver = chosen.receiver
    copy = kept.replace(file, report.list.lines, lambda fresh: points_of(chosen.name, _with(receiver, fresh), receiver))
    return f"{file} is written" + (f"; the one before is {copy}" if copy else "")


def _with(receiver: ReceiverSettings, file: Path) -> ReceiverSettings:
    return receiver.model_copy(update={"points": file})


def _left(report: Report) -> str:
    return "nothing was written" if report.problems else "nothing was written; --write does"


@points.command()
@config_option
@click.option("--source", help="Only the feed of this source.")
@click.option("--csv", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write a list to fill in.")
@click.option("--show", "most", default=50, show_default=True, help="Lines of the table at most; 0: all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def discover(source: str | None, file: Path | None, most: int, as_json: bool) -> None:
    """Lists what the feed carries: every series, its first and last reading, and which receivers have it.

    With --csv, a list that `points import` takes, once the receiver keys are filled in.
    """
    configured = settings()
    feed = carried.read(configured)
    lists = {name: feed_findings.by_point(lines) for name, lines in _lists(configured).items()}
    found = [_discovered(series, lists) for series in feed.series() if source in (None, series.source)]
    if file is not None:
        with file.open("w", encoding="utf-8-sig", newline="") as out:
            table = csv.DictWriter(out, (*COLUMNS, *DISCOVERED), delimiter=";")
            table.writeheader()
            table.writerows(found)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    elif file is None:
        columns = ("metering_point", "category", "granularity", "kind", *DISCOVERED)
        _print("The feed", found, columns, most, "--csv FILE writes them all")
    click.echo(_summary(found, feed) + (f"; written to {file}" if file else ""), err=as_json)


def _discovered(series: Carried, lists: Mapping[str, Mapping[str, Sequence[Line]]]) -> dict[str, str]:
    cells = Line(0, series.metering_point, series.category, granularity=series.granularity, kind=series.kind).cells()
    return cells | {
        "source": series.source,
        "unit": series.unit,
        "first_reading": instants.to_text(series.first),
        "last_reading": instants.to_text(series.last),
        "values": str(series.values),
        "quality": series.quality,
        "receivers": " ".join(name for name, lines in lists.items() if feed_findings.has(lines, series)),
    }


def _summary(found: Sequence[Mapping[str, str]], feed: Feed) -> str:
    unreadable = f"; {counted(feed.unreadable, 'record')} of the topic could not be read" if feed.unreadable else ""
    values = sum(int(each["values"]) for each in found)
    nobody = sum(not each["receivers"] for each in found)
    return f"{len(found):,} series, {counted(values, 'value')}; {nobody:,} that no receiver has{unreadable}"


@points.command()
@config_option
@click.argument("name")
@click.option("--show", "most", default=50, show_default=True, help="Lines of the table at most; 0: all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def show(name: str, most: int, as_json: bool) -> None:
    """Shows the points that a receiver has now."""
    file = choose(name).receiver.points
    found = [line.cells() for line in written.read(file).lines]
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
        return
    used = [column for column in COLUMNS if any(cells[column] for cells in found)]
    _print(f"Points of {name}", found, used, most, "--show 0 shows them all")
    click.echo(f"{counted(len(found), 'point')} in {file}")


def _print(title: str, rows: Sequence[Mapping[str, str]], columns: Sequence[str], most: int, how: str) -> None:
    """A table of the first lines; what is left out is counted, with how it is had."""
    console, shown = paper(), rows[:most] if most else rows
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column == "values" else "left", overflow="fold")
    for row in shown:
        table.add_row(*(escape(row[column]) for column in columns))
    console.print(table)
    if len(shown) < len(rows):
        console.print(f"and {len(rows) - len(shown):,} more; {how}")
