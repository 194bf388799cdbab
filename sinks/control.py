"""A receiver's control tables: whose they are, epochs, positions, refused rows. All calls are within a transaction."""

import secrets
from collections.abc import Sequence

from runtime.errors import ConfigError, PositionError, Superseded, Transient
from runtime.mends import NEW_EPOCH, REFILL
from schemas import instants
from sinks.batch import Positions, Refused
from sinks.columns import VIEW, behind, rows_table
from sinks.database import Database
from sinks.migrations import statements
from sinks.writer import Receiver, Topic


class Control:
    """The control tables of one receiver, as one worker of one epoch sees them."""

    def __init__(self, database: Database, receiver: Receiver) -> None:
        """``receiver``: whose tables they must be."""
        self._database = database
        self._receiver = receiver
        self._epoch = receiver.epoch
        self._worker = secrets.token_hex(8)

    def migrate(self) -> None:
        """Makes the control tables, or brings them up to this release.

        Raises:
            ConfigError: they are of a newer release, or another receiver's.
        """
        database = self._database
        database.lock_tables()
        if not database.has_table("schema_version"):
            database.execute("CREATE TABLE schema_version (version integer PRIMARY KEY)")
        ((version,),) = database.execute("SELECT coalesce(max(version), 0) FROM schema_version")
        if version > len(database.migrations):
            raise ConfigError(
                [
                    f"receivers.{self._receiver.name}: its tables are of a newer release (version {version}); "
                    "run that one"
                ]
            )
        for number, step in enumerate(database.migrations[version:], version + 1):
            for statement in statements(step):
                database.execute(statement)
            database.execute("INSERT INTO schema_version VALUES (?)", [number])
        self._claim()

    def _claim(self) -> None:
        execute, name = self._database.execute, self._receiver.name
        owners = [owner for (owner,) in execute("SELECT name FROM receiver")]
        if not owners:
            execute("INSERT INTO receiver VALUES (?)", [name])
        elif owners != [name]:
            raise ConfigError(
                [
                    f"receivers.{name}: the tables there belong to receiver {owners[0]}; give each receiver its own "
                    "(another database, database_schema or path)"
                ]
            )

    def open_epoch(self, topic: Topic) -> tuple[str, bool]:
        """The epoch's rows table, made where it is missing, and whether it is live. The first one is at once.

        Raises:
            PositionError: the topic is another than the one the stored positions are of.
            Transient: the rows table is gone. Made anew and empty it would contradict the positions.
        """
        execute = self._database.execute
        found = execute("SELECT topic_id, rows_table, live FROM epochs WHERE epoch = ?", [self._epoch])
        if found:
            topic_id, table, live = found[0]
            if topic_id != topic.id:
                raise PositionError(
                    f"topic {topic.name} was made anew since receiver {self._receiver.name} read it: its positions "
                    f"mean nothing there; {NEW_EPOCH}"
                )
            self.require(table)
            if live and not self._database.has_table(VIEW):  # dropped together with a table that is there again
                self._show(table)
            return str(table), bool(live)
        table = rows_table(self._epoch)
        first = not execute("SELECT 1 FROM epochs WHERE live")
        execute(self._database.create_table(table))
        execute(
            "INSERT INTO epochs (epoch, topic_id, rows_table, live) VALUES (?, ?, ?, ?)",
            [self._epoch, topic.id, table, first],
        )
        if first:
            self._show(table)
        return table, first

    def set_back(self) -> None:
        """The positions of this epoch go back to the start and are nobody's; a table that is gone is made anew.

        Raises:
            ConfigError: the receiver has nothing of this epoch.
        """
        table, live = self._known()
        if not self._database.has_table(table):
            self._database.execute(self._database.create_table(table))
        if live:
            self._show(table)
        own = [[self._epoch]]
        self._database.change("UPDATE positions SET next_offset = 0, filled = FALSE, worker = '' WHERE epoch = ?", own)
        self._database.change("DELETE FROM refused_rows WHERE epoch = ?", own)  # those still refused are noted again

    def want(self) -> None:
        """This epoch is to be shown although it knows less of some series.

        Raises:
            ConfigError: the receiver has nothing of this epoch.
        """
        self._known()
        self._database.execute("UPDATE epochs SET wanted = TRUE WHERE epoch = ?", [self._epoch])

    def _known(self) -> tuple[str, bool]:
        found = self._database.execute("SELECT rows_table, live FROM epochs WHERE epoch = ?", [self._epoch])
        if not found:
            raise ConfigError(
                [f"receivers.{self._receiver.name}: it has nothing of epoch {self._epoch}; start its worker"]
            )
        ((table, live),) = found
        return str(table), bool(live)

    def _show(self, table: str) -> None:
        for statement in self._database.show(table):
            self._database.execute(statement)

    def require(self, table: str) -> None:
        """The rows table is there.

        Raises:
            Transient: it is not; the message says what to do.
        """
        if not self._database.has_table(table):
            raise Transient(
                f"receiver {self._receiver.name}: its table {table} is gone although its positions say what is in it; "
                f"bring it back, or: {REFILL}"
            )

    def claim(self, partitions: Sequence[int]) -> bool:
        """Makes these positions this worker's own; whether they were set back to the start for other points."""
        new = [[self._epoch, partition, 0, self._receiver.points, False] for partition in partitions]
        self._database.change(
            "INSERT INTO positions (epoch, topic_partition, next_offset, points, filled) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            new,
        )
        self._database.change(
            "UPDATE positions SET worker = ? WHERE epoch = ? AND topic_partition = ?",
            [[self._worker, self._epoch, partition] for partition in partitions],
        )
        back = self._database.change(
            "UPDATE positions SET next_offset = 0, filled = FALSE, points = ? "
            "WHERE epoch = ? AND topic_partition = ? AND points <> ?",
            [[self._receiver.points, self._epoch, partition, self._receiver.points] for partition in partitions],
        )
        return back > 0

    def positions(self, partitions: Sequence[int]) -> Positions:
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

    def record(self, refused: Sequence[Refused], letters: Sequence[str], now: int) -> None:
        """Notes refused rows beside their dead letters."""
        self._database.change(
            "INSERT INTO refused_rows VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [
                [self._epoch, row.record.partition, row.record.offset, letter, reason, instants.to_text(now)]
                for (row, reason), letter in zip(refused, letters, strict=True)
            ],
        )

    def go_live(self, table: str, partitions: Sequence[int], count: int) -> int:
        """Marks partitions as filled; with the last of ``count`` the view shows this epoch, unless it knows less.

        Returns:
            What is missing before it is shown: series of which the view knows newer readings than this epoch's table,
            or partitions that are not filled. 0: it is shown now.
        """
        execute = self._database.execute
        self._database.lock_tables()
        self._database.change(
            "UPDATE positions SET filled = TRUE WHERE epoch = ? AND topic_partition = ?",
            [[self._epoch, partition] for partition in partitions],
        )
        ((filled,),) = execute("SELECT count(*) FROM positions WHERE epoch = ? AND filled", [self._epoch])
        if filled < count:
            return int(count - filled)
        shown = execute("SELECT rows_table FROM epochs WHERE live")
        ((wanted,),) = execute("SELECT wanted FROM epochs WHERE epoch = ?", [self._epoch])
        if shown and not wanted and self._database.has_table(shown[0][0]):
            ((missing,),) = execute(behind(table, than=shown[0][0]))
            if missing:
                return int(missing)
        self._show(table)
        execute("UPDATE epochs SET live = (epoch = ?), wanted = FALSE", [self._epoch])
        return 0
