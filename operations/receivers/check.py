"""``check``: can this receiver take what it will be given? A table of findings, each with what to do."""

import os
from collections.abc import Iterator, Sequence
from importlib.metadata import version

import click
from rich.markup import escape
from rich.table import Table

from operations.capacity import PER_DAY
from operations.invocation import config_option
from operations.paper import paper
from operations.receivers.check_kafka import Values, values_topic
from operations.receivers.check_tables import tables
from operations.receivers.stages import Chosen, choose, stage_option
from operations.unit_costs import shipped
from runtime.errors import ConfigError, ExitCode, MeterstreamError
from runtime.settings.receiver import Stage
from sinks import sample
from sinks.build import database_of, points_of
from sinks.points.points import EVERY
from sinks.probe import Address, Finding, Probe
from sinks.probes import probe_of
from sinks.supervision import roster
from sinks.supervision.roster import Place
from sinks.writer import Receiver

COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}
DAYS = 365.25
KIB = 1_024.0


@click.command()
@config_option
@click.argument("name")
@stage_option
def check(name: str, stage: Stage) -> None:
    """Checks whether a receiver can take what it will be given, and leaves nothing behind.

    Its settings, points and secrets; its database: version, encryption, rights, encoding, digits, instants, room, by a
    sample that is written as the worker would write it, and rolled back; and Kafka. Ends with 2 if there is a problem.
    """
    chosen = choose(name, stage)
    findings = list(found(chosen))
    paper().print(_table(chosen.label, findings))
    if any(finding.verdict == "problem" for finding in findings):
        click.get_current_context().exit(ExitCode.CONFIG)


def found(chosen: Chosen) -> Iterator[Finding]:
    """Everything that can be found out, in the order of the road."""
    yield Finding("software", f"meterstream {version('meterstream')}, epoch {chosen.settings.epoch}")
    yield from _configured(chosen)
    values = values_topic(chosen)
    yield from values.findings
    address = Address(chosen.label, chosen.address, os.environ)
    try:
        probe = probe_of(address, chosen.settings.epoch)
        asked = list(probe.ask())
    except MeterstreamError as error:
        yield from _told("database", error)
        return
    yield from asked
    if any(finding.verdict == "problem" for finding in asked):
        yield Finding("sample", "not tried: see above", "warning")
    else:
        yield from _sampled(chosen, probe, values)
    yield from _room(chosen, probe)


def _configured(chosen: Chosen) -> Iterator[Finding]:
    """Settings, points and secrets as the worker would read them."""
    problems = roster.problems(chosen.settings, Place(chosen.name, chosen.stage), os.environ)
    for problem in problems:
        yield Finding("settings", problem, "problem", "mend it; `meterstream config check` looks at all receivers")
    if not problems:
        yield Finding("settings", "points, layouts and secrets can be read")


def _sampled(chosen: Chosen, probe: Probe, values: Values) -> Iterator[Finding]:
    try:
        with probe.untouched() as stage:
            database = database_of(chosen.label, stage, os.environ)
            waits = chosen.stage == "production" and chosen.receiver.test is not None
            receiver = Receiver(chosen.label, chosen.settings.epoch, waits)
            yield from list(sample.findings(database, receiver, values.topic_id))
            yield from list(tables(chosen, database))
    except MeterstreamError as error:
        yield from _told("sample", error)


def _told(what: str, error: MeterstreamError) -> Iterator[Finding]:
    lines: Sequence[str] = error.problems if isinstance(error, ConfigError) else [str(error)]
    for line in lines:
        yield Finding(what, line, "problem", "mend it, and check again")


def _room(chosen: Chosen, probe: Probe) -> Iterator[Finding]:
    """What the points take in a year, beside what is free. Estimated: a row of each period of each line."""
    try:
        points = list(points_of(chosen.name, chosen.receiver, chosen.address).read())
    except ConfigError:
        return  # said above
    fed = {source.granularity for source in chosen.settings.sources.values()} or {"month"}
    rows = sum(
        PER_DAY[granularity] * DAYS
        for point in points
        for granularity in fed
        if point.granularity in (EVERY, granularity)
    )
    size = rows * shipped().postgresql_row_bytes
    free = probe.free()
    seen = f"{len(points):,} lines of points, about {rows:,.0f} rows and {_amount(size)} a year"
    if free is None:
        yield Finding("room", f"{seen}; how much is free is not told", "ok", "compare with the server's disk")
    elif free < size:
        yield Finding("room", f"{seen}; {_amount(free)} are free", "problem", "make room")
    else:
        yield Finding("room", f"{seen}; {_amount(free)} are free")


def _amount(size: float) -> str:
    """Bytes as people say them."""
    for unit in ("B", "KiB", "MiB"):
        if size < KIB:
            return f"{size:.0f} {unit}"
        size /= KIB
    return f"{size:.1f} GiB"


def _table(label: str, findings: Sequence[Finding]) -> Table:
    table = Table(title=f"Can receiver {label} take it?", title_justify="left")
    for column in ("what", "seen", "", "what to do"):
        table.add_column(column, overflow="fold")
    for each in findings:
        colour = COLOURS[each.verdict]
        table.add_row(each.what, escape(each.seen), f"[{colour}]{each.verdict}[/{colour}]", escape(each.todo))
    return table
