"""Judges a run: every receiver's table against the utility's ledger, folded independently."""

from collections.abc import Sequence

from rich.console import Console

from local.expected import ExpectedRow, FeedFacts, expected_rows, read_ledger, read_settings
from local.receiver_rows import mapped, postgresql_rows, sqlite_rows
from local.screen import Picture, freshness
from local.system import LocalSystem
from local.verdict import Verdict, compare

FEEDS = {
    "hours": FeedFacts("oresundskraft-hours", "hour", "end"),
    "days": FeedFacts("oresundskraft-days", "day", "last-day"),
    "months": FeedFacts("oresundskraft-months", "month", "last-day"),
}
"""What the mapping of Öresundskraft says about each feed, said once more: the fold shares nothing with the product."""


def judge(system: LocalSystem) -> list[Verdict]:
    """Compares both receivers."""
    expected = _expected(system)
    found = {
        "vitec": postgresql_rows(system.postgres.dsn("receiver")),
        "momentum": sqlite_rows(system.directory / "momentum.sqlite"),
    }
    return [
        compare(name, mapped(expected, system.directory / f"receiver-{name}.csv"), rows) for name, rows in found.items()
    ]


def report(console: Console, verdicts: Sequence[Verdict], live: Picture) -> None:
    """Prints the verdict of each receiver. ``live``: the picture at the end of the phase whose freshness counts."""
    for verdict in verdicts:
        fresh = " / ".join(freshness(live, verdict.receiver, share) for share in (0.5, 0.99))
        if verdict.equal:
            said = f"[bold green]equal[/]: {verdict.found:,} rows, every column as the ledger says"
        else:
            said = (
                f"[bold red]NOT equal[/]: {verdict.expected:,} rows expected, {verdict.found:,} found, "
                f"{verdict.missing:,} missing or wrong, {verdict.unexpected:,} unexpected"
            )
        console.print(f"{verdict.receiver}: {said}; freshness p50 / p99: {fresh}", highlight=False)
        for difference in verdict.differences:
            console.print(f"    {difference}", highlight=False, markup=False)


def _expected(system: LocalSystem) -> list[ExpectedRow]:
    settings = {feed: read_settings(system.directory / f"points-{feed}.csv") for feed in FEEDS}
    return expected_rows(read_ledger(system.ledger), settings, FEEDS)
