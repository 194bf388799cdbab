"""All projections of a receiver's stage, in the hands of its writer. Every call is within a transaction."""

import logging
from collections.abc import Callable, Iterable, Sequence

from runtime.errors import Transient
from sinks.batch import Row, RowsRefused
from sinks.database import Database
from sinks.projections.fitness import fitness
from sinks.projections.projection import Projection, projections_of
from sinks.projections.projector import Projector
from sinks.projections.queue import Queue
from sinks.projections.touched import Touched
from sinks.writer import Receiver, Topic

log = logging.getLogger(__name__)

FIRST, MOST = 16, 4_096
"""Metering points that are projected in one transaction: at first, and at most."""


class Projections:
    """What a batch touches is projected with it; all else point by point, between batches.

    Only the values of the live epoch are shown, so only they are projected.
    """

    def __init__(self, database: Database, receiver: Receiver) -> None:
        """``database``: not yet connected."""
        self._database = database
        self._receiver = receiver
        self._touched = Touched(database)
        self._each = [
            (Projector(database, projection, self._touched.places, number), Queue(database, projection.ledger))
            for number, projection in enumerate(projections_of(receiver.layouts))
        ]
        self._live = False
        self._topic = Topic("", "", 0)
        self._partitions: Sequence[int] = ()
        self._size = FIRST

    def open(self, live: bool, topic: Topic, partitions: Sequence[int]) -> None:
        """Makes what is needed in a new connection, and finds out what is to be projected again.

        Raises:
            Transient: a customer's table is not as it must be; the message says what to do.
        """
        self._live, self._topic, self._partitions = live, topic, partitions
        self._forget_others()
        if self._each:
            self._touched.make()
        for projector, queue in self._each:
            self._require_fit(projector.projection)
            projector.make()
            self._take_up(projector.projection, queue)

    def live(self) -> None:
        """The receiver shows this epoch now."""
        self._live = True
        for projector, queue in self._each:
            self._take_up(projector.projection, queue)

    def moved(self, points: Iterable[str]) -> None:
        """Of these metering points layouts show something else now, or may do so."""
        wanted = list(points)
        for _, queue in self._each if wanted else ():
            queue.add(wanted, self._topic.partitions, range(self._topic.partitions))

    def put(self, rows: Sequence[Row], put: Callable[[], int]) -> int:
        """Writes rows, and projects what that changes; all or none.

        Args:
            rows: of different identities.
            put: writes them, and says how many made a difference.

        Raises:
            RowsRefused: the receiver's database refuses one of them, or the customer's table what is shown of it.
        """
        if not self._live or not self._each:
            return put()
        with self._database.refusable("before_projection"):
            self._touched.take_keys(rows)
            written = put()
            if written:
                self._touched.note_periods()
                self._touched.remember_series()
                for projector, _ in self._each:
                    projector.run()
        return written

    @property
    def waiting(self) -> int:
        """Metering points that are still to be projected."""
        return sum(len(queue.waiting) for _, queue in self._each) if self._live else 0

    def look(self) -> None:
        """Finds what other workers have added, where nothing waits."""
        for _, queue in self._each if not self.waiting else ():
            queue.look()

    def go_on(self) -> bool:
        """Projects some of the metering points that wait; false: a row of theirs is refused, so fewer are next."""
        for projector, queue in self._each:
            if queue.waiting:
                return self._project(projector, queue, queue.waiting[: self._size])
        return True

    def resize(self, factor: float) -> None:
        """So many times as many metering points at once."""
        self._size = min(MOST, max(1, int(self._size * factor)))

    def _project(self, projector: Projector, queue: Queue, points: Sequence[str]) -> bool:
        size, self._size = self._size, max(1, len(points) // 4)  # so many are next where a statement takes too long
        try:
            with self._database.refusable("before_projection"):
                self._touched.take_points(points)
                self._touched.add_places(projector.projection.ledger)
                self._touched.remember_series()
                projector.run()
        except RowsRefused as refused:
            if len(points) > 1:
                self._size = len(points) // 2  # or where a row is refused: whose they are is found by halving
                return False
            queue.refused(points[0], refused.reason)
            log.error(  # noqa: TRY400 - the trace says nothing
                "the table %s refuses the rows of a metering point: %s; mend it, and start the worker again",
                projector.projection.table,
                refused.reason,
                extra={"receiver": self._receiver.name},
            )
        else:
            queue.done(points)
            if not queue.waiting:
                log.info("all is projected", extra=self._about(projector.projection))
        self._size = size
        return True

    def _take_up(self, projection: Projection, queue: Queue) -> None:
        """Where partitions were projected as something else, all of their points are to be projected again."""
        if not self._live:
            return
        wanted = projection.fingerprint(self._receiver.epoch)
        found = self._database.execute(
            "SELECT topic_partition, fingerprint FROM projected WHERE ledger = ?", [projection.ledger]
        )
        behind = [number for number in self._partitions if dict(found).get(number) != wanted]
        queue.read(self._partitions)
        if behind:
            queue.add(self._points(), self._topic.partitions, behind)
            keys = [[projection.ledger, number] for number in behind]
            self._database.change("DELETE FROM projected WHERE ledger = ? AND topic_partition = ?", keys)
            self._database.change(
                "INSERT INTO projected (ledger, topic_partition, fingerprint) VALUES (?, ?, ?)",
                [[*key, wanted] for key in keys],
            )
            log.info("all is projected again", extra=self._about(projection) | {"points": len(queue.waiting)})

    def _points(self) -> set[str]:
        """All metering points of which something may be shown, or was."""
        found = self._database.execute("SELECT metering_point FROM points")
        return {point for (point,) in found + self._database.execute("SELECT metering_point FROM known_series")}

    def _forget_others(self) -> None:
        """Tables that the settings name no longer stay as they are; what was noted of them is dropped."""
        ours = {projector.projection.ledger for projector, _ in self._each}
        for (ledger,) in self._database.execute("SELECT DISTINCT ledger FROM projected"):
            if ledger not in ours:
                Queue(self._database, ledger).forget()
                self._database.execute("DELETE FROM projected WHERE ledger = ?", [ledger])
                if self._database.has_table(ledger):
                    self._database.execute(f"DROP TABLE {ledger}")
                log.warning(
                    "a layout goes into another table now, or is found there by other columns: what it had put where "
                    "it went before stays there",
                    extra={"receiver": self._receiver.name, "ledger": ledger},
                )

    def _require_fit(self, projection: Projection) -> None:
        problems = [each.seen for each in fitness(self._database, projection) if each.verdict == "problem"]
        if problems:
            raise Transient(
                f"receiver {self._receiver.name}: table {projection.table} cannot take layout "
                f"{projection.layout.name}: {'; '.join(problems)}; `meterstream receivers check` says what to do"
            )

    def _about(self, projection: Projection) -> dict[str, object]:
        return {"receiver": self._receiver.name, "layout": projection.layout.name, "table": projection.table}


def forget_projected(database: Database) -> None:
    """At its next start a worker projects everything again."""
    database.execute("DELETE FROM projected")
