"""Judges a run: every receiver's table against the utility's ledger, folded independently."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from local.expected import ExpectedRow, FeedFacts, Line, expected_rows, read_ledger, read_settings
from local.letters import LettersVerdict, judge_letters
from local.receiver_rows import mapped, postgresql_rows, sqlite_rows
from local.screen import Picture, freshness
from local.system import LocalSystem
from local.verdict import SHOWN, Verdict, compare

FEEDS = {
    "hours": FeedFacts("oresundskraft-hours", "hour", "end"),
    "days": FeedFacts("oresundskraft-days", "day", "last-day"),
    "months": FeedFacts("oresundskraft-months", "month", "last-day"),
}
"""What the mapping of Öresundskraft says about each feed, said once more: the fold shares nothing with the product."""


@dataclass(frozen=True)
class Judgement:
    """Every receiver's table, and the dead letters."""

    tables: Sequence[Verdict]
    letters: LettersVerdict

    @property
    def equal(self) -> bool:
        """Whether everything is as the ledger says."""
        return self.letters.equal and all(verdict.equal for verdict in self.tables)


def judge(system: LocalSystem) -> Judgement:
    """Compares both receivers' tables and the dead letters with the ledger."""
    lines = read_ledger(system.ledger)
    letters = judge_letters(system.settings, lines, FEEDS)
    return Judgement(_tables(system, lines), letters)


def _tables(system: LocalSystem, lines: Sequence[Line]) -> list[Verdict]:
    expected = _expected(system, lines)
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
        fresh = " / ".join(freshness(live, verdict.receiver, share) for share in (0.5, 0.99))
        if verdict.equal:
            said = f"[bold green]equal[/]: {verdict.found:,} rows, every column as the ledger says"
        else:
            said = (
                f"[bold red]NOT equal[/]: {verdict.expected:,} rows expected, {verdict.found:,} found, "
                f"{verdict.missing:,} missing or wrong, {verdict.unexpected:,} unexpected"
            )
        console.print(f"{verdict.receiver}: {said}; from asking the utility to the committed row p50 / p99: {fresh}")
        for difference in verdict.differences:
            console.print(f"    {difference}", markup=False)

    letters = judgement.letters
    said = "[bold green]equal[/]" if letters.equal else "[bold red]NOT equal[/]"
    console.print(f"dead letters: {said}: {letters.found:,} by source, point and reason, {letters.expected:,} expected")
    for kind, places in (("missing", letters.missing), ("unexpected", letters.unexpected)):
        for source, point, reason in places[:SHOWN]:
            console.print(f"    {source} {point} {reason}: {kind}", markup=False)


def _expected(system: LocalSystem, lines: Sequence[Line]) -> list[ExpectedRow]:
    settings = {feed: read_settings(system.directory / f"points-{feed}.csv") for feed in FEEDS}
    return expected_rows(lines, settings, FEEDS)
