"""Metering points whose rows are still to be projected: after a first start, and whenever what is shown has changed.

They stand in the receiver's database, so that a worker that is killed goes on where it was. Every call is within a
transaction.
"""

from collections.abc import Iterable, Sequence

from schemas.keys import partition_of
from sinks.database import Database


class Queue:
    """Of one projection, as far as one worker's partitions go. ``ledger``: which."""

    def __init__(self, database: Database, ledger: str) -> None:
        """``database``: connected, its tables migrated; before :meth:`read` nothing waits."""
        self._database = database
        self._ledger = ledger
        self._waiting: list[str] = []
        self._partitions: frozenset[int] = frozenset()

    @property
    def waiting(self) -> Sequence[str]:
        """Those of this worker, in the order in which they are taken."""
        return self._waiting

    def read(self, partitions: Iterable[int]) -> None:
        """What waits in these partitions; what was refused is tried again with it."""
        self._partitions = frozenset(partitions)
        self._database.execute(
            "UPDATE unprojected SET reason = ? WHERE ledger = ? AND reason IS NOT NULL", [None, self._ledger]
        )
        self.look()

    def look(self) -> None:
        """What waits now: another worker may have added to it."""
        found = self._database.execute(
            "SELECT metering_point, topic_partition FROM unprojected WHERE ledger = ? AND reason IS NULL",
            [self._ledger],
        )
        self._waiting = sorted(point for point, partition in found if partition in self._partitions)

    def add(self, points: Iterable[str], count: int, partitions: Iterable[int]) -> None:
        """These are to be projected, as far as they are of some partitions.

        Args:
            points: metering points.
            count: of the topic's partitions.
            partitions: some of them.
        """
        wanted = frozenset(partitions)
        there = {
            point
            for (point,) in self._database.execute(
                "SELECT metering_point FROM unprojected WHERE ledger = ?", [self._ledger]
            )
        }
        new = ((point, partition_of(point, count)) for point in sorted(set(points) - there))
        self._database.fill(
            "unprojected",
            ["ledger", "metering_point", "topic_partition"],
            [[self._ledger, point, partition] for point, partition in new if partition in wanted],
        )
        self.read(self._partitions)

    def done(self, points: Sequence[str]) -> None:
        """These, the first that wait, are projected."""
        self._database.change(
            "DELETE FROM unprojected WHERE ledger = ? AND metering_point = ?", [[self._ledger, each] for each in points]
        )
        self._waiting = self._waiting[len(points) :]

    def refused(self, point: str, reason: str) -> None:
        """The customer's table refuses the rows of the first that waits; it is tried again at the next start."""
        self._database.execute(
            "UPDATE unprojected SET reason = ? WHERE ledger = ? AND metering_point = ?", [reason, self._ledger, point]
        )
        self._waiting = self._waiting[1:]

    def forget(self) -> None:
        """Nothing waits any more."""
        self._database.execute("DELETE FROM unprojected WHERE ledger = ?", [self._ledger])
        self._waiting = []
