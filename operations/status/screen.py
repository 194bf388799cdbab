"""One screen for people: what flows, how fresh it is, what is wrong, and what to do next. Pure."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from operations.progress import TopicEnds
from operations.status.finding import SEVERITIES, Finding, Severity, span
from operations.status.findings import healthy
from operations.status.snapshot import Receiver, Snapshot, Source

STYLES: dict[Severity, str] = {"page": "bold red", "ticket": "yellow", "info": "cyan"}
SEVERITY = max(map(len, SEVERITIES))
FIXED = 14
"""Lines of a screen that are there however many sources, receivers and findings there are."""
NOTHING = "–"

R = TypeVar("R", Source, Receiver)


class Screen:
    """What was seen at one moment, beside what was seen before."""

    def __init__(self, now: Snapshot, found: Sequence[Finding], before: Snapshot | None = None) -> None:
        """``before``: an earlier one, for what flows in a second; None: that is not shown."""
        self._now = now
        self._found = found
        self._before = before

    def drawn(self, size: tuple[int, int] | None = None) -> RenderableType:
        """As it is printed. ``size``: columns and lines that it must fit; None: however many it takes."""
        width, height = size or (None, None)
        room = None if height is None else max(3, height - FIXED)
        worst = None if room is None else max(1, min(len(self._found), room - 2))
        rest = None if room is None or worst is None else max(2, room - worst)
        half = None if rest is None else max(rest // 2, rest - len(self._now.receivers))
        sources = None if half is None else max(1, min(len(self._now.sources), half))
        receivers = None if rest is None or sources is None else max(1, rest - sources)
        return Group(
            self._headline(),
            self._sources(sources),
            self._topics(),
            self._receivers(receivers),
            self._counts(),
            self._findings(worst, width),
        )

    def _headline(self) -> Text:
        at = datetime.fromtimestamp(self._now.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        text = Text(f"meterstream  epoch {self._now.epoch}  {at}  ", no_wrap=True, overflow="ellipsis")
        if healthy(self._found):
            return text.append("healthy", "bold green")
        counts = [(sum(each.severity == severity for each in self._found), severity) for severity in SEVERITIES[:2]]
        said = ", ".join(f"{count} {severity}{'s' * (count > 1)}" for count, severity in counts if count)
        return text.append(f"NOT HEALTHY: {said}", "bold red")

    def _sources(self, most: int | None) -> Table:
        table = _table("source", "asked", "newest", "points", "due", "overdue", "late", "failing", "read/s")
        for source in self._first(self._now.sources, "source", most):
            points = source.points or {}
            counts = (_count(points.get(state)) for state in ("configured", "due", "overdue", "late", "failing"))
            rate = self._rate(partial(_polled, source.name))
            table.add_row(source.name, self._age(source.answered_at), self._age(source.period_end), *counts, rate)
        return _more(table, len(self._now.sources), most)

    def _topics(self) -> Table:
        table = _table("topic", "offsets in use", "written/s", "read by", "workers", "lag", "read/s")
        progress = self._now.progress
        if progress is None:
            return table
        live = [each for each in self._now.receivers if each.workers]
        lags = [reader.lag for reader in progress.receivers]
        workers = str(progress.streams.members or 0)
        consumed = self._rate(lambda seen: seen.streams.consumed)
        readers = {
            progress.streams.topic: ("streams", workers, _count(progress.streams.lag), consumed),
            **{reader.topic: ("receivers", str(len(live)), _count(max(lags)), "") for reader in progress.receivers},
        }
        for topic in progress.topics:
            if topic.name in readers:
                rate = self._rate(partial(_end, topic.name))
                table.add_row(topic.name.rpartition(".")[2], _count(topic.offsets), rate, *readers[topic.name])
        return table

    def _receivers(self, most: int | None) -> Table:
        table = _table("receiver", "state", "newest", "behind", "lag", "rows/s", "canary")
        for receiver in self._first(self._now.receivers, "receiver", most):
            table.add_row(
                receiver.name,
                receiver.state or ("–" if receiver.workers else "not asked"),
                self._age(receiver.row_at),
                NOTHING if receiver.behind is None else span(receiver.behind),
                _count(self._now.lag(receiver.name)),
                self._rate(partial(_written, receiver.name)),
                self._age(min(receiver.canaries.values()) if receiver.canaries else None),
            )
        return _more(table, len(self._now.receivers), most)

    def _counts(self) -> Group:
        now, letters = self._now, self._now.dead_letters
        ready = sum(process.ready for process in now.processes)
        held = now.streams.held or {}
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(held.items()) if count)
        lines = [
            f"processes    {ready} of {len(now.processes)} ready" if now.processes else "processes    not asked",
            f"held         {sum(held.values()):,}{f' ({reasons})' if reasons else ''} since the workers' start",
            "dead letters " + (NOTHING if letters is None else f"{letters.open:,} open, {letters.parked:,} parked"),
        ]
        if letters is not None and not letters.complete:
            lines[-1] += " (of the newest ones only)"
        return Group("", *(Text(line, no_wrap=True, overflow="ellipsis") for line in lines))

    def _findings(self, most: int | None, width: int | None) -> Table:
        """Where there is a width each takes one line of it, and what to do next is never cut."""
        table = Table(box=None, padding=(0, 1, 0, 0), show_edge=False, header_style="dim")
        for name in ("", "what is the matter", "what to do next"):
            table.add_column(name, no_wrap=name != "what is the matter", overflow="fold")
        shown = self._found[:most]
        actions = [_action(finding) for finding in shown]
        for finding, action in zip(shown, actions, strict=True):
            what = Text(f"{_short(finding.subject)}: {finding.text}")
            if width is not None:
                what.truncate(max(10, width - SEVERITY - max(map(len, actions)) - 3), overflow="ellipsis")
            table.add_row(Text(finding.severity, STYLES[finding.severity]), what, action)
        if not self._found:
            table.add_row("", "nothing", "")
        return _more(table, len(self._found), most, skip=1)

    def _first(self, rows: Sequence[R], kind: str, most: int | None) -> Sequence[R]:
        """Those with something wrong first, where not all can be shown."""
        worst = [finding.subject for finding in self._found]

        def place(row: R) -> int:
            subject = f"{kind} {row.name}"
            return worst.index(subject) if subject in worst else len(worst)

        return rows if most is None or len(rows) <= most else sorted(rows, key=place)[:most]

    def _age(self, moment: float | None) -> str:
        return NOTHING if moment is None else span(self._now.at - moment)

    def _rate(self, figure: Callable[[Snapshot], float | None]) -> str:
        """Per second since before; a counter that began anew meanwhile says nothing."""
        if self._before is None or self._now.at <= self._before.at:
            return NOTHING
        now, before = figure(self._now), figure(self._before)
        if now is None or before is None or now < before:
            return NOTHING
        return f"{(now - before) / (self._now.at - self._before.at):,.1f}"


def _table(*columns: str) -> Table:
    """The first column is a name; the others stand to the right."""
    table = Table(box=None, padding=(0, 1, 0, 0), show_edge=False, header_style="dim")
    first, *others = columns
    table.add_column(first, min_width=20, no_wrap=True, overflow="ellipsis")
    for column in others:
        table.add_column(column, justify="right", min_width=5, no_wrap=True, overflow="ellipsis")
    return table


def _more(table: Table, rows: int, most: int | None, skip: int = 0) -> Table:
    """Says how many are not shown."""
    if most is not None and rows > most:
        table.add_row(*[""] * skip, f"… {rows - most} more", style="dim")
    return table


def _short(subject: str) -> str:
    """A source or a receiver by its name: the tables above say what it is."""
    return subject.removeprefix("source ").removeprefix("receiver ")


def _action(finding: Finding) -> str:
    return finding.action or f"runbook {finding.alert}"


def _count(number: int | None) -> str:
    return NOTHING if number is None else f"{number:,}"


def _end(topic: str, seen: Snapshot) -> float | None:
    """The records that were ever written to it."""
    topics: Iterable[TopicEnds] = () if seen.progress is None else seen.progress.topics
    return next((float(sum(each.ends.values())) for each in topics if each.name == topic), None)


def _polled(source: str, seen: Snapshot) -> float | None:
    return next((each.polled for each in seen.sources if each.name == source), None)


def _written(receiver: str, seen: Snapshot) -> float | None:
    return next((each.written for each in seen.receivers if each.name == receiver), None)
