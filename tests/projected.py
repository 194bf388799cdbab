"""Receivers whose layouts go into a table of the customer's own, on any database."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from runtime.settings.receiver import PolicySettings
from schemas.events import MeterValue
from sinks.batch import Batch, Refused
from sinks.layouts import Layout
from sinks.layouts.layout import LayoutFile
from sinks.layouts.zone import zone_of
from sinks.points.points import Points
from sinks.projections.writer import ProjectingWriter
from sinks.sql_writer import SqlWriter
from sinks.writer import Receiver, Written
from tests.receiver_databases import ReceiverDatabase
from tests.sink_rows import AT, row
from tests.sink_writing import TOPIC

COLUMNS: list[dict[str, Any]] = [
    {"name": "item", "from": "receiver_key"},
    {"name": "granularity", "from": "granularity"},
    {"name": "period_start", "from": "period_start"},
    {"name": "Energy", "from": "consumption", "unit": "MWh", "decimals": 3, "remainder": "round"},
    {"name": "rest", "from": "remainder", "of": "Energy"},
    {"name": "status", "from": "status"},
]
MATCH = ("item", "granularity", "period_start")
TABLE = "customers_values"
_TYPES = {
    "postgresql": ("varchar(80)", "timestamp", "numeric(18,3)", "numeric(38,12)"),
    "mariadb": ("varchar(80)", "datetime", "decimal(18,3)", "decimal(38,12)"),
    "sqlserver": ("nvarchar(80)", "datetime2(6)", "decimal(18,3)", "decimal(38,12)"),
    "sqlite": ("TEXT", "TEXT", "TEXT", "TEXT"),
}


def layout_of(columns: Sequence[dict[str, Any]] = COLUMNS, into: str | None = TABLE, **changed: Any) -> Layout:
    """One whose rows go into the customer's table."""
    file = LayoutFile.model_validate({"view": "ours", "columns": columns, "match": MATCH} | changed)
    return Layout("ours", file, file.policy.overridden(PolicySettings()), zone_of("+01:00"), into)


def customers_table(dialect: str, table: str = TABLE) -> str:
    """The statement that makes it: with a column of its own, which has a default, and an index."""
    text, time, number, rest = _TYPES[dialect]
    quote = "`" if dialect == "mariadb" else '"'
    return (
        f"CREATE TABLE {table} (id_of_ours integer DEFAULT 7, item {text} NOT NULL, granularity {text} NOT NULL, "
        f"period_start {time} NOT NULL, {quote}Energy{quote} {number}, rest {rest}, status {text} NOT NULL, "
        "CHECK (status <> 'temporary'), UNIQUE (item, granularity, period_start))"
    )


class Projected:
    """A receiver's writer with its place in the feed."""

    def __init__(self, there: ReceiverDatabase, *layouts: Layout, epoch: str = "1") -> None:
        self._place = 0
        self.letters: list[Refused] = []
        self._now = AT
        self.rows = SqlWriter(there.database(), Receiver("vitec", epoch, layouts=layouts), now=self._later)
        self.writer = ProjectingWriter(self.rows, clock=lambda: 0.0)
        opened = self.writer.open(TOPIC, [0, 1])
        self._place = opened.positions[0]

    def _later(self) -> int:
        self._now += 1
        return self._now

    def take(self, points: Points) -> None:
        """Other points; all that follows from them is done."""
        self.writer.take_points(points)
        self.settle()

    def settle(self) -> None:
        """Projects what is still to be projected."""
        self.writer.look()
        assert not self.rows.projections.waiting

    def write(self, *values: MeterValue) -> Written:
        """One batch."""
        place, self._place = self._place, self._place + 1
        rows = [row(each, forms=self.writer.forms) for each in values]
        return self.writer.write(Batch(rows, {0: place, 1: 0}, {0: place + 1, 1: 0}), self._refuse)

    def _refuse(self, refused: Sequence[Refused]) -> list[str]:
        self.letters += refused
        return [f"letter {number}" for number, _ in enumerate(refused)]

    def close(self) -> None:
        self.writer.close()


def with_policy(layout: Layout, **policy: str) -> Layout:
    """The same with another policy."""
    return replace(layout, policy=layout.policy.model_copy(update=policy))


__all__ = ["COLUMNS", "MATCH", "TABLE", "Projected", "customers_table", "layout_of", "with_policy"]
