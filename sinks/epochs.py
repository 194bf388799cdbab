"""The generations of topics in a receiver's database, and which of them its view shows. All within a transaction."""

from collections.abc import Sequence

from runtime.errors import ConfigError, PositionError, Transient
from runtime.mends import NEW_EPOCH, REFILL
from sinks.columns import behind, rows_table
from sinks.database import Database
from sinks.writer import Receiver, Topic


class Epochs:
    """The epochs of one receiver, as one worker of one epoch sees them."""

    def __init__(self, database: Database, receiver: Receiver) -> None:
        """``database``: connected, its tables migrated."""
        self._database = database
        self._receiver = receiver
        self._epoch = receiver.epoch

    def open(self, topic: Topic) -> tuple[str, bool]:
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
            # Dropped together with a table that is there again; or left behind by a switch that was cut off.
            if live and not self._database.shows(table):
                self._show(table)
            return str(table), bool(live)
        table = rows_table(self._epoch)
        first = not execute("SELECT 1 FROM epochs WHERE live = ?", [True])
        execute(self._database.create_table(table))
        execute(
            "INSERT INTO epochs (epoch, topic_id, rows_table, live, wanted) VALUES (?, ?, ?, ?, ?)",
            [self._epoch, topic.id, table, first, False],
        )
        if first:
            self._show(table)
        return table, first

    def make_again(self) -> None:
        """A table that is gone is made anew, and what is shown is shown again.

        Raises:
            ConfigError: the receiver has nothing of this epoch.
        """
        table, live = self._known()
        if not self._database.has_table(table):
            self._database.execute(self._database.create_table(table))
        if live:
            self._show(table)

    def want(self) -> None:
        """This epoch is to be shown although it knows less of some series.

        Raises:
            ConfigError: the receiver has nothing of this epoch.
        """
        self._known()
        self._database.execute("UPDATE epochs SET wanted = ? WHERE epoch = ?", [True, self._epoch])

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

    def turn(self, table: str, partitions: Sequence[int], count: int) -> int:
        """Marks partitions as filled; with the last of ``count`` the view shows this epoch, unless it knows less.

        Returns:
            What is missing before it is shown: series of which the view knows newer readings than this epoch's table,
            or partitions that are not filled. 0: it is shown now.
        """
        execute = self._database.execute
        self._database.lock_tables()
        self._database.change(
            "UPDATE positions SET filled = ? WHERE epoch = ? AND topic_partition = ?",
            [[True, self._epoch, partition] for partition in partitions],
        )
        ((filled,),) = execute("SELECT count(*) FROM positions WHERE epoch = ? AND filled = ?", [self._epoch, True])
        if filled < count:
            return int(count - filled)
        shown = execute("SELECT rows_table FROM epochs WHERE live = ?", [True])
        ((wanted,),) = execute("SELECT wanted FROM epochs WHERE epoch = ?", [self._epoch])
        if shown and not wanted and self._database.has_table(shown[0][0]):
            ((missing,),) = execute(behind(table, than=shown[0][0]))
            if missing:
                return int(missing)
        self._show(table)
        execute("UPDATE epochs SET live = ?, wanted = ? WHERE epoch <> ?", [False, False, self._epoch])
        execute("UPDATE epochs SET live = ?, wanted = ? WHERE epoch = ?", [True, False, self._epoch])
        return 0
