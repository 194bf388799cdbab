"""The writer of SQL databases: positions by compare-and-set, then rows, in one transaction."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from runtime.errors import MeterstreamError
from runtime.mends import SWITCH
from schemas import instants, keys
from sinks.batch import MANY_REFUSED, PIECE, Batch, Positions, Refused, Row, write_all
from sinks.control import Control
from sinks.database import Database
from sinks.epochs import Epochs
from sinks.layout_views import LayoutViews
from sinks.points.points import Points
from sinks.points.table import PointTable
from sinks.position_table import PositionTable
from sinks.projections.projections import Projections
from sinks.put_back import Judge, PutBackRequests
from sinks.writer import Again, Opened, Pass, Receiver, Refuse, Standing, Topic, Written

log = logging.getLogger(__name__)


class SqlWriter:
    """A :class:`sinks.writer.Writer` over any :class:`sinks.database.Database`."""

    def __init__(self, database: Database, receiver: Receiver, now: Callable[[], int] = instants.now) -> None:
        """Connects to nothing yet."""
        self.forms = database.forms
        self._database = database
        self._receiver = receiver
        self._control = Control(database, receiver)
        self._epochs = Epochs(database, receiver)
        self._positions = PositionTable(database, receiver)
        self._points = PointTable(database)
        self._layouts = LayoutViews(database, receiver.layouts)
        self._requests = PutBackRequests(database, receiver.epoch)
        self.projections = Projections(database, receiver)
        self._now = now
        self._table = ""
        self._topic = Topic("", "", 0)
        self._partitions: Sequence[int] = ()
        self._claimed = False
        self._given = Points([])

    def open(self, topic: Topic, partitions: Sequence[int]) -> Opened:
        """See :class:`sinks.writer.Writer`."""
        self._database.connect()
        try:
            with self._database.transaction():
                self._control.migrate()
                self._table, live = self._epochs.open(topic)
                self._layouts.make()
                self.projections.open(live, topic, partitions)
                if not self._claimed:
                    self._positions.claim(partitions, self._points.generation())
                positions = self._positions.read(partitions)
        except MeterstreamError:
            self._database.close()
            raise
        self._topic, self._partitions, self._claimed = topic, partitions, True
        return Opened(positions, live)

    def take_points(self, points: Points) -> Again:
        """See :class:`sinks.writer.Writer`."""
        with self._database.transaction():
            self._positions.read(self._partitions)  # these are still this worker's
            generation, moved = self._points.take(points)
            self.projections.moved(moved)
            behind = self._positions.behind(self._partitions, generation)
            begun = {known: self._partitions_of(self._points.since(points, known)) for known, _ in behind.values()}
            self._positions.plan(
                {
                    partition: Pass(0, offset, known)
                    for partition, (known, offset) in behind.items()
                    if offset and partition in begun[known]
                }
            )
            self._positions.reach(behind, generation)
            self._given = points
            return self._again()

    def _partitions_of(self, points: Points) -> set[int]:
        return {keys.partition_of(point.metering_point, self._topic.partitions) for point in points}

    def _again(self) -> Again:
        passes = self._positions.passes(self._partitions)
        if not passes:
            return Again({}, Points([]))
        return Again(passes, self._points.since(self._given, min(one.after_generation for one in passes.values())))

    @contextmanager
    def own(self) -> Iterator[None]:
        """A transaction in which the positions are this worker's.

        Raises:
            Transient, Superseded: see :meth:`look`.
        """
        with self._database.transaction():
            self._positions.read(self._partitions)
            yield

    def look(self) -> Positions:
        """See :class:`sinks.writer.Writer`."""
        with self._database.transaction():
            self._epochs.require(self._table)
            return self._positions.read(self._partitions)

    def standing(self) -> Standing:
        """See :class:`sinks.writer.Writer`."""
        with self._database.transaction():
            self._positions.read(self._partitions)
            return Standing(self._control.state(), self._again())

    def put_back(self, judge: Judge, refuse: Refuse) -> Written | None:
        """See :class:`sinks.writer.Writer`."""
        with self._database.transaction():
            self._positions.read(self._partitions)
            records = self._requests.waiting(self._topic.name, self._partitions)
            if not records:
                return None
            rows = judge(records)
            written, refused = self._put(rows, refuse)
            gone = {id(bad.row) for bad in refused}
            self._requests.taken(records, [row for row in rows if id(row) not in gone])
        return Written(written, len(refused))

    def write(self, batch: Batch, refuse: Refuse) -> Written:
        """See :class:`sinks.writer.Writer`."""
        with self._database.transaction():
            # 1. The positions. A worker that was superseded learns it here, before it writes anything; while this
            #    transaction lasts another one waits for these rows.
            self._positions.move(batch.before, batch.after)
            # 2. The rows, but those that the database refuses. If it fails, the positions go back with it.
            # 3. Dead letters of the refused ones, acknowledged before the commit. If it fails, all of it is repeated;
            #    a letter seen twice is one letter.
            most = MANY_REFUSED if len(batch.rows) > PIECE else None
            written, refused = self._put(batch.rows, refuse, most)
            # 4. Commit, at the end of the block. If its answer is lost, the positions tell.
        return Written(written, len(refused))

    def write_again(self, batch: Batch, rewrite: bool, refuse: Refuse) -> Written | None:
        """See :class:`sinks.writer.Writer`."""
        with self._database.transaction():
            self._positions.read(self._partitions)
            if not self._positions.advance(batch.before, batch.after):
                return None
            written, refused = self._put(batch.rows, refuse, rewrite=rewrite)
        return Written(written, len(refused))

    def _put(
        self, rows: Sequence[Row], refuse: Refuse, most: int | None = None, rewrite: bool = False
    ) -> tuple[int, list[Refused]]:
        now = self._now()

        def write(some: Sequence[Row]) -> int:
            return self._database.put(self._table, some, now, rewrite)

        def put(some: Sequence[Row]) -> int:
            return self.projections.put(some, lambda: write(some))

        written, refused = write_all([row for row in rows if row.canary is None], put, most)
        # In the same transaction, but nobody is shown it: it is not projected, and not counted.
        refused += write_all([row for row in rows if row.canary is not None], write, most)[1]
        if refused:
            self._positions.note_refused(refused, refuse(refused), now)
        return written, refused

    def turn_view(self) -> bool:
        """See :class:`sinks.writer.Writer`."""
        with self._database.transaction():
            missing = self._epochs.turn(self._table, self._partitions, self._topic.partitions)
            if not missing:
                self.projections.live()
        about = {"receiver": self._receiver.name, "epoch": self._receiver.epoch}
        if missing:
            log.info(
                "the view stays: %d of its series or partitions are not there yet; or: %s", missing, SWITCH, extra=about
            )
        else:
            log.info("the view shows this epoch", extra=about)
        return not missing

    def close(self) -> None:
        """See :class:`sinks.writer.Writer`."""
        self._database.close()
