"""The writer of SQL databases: positions by compare-and-set, then rows, in one transaction."""

import logging
from collections.abc import Callable, Sequence

from runtime.errors import MeterstreamError
from runtime.mends import SWITCH
from schemas import instants
from sinks.batch import MANY_REFUSED, PIECE, Batch, Positions, Refused, Row, write_all
from sinks.control import Control
from sinks.database import Database
from sinks.put_back import Judge, PutBackRequests
from sinks.writer import Opened, Receiver, Refuse, Topic, Written

log = logging.getLogger(__name__)


class SqlWriter:
    """A :class:`sinks.writer.Writer` over any :class:`sinks.database.Database`."""

    def __init__(self, database: Database, receiver: Receiver, now: Callable[[], int] = instants.now) -> None:
        """Connects to nothing yet."""
        self.forms = database.forms
        self._database = database
        self._receiver = receiver
        self._control = Control(database, receiver)
        self._requests = PutBackRequests(database, receiver.epoch)
        self._now = now
        self._table = ""
        self._topic = ""
        self._partitions: Sequence[int] = ()
        self._count = 0
        self._claimed = False

    def open(self, topic: Topic, partitions: Sequence[int]) -> Opened:
        """See :class:`sinks.writer.Writer`."""
        self._database.connect()
        try:
            with self._database.transaction():
                self._control.migrate()
                self._table, live = self._control.open_epoch(topic)
                back = not self._claimed and self._control.claim(partitions)
                positions = self._control.positions(partitions)
        except MeterstreamError:
            self._database.close()
            raise
        self._topic = topic.name
        self._partitions, self._count, self._claimed = partitions, topic.partitions, True
        if back:
            log.warning(
                "the points have changed: the values are read again from their start, rows that stay the same are kept",
                extra={"receiver": self._receiver.name},
            )
        return Opened(positions, live)

    def look(self) -> Positions:
        """See :class:`sinks.writer.Writer`."""
        with self._database.transaction():
            self._control.require(self._table)
            return self._control.positions(self._partitions)

    def put_back(self, judge: Judge, refuse: Refuse) -> Written | None:
        """See :class:`sinks.writer.Writer`."""
        with self._database.transaction():
            self._control.positions(self._partitions)  # these are still this worker's
            records = self._requests.waiting(self._topic, self._partitions)
            if not records:
                return None
            rows = judge(records)
            written, refused = self._put(rows, refuse, self._now())
            gone = {id(bad.row) for bad in refused}
            self._requests.taken(records, [row for row in rows if id(row) not in gone])
        return Written(written, len(refused))

    def write(self, batch: Batch, refuse: Refuse) -> Written:
        """See :class:`sinks.writer.Writer`."""
        with self._database.transaction():
            # 1. The positions. A worker that was superseded learns it here, before it writes anything; while this
            #    transaction lasts another one waits for these rows.
            self._control.move(batch.before, batch.after)
            # 2. The rows, but those that the database refuses. If it fails, the positions go back with it.
            # 3. Dead letters of the refused ones, acknowledged before the commit. If it fails, all of it is repeated;
            #    a letter seen twice is one letter.
            most = MANY_REFUSED if len(batch.rows) > PIECE else None
            written, refused = self._put(batch.rows, refuse, self._now(), most)
            # 4. Commit, at the end of the block. If its answer is lost, the positions tell.
        return Written(written, len(refused))

    def _put(self, rows: Sequence[Row], refuse: Refuse, now: int, most: int | None = None) -> tuple[int, list[Refused]]:
        written, refused = write_all(rows, lambda some: self._database.put(self._table, some, now), most)
        if refused:
            self._control.record(refused, refuse(refused), now)
        return written, refused

    def go_live(self) -> bool:
        """See :class:`sinks.writer.Writer`."""
        with self._database.transaction():
            missing = self._control.go_live(self._table, self._partitions, self._count)
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
