"""Where a receiver stands in the values topic, and whose place that is. All calls are within a transaction."""

import secrets
from collections.abc import Iterable, Mapping, Sequence

from runtime.errors import Superseded
from schemas import instants
from sinks.batch import Positions, Refused
from sinks.database import Database
from sinks.writer import Pass, Receiver


class PositionTable:
    """The positions of one receiver, as one worker of one epoch sees them; and its passes."""

    def __init__(self, database: Database, receiver: Receiver) -> None:
        """``database``: connected, its tables migrated."""
        self._database = database
        self._receiver = receiver
        self._epoch = receiver.epoch
        self._worker = secrets.token_hex(8)

    def claim(self, partitions: Sequence[int], generation: int) -> None:
        """Makes these positions this worker's own; new ones stand at the start, for points of that generation."""
        found = self._database.execute("SELECT topic_partition FROM positions WHERE epoch = ?", [self._epoch])
        new = {*partitions} - {partition for (partition,) in found}
        self._database.change(
            "INSERT INTO positions (epoch, topic_partition, next_offset, points, filled, worker, generation) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [[self._epoch, partition, 0, "", False, "", generation] for partition in sorted(new)],
        )
        self._database.change(
            "UPDATE positions SET worker = ? WHERE epoch = ? AND topic_partition = ?",
            [[self._worker, self._epoch, partition] for partition in partitions],
        )

    def read(self, partitions: Sequence[int]) -> Positions:
        """Where these partitions stand.

        Raises:
            Superseded: they are no longer this worker's.
        """
        found = self._database.execute(
            "SELECT topic_partition, next_offset FROM positions WHERE epoch = ? AND worker = ?",
            [self._epoch, self._worker],
        )
        stored = {partition: offset for partition, offset in found if partition in partitions}
        if len(stored) != len(partitions):
            raise Superseded(
                f"another worker writes receiver {self._receiver.name}: {len(partitions) - len(stored)} of "
                f"{len(partitions)} positions are no longer this one's. Run one worker per receiver and share. "
                "After a backup was restored, or a refill: start it again, it goes on where they stand"
            )
        return stored

    def all(self) -> Positions:
        """Where every partition stands, whoever's it is."""
        return dict(
            self._database.execute("SELECT topic_partition, next_offset FROM positions WHERE epoch = ?", [self._epoch])
        )

    def move(self, before: Positions, after: Positions) -> None:
        """Compare-and-set: this worker's positions go from what it knows to what it has read.

        Raises:
            Superseded: they are not what this worker left.
        """
        moved = [
            [after[partition], self._epoch, partition, before[partition], self._worker]
            for partition in sorted(after)
            if after[partition] != before[partition]
        ]
        touched = self._database.change(
            "UPDATE positions SET next_offset = ? "
            "WHERE epoch = ? AND topic_partition = ? AND next_offset = ? AND worker = ?",
            moved,
        )
        if touched != len(moved):
            raise Superseded(
                f"another worker writes receiver {self._receiver.name}: {len(moved) - touched} of {len(moved)} "
                "positions are not what this one left. Run one worker per receiver and share"
            )

    def set_back(self, generation: int) -> None:
        """The positions of this epoch go back to the start and are nobody's; nothing is left to a pass."""
        own = [self._epoch]
        self._database.execute(
            "UPDATE positions SET next_offset = ?, filled = ?, worker = ?, generation = ? WHERE epoch = ?",
            [0, False, "", generation, *own],
        )
        self._database.execute("DELETE FROM passes WHERE epoch = ?", own)
        self._database.execute("DELETE FROM refused_rows WHERE epoch = ?", own)  # those still refused are noted again

    def behind(self, partitions: Sequence[int], generation: int) -> Mapping[int, tuple[int, int]]:
        """By partition whose place is for points of an earlier generation: that one, and the next offset."""
        found = self._database.execute(
            "SELECT topic_partition, generation, next_offset FROM positions WHERE epoch = ? AND generation < ?",
            [self._epoch, generation],
        )
        return {partition: (known, offset) for partition, known, offset in found if partition in partitions}

    def reach(self, partitions: Iterable[int], generation: int) -> None:
        """The live feed, and the passes, are for points of this generation now."""
        self._database.change(
            "UPDATE positions SET generation = ? WHERE epoch = ? AND topic_partition = ?",
            [[generation, self._epoch, partition] for partition in partitions],
        )

    def passes(self, partitions: Sequence[int]) -> Mapping[int, Pass]:
        """What is to be read again, by partition."""
        found = self._database.execute(
            "SELECT topic_partition, next_offset, end_offset, after_generation, rewrite FROM passes "
            "WHERE epoch = ? AND next_offset < end_offset",
            [self._epoch],
        )
        return {
            partition: Pass(offset, end, after, bool(rewrite))
            for partition, offset, end, after, rewrite in found
            if partition in partitions
        }

    def plan(self, passes: Mapping[int, Pass]) -> None:
        """Has some partitions read again; together with what is to be read again of them already."""
        under_way = self.passes([*passes])
        whole = {
            partition: new.with_(under_way[partition]) if partition in under_way else new
            for partition, new in passes.items()
        }
        self._database.change(
            "DELETE FROM passes WHERE epoch = ? AND topic_partition = ?",
            [[self._epoch, partition] for partition in whole],
        )
        self._database.change(
            "INSERT INTO passes (epoch, topic_partition, next_offset, end_offset, after_generation, rewrite) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [
                [self._epoch, partition, one.next_offset, one.end_offset, one.after_generation, one.rewrite]
                for partition, one in whole.items()
            ],
        )

    def advance(self, before: Positions, after: Positions) -> bool:
        """Compare-and-set of passes. False: they stand there already, since the answer to an earlier try was lost.

        Raises:
            Superseded: they are neither before nor after.
        """
        moved = sorted(partition for partition in after if after[partition] != before[partition])
        touched = self._database.change(
            "UPDATE passes SET next_offset = ? WHERE epoch = ? AND topic_partition = ? AND next_offset = ?",
            [[after[partition], self._epoch, partition, before[partition]] for partition in moved],
        )
        if touched == len(moved):
            return True
        found = self._database.execute("SELECT topic_partition, next_offset FROM passes WHERE epoch = ?", [self._epoch])
        if touched == 0 and {partition: offset for partition, offset in found if partition in after} == dict(after):
            return False
        raise Superseded(f"somebody has changed what receiver {self._receiver.name} reads again; start it again")

    def note_refused(self, refused: Sequence[Refused], letters: Sequence[str], now: int) -> None:
        """Notes refused rows beside their dead letters."""
        places = [[self._epoch, row.record.partition, row.record.offset] for row, _ in refused]
        self._database.change(
            "DELETE FROM refused_rows WHERE epoch = ? AND topic_partition = ? AND record_offset = ?", places
        )
        self._database.change(
            "INSERT INTO refused_rows (epoch, topic_partition, record_offset, dead_letter_id, reason, refused_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [
                [*place, letter, reason, instants.to_text(now)]
                for place, (_, reason), letter in zip(places, refused, letters, strict=True)
            ],
        )
