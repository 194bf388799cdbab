"""Builders of ledger lines, and the fold of one register's lines, for the tests of local/expected.py."""

from local.expected import ExpectedRow, FeedFacts, expected_rows

DAYS = FeedFacts("u-days", "day", "last-day")


def line(day: int, consumption: str | None, **other: object) -> dict[str, object]:
    """A ledger line of one point's register on a day of March 2020."""
    base: dict[str, object] = {
        "kind": "reading",
        "feed": "days",
        "point": "1",
        "category": "R",
        "unit": "kWh",
        "consumption": consumption,
        "reading_date": f"2020-03-{day:02d}T00:00:00",
        "method": "Fjärr",
        "reason": "2",
    }
    return base | other


def fold(lines: list[dict[str, object]], **settings: str) -> list[ExpectedRow]:
    row = {"metering_point": "1", "category": "R", "kind": "register"} | settings
    return expected_rows(lines, {"days": [row]}, {"days": DAYS})
