"""Judges a run: every receiver's table against the utility's ledger, folded independently."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rich.console import Console

from local.expected import ExpectedRow, FeedFacts, Line, expected_rows, read_ledger, read_settings
from local.letters import LettersVerdict, judge_letters, read_letters
from local.quiet import Quietness, judge_quiet, keep_served
from local.receiver_rows import mapped, postgresql_rows, sqlite_rows
from local.screen import Picture, freshness
from local.system import LocalSystem
from local.values_topic import broken_sums, current_rows, read_values
from local.verdict import SHOWN, Verdict, compare

FEEDS = {
    "hours": FeedFacts("oresundskraft-hours", "hour", "end"),
    "days": FeedFacts("oresundskraft-days", "day", "last-day"),
    "months": FeedFacts("oresundskraft-months", "month", "last-day"),
}
"""What the mapping of Öresundskraft says about each feed, said once more: the fold shares nothing with the product."""


VALUES = "values topic"


@dataclass(frozen=True)
class Judgement:
    """Every table (receivers, then the values topic's), the sums of changes, the dead letters, and what was said.

    ``sums``: where the changes do not add up to the consumption.
    """

    tables: Sequence[Verdict]
    sums: Sequence[str]
    letters: LettersVerdict
    quiet: Quietness

    @property
    def survived(self) -> bool:
        """Whether everything is as the ledger says, and nothing said what it must not; kills considered."""
        rows = all(verdict.equal for verdict in self.tables) and not self.sums
        return rows and self.letters.equal and self.quiet.quiet

    @property
    def equal(self) -> bool:
        """Besides: whether every broken thing is a dead letter. To be asked where nobody was killed or cut off."""
        return self.survived and self.letters.whole

    def troubles(self) -> list[str]:
        """One line for each thing that is wrong; of many equal ones the first."""
        lines = [f"{verdict.receiver}: {line}" for verdict in self.tables for line in verdict.differences]
        lines += [f"{verdict.receiver}: there are no rows" for verdict in self.tables if not verdict.expected]
        lines += [*self.sums[:SHOWN], *self.letters.troubles()[:SHOWN]]
        return lines if self.quiet.quiet else [*lines, str(self.quiet)]


def judge(system: LocalSystem, allowed: Collection[str] = ()) -> Judgement:
    """Compares every table and the dead letters with the ledger, and searches logs and metrics.

    Args:
        system: one that has gone quiet and drained.
        allowed: reasons of dead letters of streams and sinks that are expected.
    """
    lines = read_ledger(system.ledger)
    letters = judge_letters(read_letters(system.settings), lines, FEEDS, allowed)
    events = read_values(system.settings)
    expected = _expected(system, lines)
    values = compare(VALUES, expected, current_rows(events))
    keep_served(system.ports, system.directory)
    tables = [*_tables(system, expected), values]
    return Judgement(tables, broken_sums(events), letters, judge_quiet(system.directory))


def _tables(system: LocalSystem, expected: Sequence[ExpectedRow]) -> list[Verdict]:
    found = {
        "vitec": postgresql_rows(system.postgres.dsn("receiver")),
        "momentum": sqlite_rows(system.directory / "momentum.sqlite"),
    }
    return [
        compare(name, mapped(expected, system.directory / f"receiver-{name}.csv"), rows) for name, rows in found.items()
    ]


def report(console: Console, judgement: Judgement, live: Picture) -> None:
    """Prints the verdict. ``live``: the picture at the end of the phase whose freshness counts."""
    for verdict in judgement.tables:
        said = f"[bold green]equal[/]: {verdict.found:,} rows, every column as the ledger says"
        if not verdict.equal:
            said = (
                f"[bold red]NOT equal[/]: {verdict.expected:,} rows expected, {verdict.found:,} found, "
                f"{verdict.lost:,} lost, {verdict.doubled:,} doubled, {verdict.wrong:,} wrong"
            )
        if verdict.receiver != VALUES:
            fresh = " / ".join(freshness(live, verdict.receiver, share) for share in (0.5, 0.99))
            said += f"; from asking the utility to the committed row p50 / p99: {fresh}"
        console.print(f"{verdict.receiver}: {said}")
    letters = judgement.letters
    said = "[bold green]equal[/]" if letters.whole else "[bold red]NOT equal[/]"
    console.print(f"dead letters: {said}: {letters.found:,} of {letters.expected:,} broken things, once each by id")
    said = (
        "[bold red]do NOT add up[/]" if judgement.sums else "[bold green]add up[/] to the consumption of every series"
    )
    console.print(f"changes: {said}")
    console.print(f"quiet: {'[bold green]yes[/]' if judgement.quiet.quiet else '[bold red]NO[/]'}: {judgement.quiet}")
    for trouble in judgement.troubles():
        console.print(f"    {trouble}", markup=False)


def _expected(system: LocalSystem, lines: Sequence[Line]) -> list[ExpectedRow]:
    settings = {feed: read_settings(system.directory / f"points-{feed}.csv") for feed in FEEDS}
    return expected_rows(lines, settings, FEEDS)
